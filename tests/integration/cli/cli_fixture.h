// fieldkms, run for real against a real fieldkmsd.
#ifndef FIELDKMS_TESTS_INTEGRATION_CLI_CLI_FIXTURE_H_
#define FIELDKMS_TESTS_INTEGRATION_CLI_CLI_FIXTURE_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/daemon.h"
#include "tests/support/status_matchers.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {

// One daemon serves all tests of a suite; it has the tenant "acme" with the keys
// "customers.email" and "customers.phone".
class CliTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();

  // What a run left behind, its exit code for short.
  struct Run {
    int code = -1;
    std::string out;
    std::string err;
  };

  // Runs fieldkms against the daemon.
  static Run Cli(const std::vector<std::string>& arguments, std::string_view input = {});
  // The same with a target of the test's own and more environment.
  static Run CliAt(const std::string& target, const std::vector<std::string>& arguments,
                   std::string_view input = {}, std::map<std::string, std::string> env = {});

  // Encrypts under acme's customers.email and the context given; returns the text
  // form without its line break.
  static std::string Encrypted(std::string_view value,
                               const std::vector<std::string>& context = {});

  // `text` as JSON; fails the test if it is none.
  static nlohmann::json Parsed(const std::string& text);
  // The reason in the JSON of an error.
  static std::string ReasonIn(const Run& run) { return Parsed(run.err)["error"]["reason"]; }
  static std::string FieldIn(const Run& run) { return Parsed(run.err)["error"]["field"]; }

  static const Daemon& daemon() { return *daemon_; }

 private:
  static std::unique_ptr<TempDir> dir_;
  static std::unique_ptr<Daemon> daemon_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_INTEGRATION_CLI_CLI_FIXTURE_H_
