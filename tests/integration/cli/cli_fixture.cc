#include "tests/integration/cli/cli_fixture.h"

#include <utility>

namespace fieldkms::testing {

std::unique_ptr<TempDir> CliTest::dir_;
std::unique_ptr<Daemon> CliTest::daemon_;

void CliTest::SetUpTestSuite() {
  dir_ = std::make_unique<TempDir>();
  daemon_ = std::make_unique<Daemon>(DaemonOptions{.data_dir = dir_->File("data")});
  ASSERT_OK(daemon_->Start());
  ASSERT_EQ(Cli({"tenant", "create", "acme"}).code, 0);
  for (const char* key : {"customers.email", "customers.phone"}) {
    ASSERT_EQ(Cli({"key", "create", key, "--tenant", "acme"}).code, 0);
  }
}

void CliTest::TearDownTestSuite() {
  daemon_.reset();
  dir_.reset();
}

CliTest::Run CliTest::CliAt(const std::string& target, const std::vector<std::string>& arguments,
                            std::string_view input, std::map<std::string, std::string> env) {
  std::vector<std::string> argv = {BinaryPath("fieldkms")};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  env.emplace("FIELDKMS_TARGET", target);
  CommandResult result = RunCommand({.argv = argv, .env = env}, input);
  return {result.status.code, std::move(result.out), std::move(result.err)};
}

CliTest::Run CliTest::Cli(const std::vector<std::string>& arguments, std::string_view input) {
  return CliAt(daemon_->target(), arguments, input);
}

std::string CliTest::Encrypted(std::string_view value, const std::vector<std::string>& context) {
  std::vector<std::string> arguments = {"encrypt", "--tenant", "acme", "--key", "customers.email"};
  for (const std::string& entry : context) {
    arguments.push_back("--context");
    arguments.push_back(entry);
  }
  const Run run = Cli(arguments, value);
  EXPECT_EQ(run.code, 0) << run.err;
  return run.out.substr(0, run.out.find('\n'));
}

nlohmann::json CliTest::Parsed(const std::string& text) {
  nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  EXPECT_FALSE(json.is_discarded()) << text;
  return json;
}

}  // namespace fieldkms::testing
