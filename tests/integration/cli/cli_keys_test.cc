// Tenants and keys on the command line.
#include <string>

#include "clients/cpp/client.h"
#include "tests/integration/cli/cli_fixture.h"

namespace fieldkms::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class CliKeysTest : public CliTest {};

TEST_F(CliKeysTest, TenantsAreCreatedAndListed) {
  const Run created = Cli({"tenant", "create", "globex", "--json"});
  ASSERT_EQ(created.code, 0) << created.err;
  EXPECT_EQ(Parsed(created.out)["tenant"], "globex");
  EXPECT_THAT(std::string(Parsed(created.out)["create_time"]),
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z"));
  const Run listed = Cli({"tenant", "list"});
  EXPECT_EQ(listed.code, 0);
  EXPECT_THAT(listed.out, HasSubstr("TENANT  CREATED\nacme    "));
  EXPECT_THAT(listed.out, HasSubstr("\nglobex  "));
  const auto tenants = Parsed(Cli({"tenant", "list", "--json"}).out)["tenants"];
  EXPECT_EQ(tenants.size(), 2u);
  EXPECT_EQ(tenants[1]["tenant"], "globex");
}

TEST_F(CliKeysTest, KeysAreCreatedShownAndListed) {
  const Run created = Cli({"key", "create", "invoices.iban", "--tenant", "acme", "--json"});
  ASSERT_EQ(created.code, 0) << created.err;
  const auto key = Parsed(created.out);
  EXPECT_EQ(key["tenant"], "acme");
  EXPECT_EQ(key["name"], "invoices.iban");
  EXPECT_EQ(key["purpose"], "ENCRYPT");
  EXPECT_EQ(key["primary_version"], 1);
  EXPECT_THAT(std::string(key["key_id"]), MatchesRegex("[0-9a-f]{16}"));
  EXPECT_EQ(Parsed(Cli({"key", "get", "invoices.iban", "--tenant", "acme", "--json"}).out), key);
  const Run shown = Cli({"key", "get", "invoices.iban", "--tenant", "acme"});
  EXPECT_THAT(shown.out, HasSubstr("key id           " + std::string(key["key_id"]) + "\n"));
  const Run listed = Cli({"key", "list", "--tenant", "acme"});
  EXPECT_THAT(listed.out, HasSubstr("NAME             KEY ID"));
  EXPECT_THAT(listed.out, HasSubstr("\ninvoices.iban    " + std::string(key["key_id"])));
}

TEST_F(CliKeysTest, TheTenantMayComeFromTheEnvironment) {
  const Run run = CliAt(daemon().target(), {"key", "get", "customers.email", "--json"}, {},
                        {{"FIELDKMS_TENANT", "acme"}});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(Parsed(run.out)["name"], "customers.email");
}

TEST_F(CliKeysTest, NamesOfCommandsAreNamesLikeOthers) {
  for (const char* name : {"key", "list", "create"}) {
    EXPECT_EQ(Cli({"key", "create", name, "--tenant", "acme"}).code, 0) << name;
    EXPECT_EQ(Cli({"key", "get", name, "--tenant", "acme"}).code, 0) << name;
  }
}

TEST_F(CliKeysTest, RotationAddsVersions) {
  const std::string name = "rotated.key";
  ASSERT_EQ(Cli({"key", "create", name, "--tenant", "acme"}).code, 0);
  const Run rotated =
      Cli({"key", "rotate", name, "--tenant", "acme", "--expected-primary", "1", "--json"});
  ASSERT_EQ(rotated.code, 0) << rotated.err;
  EXPECT_EQ(Parsed(rotated.out)["primary_version"], 2);

  const Run stale =
      Cli({"key", "rotate", name, "--tenant", "acme", "--expected-primary", "1", "--json"});
  EXPECT_EQ(stale.code, 8);
  EXPECT_EQ(ReasonIn(stale), "PRIMARY_CHANGED");

  const auto versions =
      Parsed(Cli({"key", "versions", name, "--tenant", "acme", "--json"}).out)["versions"];
  ASSERT_EQ(versions.size(), 2u);
  EXPECT_EQ(versions[0]["version"], 2);
  EXPECT_EQ(versions[0]["primary"], true);
  EXPECT_EQ(versions[1]["version"], 1);
  EXPECT_EQ(versions[1]["primary"], false);
  EXPECT_EQ(versions[1]["state"], "ENABLED");
  EXPECT_THAT(Cli({"key", "versions", name, "--tenant", "acme"}).out,
              HasSubstr("VERSION  STATE    PRIMARY  ORIGIN     CREATED               DESTROYED\n"
                        "2        ENABLED  yes      GENERATED  "));
}

TEST_F(CliKeysTest, ARequestIdActsOnce) {
  const std::string name = "once.key";
  ASSERT_EQ(Cli({"key", "create", name, "--tenant", "acme"}).code, 0);
  for (int i = 0; i < 2; ++i) {
    const Run run =
        Cli({"key", "rotate", name, "--tenant", "acme", "--request-id", "change-0001", "--json"});
    EXPECT_EQ(Parsed(run.out)["primary_version"], 2) << run.err;
  }
  const Run reused = Cli(
      {"key", "create", "other.key", "--tenant", "acme", "--request-id", "change-0001", "--json"});
  EXPECT_EQ(reused.code, 8);
  EXPECT_EQ(ReasonIn(reused), "REQUEST_ID_REUSED");
}

TEST_F(CliKeysTest, DuplicatesAreConflicts) {
  const Run key = Cli({"key", "create", "customers.email", "--tenant", "acme", "--json"});
  EXPECT_EQ(key.code, 8);
  EXPECT_EQ(ReasonIn(key), "KEY_EXISTS");
  const Run tenant = Cli({"tenant", "create", "acme", "--json"});
  EXPECT_EQ(tenant.code, 8);
  EXPECT_EQ(ReasonIn(tenant), "TENANT_EXISTS");
}

TEST_F(CliKeysTest, IllegalNamesAreUsageErrorsThatNameTheField) {
  const Run key = Cli({"key", "create", "Customers/Email", "--tenant", "acme", "--json"});
  EXPECT_EQ(key.code, 2);
  EXPECT_EQ(ReasonIn(key), "INVALID_FIELD");
  EXPECT_EQ(FieldIn(key), "name");
  EXPECT_THAT(key.err, ::testing::Not(HasSubstr("Customers/Email")));
  const Run tenant = Cli({"tenant", "create", "9lives", "--json"});
  EXPECT_EQ(tenant.code, 2);
  EXPECT_EQ(FieldIn(tenant), "tenant");
}

TEST_F(CliKeysTest, WhatIsNotThereIsNotFound) {
  const Run key = Cli({"key", "get", "no.such.key", "--tenant", "acme", "--json"});
  EXPECT_EQ(key.code, 3);
  EXPECT_EQ(ReasonIn(key), "KEY_NOT_FOUND");
  const Run tenant = Cli({"key", "list", "--tenant", "nobody", "--json"});
  EXPECT_EQ(tenant.code, 3);
  EXPECT_EQ(ReasonIn(tenant), "TENANT_NOT_FOUND");
}

TEST_F(CliKeysTest, ManyKeysAreListedOverPages) {
  ASSERT_EQ(Cli({"tenant", "create", "many"}).code, 0);
  // Made through the client: a process for each would take long.
  auto client = Client::Create({.target = daemon().target()});
  ASSERT_OK(client);
  for (int i = 0; i < 1'005; ++i) {
    v1::CreateKeyRequest request;
    request.set_tenant("many");
    request.set_name("key." + std::to_string(100'000 + i));
    ASSERT_OK((*client)->CreateKey(request));
  }
  const auto keys = Parsed(Cli({"key", "list", "--tenant", "many", "--json"}).out)["keys"];
  ASSERT_EQ(keys.size(), 1'005u);
  EXPECT_EQ(keys[0]["name"], "key.100000");
  EXPECT_EQ(keys[1'004]["name"], "key.101004");
}

}  // namespace
}  // namespace fieldkms::testing
