#include "clients/cli/audit_args.h"

#include <CLI/Option.hpp>

#include "crypto/status.h"
#include "kms/audit/trail_files.h"

namespace fieldkms {
namespace {

constexpr size_t kMaxKeyFile = 4'096;

}  // namespace

void AddTrailOption(CLI::App* command, TrailArguments* arguments) {
  command
      ->add_option("--trail", arguments->trail,
                   "The trail: the service's audit.file; its other files lie beside it")
      ->envname("FIELDKMS_AUDIT_TRAIL")
      ->type_name("FILE")
      ->required();
}

void AddOptionalTrailOption(CLI::App* command, TrailArguments* arguments) {
  command
      ->add_option("--trail", arguments->trail,
                   "Read the files of this trail (the service's audit.file) instead of asking the "
                   "service, which takes the right audit.read")
      ->envname("FIELDKMS_AUDIT_TRAIL")
      ->type_name("FILE");
}

void AddVerifierKeyOption(CLI::App* command, TrailArguments* arguments) {
  command
      ->add_option("--key", arguments->key,
                   "The trail's verifier key, or @FILE with it, as somebody kept it elsewhere; by "
                   "default the one that lies beside the trail, which its writers can replace")
      ->type_name("KEY");
}

absl::StatusOr<NoteVerifier> VerifierOf(const TrailArguments& arguments) {
  std::string text = arguments.key;
  if (text.empty() || text.front() == '@') {
    const std::string file = text.empty() ? VerifierKeyPath(arguments.trail) : text.substr(1);
    FIELDKMS_ASSIGN_OR_RETURN(text, ReadSmallFile(file, kMaxKeyFile));
    if (!text.empty() && text.back() == '\n') text.pop_back();
  }
  auto verifier = NoteVerifier::Parse(text);
  if (!verifier.ok()) return InvalidField("key", "it is no verifier key of an audit trail");
  return verifier;
}

}  // namespace fieldkms
