// fieldkms store: against a real PostgreSQL, and no service.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/postgres_server.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CliStore : public ::testing::Test {
 protected:
  CliStore() { WriteFile(file_, "# made by a test\n" + Conninfo("postgres") + "\n"); }

  std::string Conninfo(const std::string& user) const {
    return PostgresServer::Shared().Conninfo(database_, user) + " password='s3cret'";
  }
  CommandResult Store(std::vector<std::string> arguments,
                      std::map<std::string, std::string> env = {}) const {
    std::vector<std::string> argv = {BinaryPath("fieldkms"), "store"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return RunCommand({.argv = std::move(argv), .env = std::move(env)});
  }
  nlohmann::json Json(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--database-file", file_, "--json"});
    const CommandResult result = Store(arguments);
    EXPECT_EQ(result.status.code, 0) << result.err;
    return nlohmann::json::parse(result.out, nullptr, false);
  }

  const std::string database_ = PostgresServer::Shared().MakeDatabase();
  const TempDir dir_;
  const std::string file_ = dir_.File("database");
};

TEST_F(CliStore, MigratesAndTells) {
  EXPECT_EQ(Json({"status"})["schema"], 0);
  EXPECT_EQ(Json({"migrate", "--dry-run"})["applied"].size(), 7u);
  EXPECT_EQ(Json({"status"})["schema"], 0);
  EXPECT_EQ(Json({"migrate"})["applied"],
            nlohmann::json({"0001_tables", "0002_tenant_isolation", "0003_across_tenants",
                            "0004_fields", "0005_tokens", "0006_subjects", "0007_rotations"}));
  EXPECT_TRUE(Json({"migrate"})["applied"].empty());
  const nlohmann::json status = Json({"status"});
  EXPECT_EQ(status["schema"], 7);
  EXPECT_EQ(status["change_number"], 0);
  EXPECT_TRUE(status["pending"].empty());
  const CommandResult text = Store({"status", "--database-file", file_});
  EXPECT_THAT(text.out, HasSubstr("7 of 7"));
}

TEST_F(CliStore, TakesTheEnvironmentWithoutAFile) {
  const CommandResult result = Store({"status"}, {{"PGHOST", PostgresServer::Shared().socket_dir()},
                                                  {"PGDATABASE", database_},
                                                  {"PGUSER", "postgres"}});
  EXPECT_EQ(result.status.code, 0) << result.err;
}

TEST_F(CliStore, PrintsTheRolesForASuperuser) {
  const CommandResult result = Store({"migrate", "--print-roles"});
  EXPECT_EQ(result.status.code, 0);
  EXPECT_THAT(result.out, HasSubstr("CREATE ROLE fieldkms_owner NOLOGIN"));
}

TEST_F(CliStore, RefusesAFileThatOthersRead) {
  ASSERT_EQ(::chmod(file_.c_str(), 0640), 0);
  const CommandResult result = Store({"status", "--database-file", file_});
  EXPECT_NE(result.status.code, 0);
  EXPECT_THAT(result.err, HasSubstr("chmod 600"));
}

TEST_F(CliStore, TellsNoPassword) {
  for (const std::string conninfo : {"host=/nowhere password='s3cret'", "password s3cret host",
                                     "postgresql://u:s3cret@:x/d", "s3cret=1"}) {
    WriteFile(file_, conninfo);
    for (const char* command : {"status", "migrate"}) {
      const CommandResult result = Store({command, "--database-file", file_});
      EXPECT_NE(result.status.code, 0);
      EXPECT_THAT(result.err + result.out, Not(HasSubstr("s3cret"))) << conninfo;
    }
  }
}

}  // namespace
}  // namespace fieldkms::testing
