// fieldkms completion bash|zsh|fish
#include <unistd.h>

#include <string>

#include "clients/cli/commands.h"
#include "clients/cli/completion.h"
#include "clients/cli/output.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

struct Shell {
  const char* name;
  const char* description;
  std::string (*script)(const std::vector<CompletionNode>&);
};

constexpr Shell kShells[] = {
    {"bash", "For bash: source <(fieldkms completion bash)", BashCompletion},
    {"zsh", "For zsh: source <(fieldkms completion zsh)", ZshCompletion},
    {"fish", "For fish: fieldkms completion fish | source", FishCompletion},
};

}  // namespace

void AddCompletionCommands(CLI::App* app, Session* session) {
  CLI::App* const group = app->add_subcommand("completion", "Print a completion script");
  group->require_subcommand(1, 1);
  for (const Shell& shell : kShells) {
    CLI::App* const command = group->add_subcommand(shell.name, shell.description);
    session->Bind(command, [app, &shell]() -> absl::StatusOr<ExitCode> {
      const std::string script = shell.script(CompletionNodes(*app));
      FIELDKMS_RETURN_IF_ERROR(WriteAll(STDOUT_FILENO, AsBytes(script)));
      return ExitCode::kOk;
    });
  }
}

}  // namespace fieldkms
