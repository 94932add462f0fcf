// What a person at a terminal sees: the prompt, completion; and what other users
// of the machine must not.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "clients/cli/commands.h"
#include "clients/cli/completion.h"
#include "tests/integration/cli/cli_fixture.h"
#include "tests/integration/cli/on_terminal.h"

namespace fieldkms::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kPrompt[] = "Value (not shown): ";

class CliTerminalTest : public CliTest {
 protected:
  const std::vector<std::string> encrypt_ = {"encrypt", "--tenant", "acme", "--key",
                                             "customers.email"};
};

TEST_F(CliTerminalTest, PromptsWithoutEcho) {
  OnTerminal terminal(daemon().target(), encrypt_);
  EXPECT_THAT(terminal.ReadUntil(kPrompt), HasSubstr(kPrompt));
  EXPECT_FALSE(terminal.Echoes());
  terminal.Type("top secret\n");
  const std::string shown = terminal.ReadAll();
  const int status = terminal.Wait();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_TRUE(terminal.Echoes());
  EXPECT_THAT(shown, Not(HasSubstr("top secret")));
  const size_t begin = shown.find("fk1.");
  ASSERT_NE(begin, std::string::npos) << shown;
  const std::string ciphertext = shown.substr(begin, shown.find('\r', begin) - begin);
  EXPECT_EQ(Cli({"decrypt", "--tenant", "acme", ciphertext}).out, "top secret");
}

TEST_F(CliTerminalTest, AnInterruptedPromptRestoresTheEcho) {
  OnTerminal terminal(daemon().target(), encrypt_);
  terminal.ReadUntil(kPrompt);
  terminal.Type("half a sec\x03");
  const int status = terminal.Wait();
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
  EXPECT_TRUE(terminal.Echoes());
}

TEST_F(CliTerminalTest, BinaryIsNotForTerminals) {
  std::vector<std::string> arguments = encrypt_;
  arguments.push_back("--binary");
  OnTerminal terminal(daemon().target(), arguments);
  EXPECT_THAT(terminal.ReadAll(), HasSubstr("not for a terminal"));
  EXPECT_EQ(WEXITSTATUS(terminal.Wait()), 2);
}

TEST_F(CliTerminalTest, DrawsABarOnATerminal) {
  const TempDir dir;
  WriteFile(dir.File("in"), "one\ntwo\n");
  std::vector<std::string> arguments = encrypt_;
  for (const std::string& more : {std::string("--lines"), std::string("--in"), dir.File("in"),
                                  std::string("--out"), dir.File("out")}) {
    arguments.push_back(more);
  }
  OnTerminal terminal(daemon().target(), arguments);
  EXPECT_THAT(terminal.ReadAll(), HasSubstr("[####################] 100%  2 lines"));
  EXPECT_EQ(WEXITSTATUS(terminal.Wait()), 0);
}

TEST_F(CliTerminalTest, DestructionAsksForTheKeysName) {
  const std::string name = "asked.key";
  ASSERT_EQ(Cli({"key", "create", name, "--tenant", "acme"}).code, 0);
  const std::vector<std::string> destroy = {"key",      "destroy", name,
                                            "--tenant", "acme",    "--whole-key"};
  const auto state = [&] {
    const Run run = Cli({"key", "versions", name, "--tenant", "acme", "--json"});
    return std::string(Parsed(run.out)["versions"][0]["state"]);
  };
  {
    OnTerminal terminal(daemon().target(), destroy);
    EXPECT_THAT(terminal.ReadUntil("to go on: "), HasSubstr("never be read again"));
    EXPECT_TRUE(terminal.Echoes());
    terminal.Type("yes\n");
    EXPECT_THAT(terminal.ReadAll(), HasSubstr("nothing was done"));
    EXPECT_EQ(WEXITSTATUS(terminal.Wait()), 2);
    EXPECT_EQ(state(), "ENABLED");
  }
  OnTerminal terminal(daemon().target(), destroy);
  terminal.ReadUntil("to go on: ");
  terminal.Type(name + "\n");
  EXPECT_THAT(terminal.ReadAll(), HasSubstr("cancel-destroy"));
  EXPECT_EQ(WEXITSTATUS(terminal.Wait()), 0);
  EXPECT_EQ(state(), "DESTROY_SCHEDULED");
}

TEST_F(CliTerminalTest, ErasingAsksForTheFieldsName) {
  ASSERT_EQ(Cli({"key", "create", "asked.token", "--tenant", "acme", "--purpose", "TOKEN"}).code,
            0);
  ASSERT_EQ(Cli({"field", "create", "asked", "--tenant", "acme", "--format", "email", "--token-key",
                 "asked.token"})
                .code,
            0);
  std::string token =
      Cli({"tokenize", "--tenant", "acme", "--field", "asked"}, "a@example.com").out;
  token.pop_back();
  const std::vector<std::string> erase = {"erase", token, "--tenant", "acme", "--field", "asked"};
  {
    OnTerminal terminal(daemon().target(), erase);
    EXPECT_THAT(terminal.ReadUntil("to go on: "), HasSubstr("will be erased"));
    terminal.Type("y\n");
    EXPECT_THAT(terminal.ReadAll(), HasSubstr("nothing was done"));
    EXPECT_EQ(WEXITSTATUS(terminal.Wait()), 2);
  }
  const std::vector<std::string> read = {"detokenize", token,     "--tenant",
                                         "acme",       "--field", "asked"};
  EXPECT_EQ(Cli(read).out, "a@example.com");
  OnTerminal terminal(daemon().target(), erase);
  terminal.ReadUntil("to go on: ");
  terminal.Type("asked\n");
  EXPECT_THAT(terminal.ReadAll(), HasSubstr("erased  1"));
  EXPECT_EQ(WEXITSTATUS(terminal.Wait()), 0);
  EXPECT_EQ(Cli(read).code, 3);
}

