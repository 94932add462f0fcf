#include "clients/cli/usage_error.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "clients/cli/commands.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// What is said of a command line that cannot be taken.
std::string Complaint(const std::vector<std::string>& arguments) {
  Session session;
  const std::unique_ptr<CLI::App> app = MakeApp(&session);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app->parse(reversed);
  } catch (const CLI::ParseError& error) {
    const absl::Status status = UsageStatus(*app, error);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField));
    return std::string(MessageOf(status));
  }
  return "taken";
}

TEST(UsageErrorTest, NamesAnOptionThatThereIsNot) {
  EXPECT_THAT(Complaint({"key", "list", "--tenant", "acme", "--page-size=7"}),
              HasSubstr("there is no option --page-size"));
  EXPECT_THAT(Complaint({"key", "list", "--tenat", "acme"}), HasSubstr("did you mean '--tenant'?"));
  EXPECT_THAT(Complaint({"key", "list", "--tenant", "acme", "--jsn"}),
              HasSubstr("did you mean '--json'?"));
}

TEST(UsageErrorTest, FindsTheCommandThatWasMeant) {
  EXPECT_THAT(Complaint({"tenat"}), HasSubstr("did you mean 'tenant'?"));
  EXPECT_THAT(Complaint({"key", "creat", "k", "--tenant", "acme"}),
              HasSubstr("did you mean 'create'?"));
  EXPECT_THAT(Complaint({"4111111111111111"}), HasSubstr("there is no such command"));
  EXPECT_THAT(Complaint({"key"}), HasSubstr("subcommand is required"));
}

TEST(UsageErrorTest, RepeatsNoValue) {
  const std::string pan = "4111111111111111";
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{pan},
                                             {"encrypt", "--tenant", "acme", "k", pan},
                                             {"encrypt", "--" + pan},
                                             {"key", "list", "--tenant", "acme", "--pan=" + pan},
                                             {"tenant", "list", "--timeout", pan},
                                             {"tenant", "list", "--timeout", "x" + pan},
                                             {"inspect", "-" + pan}}) {
    EXPECT_THAT(Complaint(arguments), Not(HasSubstr("4111"))) << arguments.front();
  }
  EXPECT_THAT(Complaint({"tenant", "list", "--timeout", pan}), HasSubstr("--timeout"));
}

}  // namespace
}  // namespace fieldkms
