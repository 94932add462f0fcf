// The whole life of keys, and what else operators do, on the command line.
#include <string>

#include "clients/cpp/client.h"
#include "tests/integration/cli/cli_fixture.h"

namespace fieldkms::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class CliLifecycleTest : public CliTest {
 protected:
  // Runs a command about acme under --json and returns its result.
  static nlohmann::json Result(std::vector<std::string> arguments, std::string_view input = {}) {
    arguments.insert(arguments.end(), {"--json"});
    const Run run = Cli(arguments, input);
    EXPECT_EQ(run.code, 0) << run.err;
    return run.code == 0 ? Parsed(run.out) : nlohmann::json();
  }
  static nlohmann::json OfAcme(std::vector<std::string> arguments, std::string_view input = {}) {
    arguments.insert(arguments.end(), {"--tenant", "acme"});
    return Result(arguments, input);
  }
  static Run Try(std::vector<std::string> arguments, std::string_view input = {}) {
    arguments.insert(arguments.end(), {"--tenant", "acme", "--json"});
    return Cli(arguments, input);
  }
};

TEST_F(CliLifecycleTest, KeysAreMadeWithSettings) {
  const auto key = OfAcme({"key", "create", "set.key", "--suite", "kc_xaes_256_gcm", "--exportable",
                           "--rotation-period", "90d", "--label", "team=payments", "--label",
                           "tier=1", "--lease-seconds", "300", "--lease-messages", "1000"});
  EXPECT_EQ(key["suite"], "KC_XAES_256_GCM");
  EXPECT_EQ(key["exportable"], true);
  EXPECT_EQ(key["audit_per_operation"], false);
  EXPECT_EQ(key["rotation_period_seconds"], 90 * 86'400);
  EXPECT_TRUE(key["next_rotation_time"].is_string());
  EXPECT_EQ(key["labels"], (nlohmann::json{{"team", "payments"}, {"tier", "1"}}));
  EXPECT_EQ(key["lease"], (nlohmann::json{{"longest_seconds", 300}, {"most_messages", 1'000}}));
  const Run shown = Cli({"key", "get", "set.key", "--tenant", "acme"});
  EXPECT_THAT(shown.out, HasSubstr("rotates every    90d\n"));
  EXPECT_THAT(shown.out, HasSubstr("lease            5m, 1000 messages\n"));
  EXPECT_THAT(shown.out, HasSubstr("label team       payments\n"));
  EXPECT_EQ(FieldIn(Try({"key", "create", "x", "--rotation-period", "soon"})), "rotation_period");
  EXPECT_EQ(Try({"key", "create", "x", "--purpose", "anything"}).code, 2);
}

TEST_F(CliLifecycleTest, UpdatesChangeWhatIsGiven) {
  OfAcme({"key", "create", "updated.key", "--label", "a=1"});
  auto key = OfAcme({"key", "update", "updated.key", "--rotation-period", "12h"});
  EXPECT_EQ(key["rotation_period_seconds"], 43'200);
  EXPECT_EQ(key["labels"], (nlohmann::json{{"a", "1"}}));
  key = OfAcme({"key", "update", "updated.key", "--no-labels", "--audit-per-operation", "true"});
  EXPECT_EQ(key["labels"], nlohmann::json::object());
  EXPECT_EQ(key["audit_per_operation"], true);
  EXPECT_EQ(key["rotation_period_seconds"], 43'200);
  key = OfAcme({"key", "update", "updated.key", "--rotation-period", "0", "--etag",
                std::string(key["etag"])});
  EXPECT_EQ(key["rotation_period_seconds"], 0);
  const Run stale = Try({"key", "update", "updated.key", "--rotation-period", "1h", "--etag", "1"});
  EXPECT_EQ(stale.code, 8);
  EXPECT_EQ(ReasonIn(stale), "ETAG_MISMATCH");
  EXPECT_EQ(FieldIn(Try({"key", "update", "updated.key"})), "update_mask");
  EXPECT_EQ(ReasonIn(Try({"key", "update", "updated.key", "--min-decrypt-version", "2"})),
            "KEY_STATE");
}

TEST_F(CliLifecycleTest, VersionsAreDisabledDestroyedAndKept) {
  OfAcme({"key", "create", "ending.key"});
  OfAcme({"key", "rotate", "ending.key"});
  OfAcme({"key", "disable", "ending.key", "1"});
  EXPECT_EQ(OfAcme({"key", "versions", "ending.key"})["versions"][1]["state"], "DISABLED");
  OfAcme({"key", "enable", "ending.key", "1"});
  const auto result =
      OfAcme({"key", "destroy", "ending.key", "--version", "1", "--waiting-days", "7", "--yes"});
  EXPECT_EQ(result["key"]["name"], "ending.key");
  EXPECT_TRUE(result["destroy_time"].is_string());
  EXPECT_THAT(std::string(result["copies_notice"]), HasSubstr("backups"));
  const auto version = OfAcme({"key", "versions", "ending.key"})["versions"][1];
  EXPECT_EQ(version["state"], "DESTROY_SCHEDULED");
  EXPECT_EQ(version["destroy_time"], result["destroy_time"]);
  OfAcme({"key", "cancel-destroy", "ending.key", "--version", "1"});
  EXPECT_EQ(OfAcme({"key", "versions", "ending.key"})["versions"][1]["state"], "DISABLED");

  EXPECT_EQ(ReasonIn(Try({"key", "destroy", "ending.key", "--version", "2", "--yes"})),
            "VERSION_IS_PRIMARY");
  EXPECT_EQ(FieldIn(Try({"key", "destroy", "ending.key", "--yes"})), "version");
  OfAcme({"key", "destroy", "ending.key", "--whole-key", "--yes"});
  EXPECT_EQ(ReasonIn(Try({"encrypt", "--key", "ending.key"}, "value")), "KEY_STATE");
}

TEST_F(CliLifecycleTest, WhoStopsAVersionSeesUntilWhenItIsLeased) {
  OfAcme({"key", "create", "leased.key", "--lease-seconds", "300", "--lease-messages", "10"});
  EXPECT_EQ(OfAcme({"key", "disable", "leased.key", "1"})["last_lease_end_time"], nullptr);
  OfAcme({"key", "enable", "leased.key", "1"});
  ASSERT_OK_AND_ASSIGN(const auto client, Client::Create({.target = daemon().target()}));
  v1::AcquireLeaseRequest request;
  request.set_tenant("acme");
  request.set_key("leased.key");
  request.set_use(v1::LEASE_USE_DECRYPT);
  ASSERT_OK(client->AcquireLease(request));
  EXPECT_TRUE(OfAcme({"key", "disable", "leased.key", "1"})["last_lease_end_time"].is_string());
  const Run shown = Cli({"key", "disable", "leased.key", "1", "--tenant", "acme"});
  EXPECT_THAT(shown.out, HasSubstr("leased until "));
  const auto destroyed = OfAcme({"key", "destroy", "leased.key", "--whole-key", "--yes"});
  EXPECT_TRUE(destroyed["last_lease_end_time"].is_string());
}

TEST_F(CliLifecycleTest, AliasesPointToKeys) {
  EXPECT_EQ(OfAcme({"alias", "set", "mail", "customers.email"})["key"], "customers.email");
  const auto sealed = OfAcme({"encrypt", "--key", "mail"}, "value");
  EXPECT_EQ(
      Cli({"decrypt", "--tenant", "acme", "--key", "mail", std::string(sealed["ciphertext"])}).out,
      "value");
  EXPECT_EQ(OfAcme({"alias", "set", "mail", "customers.phone"})["key"], "customers.phone");
  const auto aliases = OfAcme({"alias", "list"})["aliases"];
  ASSERT_EQ(aliases.size(), 1u);
  EXPECT_EQ(aliases[0]["alias"], "mail");
  EXPECT_EQ(ReasonIn(Try({"alias", "set", "mail", "customers.email", "--etag", "1"})),
            "ETAG_MISMATCH");
  EXPECT_EQ(OfAcme({"alias", "delete", "mail"})["deleted"], true);
  const Run gone = Try({"alias", "delete", "mail"});
  EXPECT_EQ(gone.code, 3);
  EXPECT_EQ(ReasonIn(gone), "ALIAS_NOT_FOUND");
}

TEST_F(CliLifecycleTest, OperationsAreFollowed) {
  const Run waited = Cli({"tenant", "rotate-kek", "--tenant", "acme", "--wait", "--json"});
  ASSERT_EQ(waited.code, 0) << waited.err;
  EXPECT_THAT(waited.err, HasSubstr(" of "));
  const auto operation = Parsed(waited.out);
  EXPECT_EQ(operation["state"], "DONE");
  EXPECT_EQ(operation["kind"], "ROTATE_TENANT_KEK");
  EXPECT_EQ(operation["done"], operation["total"]);
  const std::string id = operation["operation_id"];
  EXPECT_EQ(Result({"operation", "show", id}), operation);
  EXPECT_EQ(Result({"operation", "wait", id}), operation);
  EXPECT_EQ(Result({"root", "rotate", "--wait"})["state"], "DONE");
  const auto operations = Result({"operation", "list"})["operations"];
  ASSERT_EQ(operations.size(), 2u);
  EXPECT_EQ(operations[0]["kind"], "ROTATE_ROOT");
  EXPECT_TRUE(Result({"operation", "list", "--running"})["operations"].empty());
  EXPECT_EQ(Cli({"operation", "show", std::string(32, '0')}).code, 3);
}

TEST_F(CliLifecycleTest, MacsAreMadeAndChecked) {
  OfAcme({"key", "create", "macs", "--purpose", "MAC"});
  const auto made = OfAcme({"mac", "compute", "--key", "macs", "--context", "pk=1"}, "data");
  const std::string mac = made["mac_base64"];
  EXPECT_EQ(OfAcme({"mac", "verify", mac, "--context", "pk=1"}, "data")["valid"], true);
  const Run wrong = Try({"mac", "verify", mac, "--context", "pk=2"}, "data");
  EXPECT_EQ(wrong.code, 5);
  EXPECT_EQ(Parsed(wrong.out)["valid"], false);
  EXPECT_EQ(FieldIn(Try({"mac", "verify", "not base64", "--context", "pk=1"}, "data")), "mac");
}

TEST_F(CliLifecycleTest, DataKeysOpenToThemselves) {
  const auto made = OfAcme({"datakey", "generate", "--key", "customers.email", "--size", "64"});
  const auto opened = OfAcme({"decrypt", std::string(made["ciphertext"])});
  EXPECT_EQ(opened["plaintext_base64"], made["plaintext_base64"]);
  const TempDir dir;
  const auto kept = OfAcme(
      {"datakey", "generate", "--key", "customers.email", "--plaintext-out", dir.File("key")});
  EXPECT_FALSE(kept.contains("plaintext_base64"));
  EXPECT_EQ(ReadFile(dir.File("key")).size(), 32u);
  const auto sealed = OfAcme({"datakey", "generate", "--key", "customers.email", "--no-plaintext"});
  EXPECT_FALSE(sealed.contains("plaintext_base64"));
  EXPECT_THAT(std::string(sealed["ciphertext"]), MatchesRegex("fk1\\..*"));
}

TEST_F(CliLifecycleTest, RandomBytes) {
  EXPECT_EQ(std::string(Result({"random", "3"})["random_base64"]).size(), 4u);
  EXPECT_EQ(Cli({"random", "100", "--binary"}).out.size(), 100u);
  EXPECT_EQ(Cli({"random", "0"}).code, 2);
  EXPECT_EQ(Cli({"random", "4097"}).code, 2);
}

TEST_F(CliLifecycleTest, StatusIsShown) {
  const auto status = Result({"status"});
  EXPECT_EQ(status["store"]["kind"], "sqlite");
  EXPECT_EQ(std::string(status["replica_id"]).size(), 32u);
  EXPECT_GT(status["memory"]["reserved_bytes"], 0);
  EXPECT_THAT(Cli({"status"}).out, HasSubstr("store       sqlite, seen "));
  std::map<std::string, std::string> levels;
  const auto report = Parsed(Cli({"doctor", "--json"}).out);
  for (const auto& check : report["checks"]) {
    levels[check["check"]] = check["level"];
  }
  EXPECT_EQ(levels["store link"], "ok");
  EXPECT_EQ(levels["root of trust"], "ok");
}

}  // namespace
}  // namespace fieldkms::testing