TEST_F(CliTerminalTest, ErasingASubjectAsksForItsId) {
  ASSERT_EQ(Cli({"field", "create", "asked.subject", "--tenant", "acme", "--format", "email",
                 "--key", "customers.email"})
                .code,
            0);
  ASSERT_EQ(Cli({"protect", "--tenant", "acme", "--field", "asked.subject", "--subject", "asked-1"},
                "a@example.com")
                .code,
            0);
  const std::vector<std::string> erase = {"subject", "erase", "asked-1", "--tenant", "acme"};
  const std::vector<std::string> get = {"subject", "get", "asked-1", "--tenant", "acme"};
  {
    OnTerminal terminal(daemon().target(), erase);
    EXPECT_THAT(terminal.ReadUntil("to go on: "), HasSubstr("will be erased"));
    terminal.Type("asked\n");
    EXPECT_THAT(terminal.ReadAll(), HasSubstr("nothing was done"));
    EXPECT_EQ(WEXITSTATUS(terminal.Wait()), 2);
  }
  EXPECT_EQ(Cli(get).code, 0);
  OnTerminal terminal(daemon().target(), erase);
  terminal.ReadUntil("to go on: ");
  terminal.Type("asked-1\n");
  EXPECT_THAT(terminal.ReadAll(), HasSubstr("effective at latest  20"));
  EXPECT_EQ(WEXITSTATUS(terminal.Wait()), 0);
  EXPECT_EQ(Cli(get).code, 3);
}

TEST_F(CliTerminalTest, DrawsABarWhileAnOperationRuns) {
  OnTerminal terminal(daemon().target(), {"tenant", "rotate-kek", "--tenant", "acme", "--wait"});
  EXPECT_THAT(terminal.ReadAll(), HasSubstr("%  "));
  EXPECT_EQ(WEXITSTATUS(terminal.Wait()), 0);
}

// What /proc shows of the process while it holds a value.
TEST_F(CliTerminalTest, TheValueIsInNeitherArgumentsNorEnvironmentNorCores) {
  std::vector<std::string> argv = encrypt_;
  argv.insert(argv.begin(), BinaryPath("fieldkms"));
  const TempDir dir;
  Subprocess process({.argv = argv,
                      .env = {{"FIELDKMS_TARGET", daemon().target()}},
                      .stdout_path = dir.File("out")});
  ASSERT_TRUE(process.WriteStdin("top secret"));
  const std::string proc = "/proc/" + std::to_string(process.pid());
  // Hardening is the first thing that main does; wait for it.
  std::string limits;
  do {
    limits = ReadFile(proc + "/limits");
  } while (limits.find("Max core file size        0                    0") == std::string::npos &&
           process.WaitFor(std::chrono::milliseconds(5)) == std::nullopt);
  EXPECT_THAT(limits, HasSubstr("Max core file size        0                    0"));
  EXPECT_THAT(ReadFile(proc + "/cmdline"), Not(HasSubstr("top secret")));
  if (geteuid() == 0) {
    EXPECT_THAT(ReadFile(proc + "/environ"), Not(HasSubstr("top secret")));
  }
  process.CloseStdin();
  EXPECT_EQ(process.Wait(), (ExitStatus{.code = 0}));
}

// Asks a real bash, for every command of the tree, what it would offer.
TEST_F(CliTerminalTest, BashOffersTheWholeTree) {
  const TempDir dir;
  WriteFile(dir.File("completion"), Cli({"completion", "bash"}).out);
  EXPECT_EQ(RunCommand({.argv = {"bash", "-n", dir.File("completion")}}).status.code, 0);
  Session session;
  const auto app = MakeApp(&session);
  const auto nodes = CompletionNodes(*app);
  std::string script = "source '" + dir.File("completion") + "'\ncomplete -p fieldkms\n";
  for (const CompletionNode& node : nodes) {
    script += "COMP_WORDS=(fieldkms --timeout 5 " + node.path +
              " ''); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _fieldkms\n"
              "echo \"<" +
              node.path + ">:${COMPREPLY[*]} \"\n";
  }
  const CommandResult result = RunCommand({.argv = {"bash", "-s"}}, script);
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(result.out, HasSubstr("complete -F _fieldkms fieldkms\n"));
  for (const CompletionNode& node : nodes) {
    const size_t begin = result.out.find("<" + node.path + ">:");
    ASSERT_NE(begin, std::string::npos) << node.path;
    std::string offered = result.out.substr(begin, result.out.find('\n', begin) - begin);
    offered.replace(0, offered.find(':') + 1, " ");
    for (const CompletionOption& option : node.options) {
      EXPECT_THAT(offered, HasSubstr(" " + option.name + " "));
    }
    for (const size_t child : node.children) {
      EXPECT_THAT(offered, HasSubstr(" " + nodes[child].name + " "));
    }
  }
}

TEST_F(CliTerminalTest, BashOffersFilesWhereFilesGo) {
  const TempDir dir;
  WriteFile(dir.File("completion"), Cli({"completion", "bash"}).out);
  WriteFile(dir.File("my value"), "");
  const CommandResult result = RunCommand(
      {.argv = {"bash", "-s"}},
      "source '" + dir.File("completion") + "'\nCOMP_WORDS=(fieldkms encrypt --in '" + dir.path() +
          "/my'); COMP_CWORD=3; _fieldkms; printf '[%s]' \"${COMPREPLY[@]}\"\n");
  EXPECT_EQ(result.out, "[" + dir.File("my value") + "]");
}

}  // namespace
}  // namespace fieldkms::testing
