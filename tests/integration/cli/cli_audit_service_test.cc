// fieldkms audit list|watch|prove of a service that runs: what its files say, without them.
#include <gmock/gmock.h>

#include <thread>

#include "tests/integration/cli/cli_fixture.h"

namespace fieldkms::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class CliAuditServiceTest : public CliTest {
 protected:
  static json Shown(const std::vector<std::string>& arguments) {
    const Run run = Cli(arguments);
    EXPECT_EQ(run.code, 0) << run.err;
    return json::parse(run.out, nullptr, false);
  }
};

TEST_F(CliAuditServiceTest, ListsWhatAFilterTakes) {
  const json all = Shown({"audit", "list", "--json", "--limit", "100000"});
  ASSERT_GT(all["records"].size(), 3u);
  EXPECT_EQ(all["end"], true);
  EXPECT_EQ(all["records"][0]["index"], 0);
  EXPECT_EQ(all["records"][0]["record"]["kind"], "start");
  const json made = Shown({"audit", "list", "--json", "--tenant", "acme", "--method",
                           "KeyService.CreateKey", "--kind", "intent", "--since", "2020"});
  ASSERT_EQ(made["records"].size(), 2u);
  EXPECT_EQ(made["records"][1]["record"]["key"], "customers.phone");
  EXPECT_EQ(Shown({"audit", "list", "--json", "--until", "2020-02"})["records"].size(), 0u);
  // Pages.
  const json first = Shown({"audit", "list", "--json", "--limit", "2"});
  EXPECT_EQ(first["end"], false);
  const json second =
      Shown({"audit", "list", "--json", "--limit", "1", "--page-token", first["next_page_token"]});
  EXPECT_EQ(second["records"][0], all["records"][2]);
  const Run people = Cli({"audit", "list", "--limit", "1"});
  EXPECT_THAT(people.out, HasSubstr("\"kind\":\"start\""));
  EXPECT_THAT(people.out, HasSubstr("There is more: --page-token "));
}

TEST_F(CliAuditServiceTest, WrongFiltersAreNamed) {
  for (const auto& [option, value] :
       {std::pair("--since", "yesterday"), std::pair("--kind", "nothing"),
        std::pair("--tenant", "No Tenant"), std::pair("--page-token", "x")}) {
    const Run run = Cli({"audit", "list", option, value});
    EXPECT_EQ(run.code, 2) << option << run.err;
  }
}

TEST_F(CliAuditServiceTest, WatchesWhatComes) {
  Run watched;
  std::thread watcher([&watched] {
    watched = Cli({"audit", "watch", "--json", "-n", "1", "--method", "KeyService.GetKey"});
  });
  // Whenever it has begun, something comes after.
  while (Cli({"audit", "list", "--json", "--method", "AuditService.WatchAuditRecords"})
                 .out.find("WatchAuditRecords") == std::string::npos &&
         !HasFailure()) {
  }
  EXPECT_EQ(Cli({"key", "get", "customers.email", "--tenant", "acme"}).code, 0);
  watcher.join();
  EXPECT_EQ(watched.code, 0) << watched.err;
  EXPECT_EQ(json::parse(watched.out)["record"]["key"], "customers.email");
}

TEST_F(CliAuditServiceTest, ProvesARecordToWhoHasTheKeyAlone) {
  const Run early = Cli({"audit", "prove", "--record", "100000"});
  EXPECT_EQ(early.code, 2) << "of no checkpoint yet";
  EXPECT_EQ(Cli({"audit", "prove", "--since", "/dev/null"}).code, 2) << "the key is not given";
}

}  // namespace
}  // namespace fieldkms::testing
