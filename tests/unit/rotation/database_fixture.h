// A database of an application on a server of its own, where nothing vacuums or analyses by itself,
// and where a transaction finds no place for the locks of a thousand tables.
#ifndef FIELDKMS_TESTS_UNIT_ROTATION_DATABASE_FIXTURE_H_
#define FIELDKMS_TESTS_UNIT_ROTATION_DATABASE_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "rotation/database.h"
#include "tests/support/postgres_server.h"

namespace fieldkms::testing {

class DatabaseTest : public ::testing::Test {
 protected:
  static PostgresServer& server() {
    static PostgresServer server({"autovacuum_naptime=1d", "wal_level=logical",
                                  "max_locks_per_transaction=16", "max_prepared_transactions=2",
                                  "shared_preload_libraries=pg_stat_statements"});
    return server;
  }

  std::unique_ptr<rotation::Database> Connect(std::string_view user = PostgresServer::kSuperuser) {
    return rotation::Database::Connect(server().Conninfo(name_, user), "rotation_test").value();
  }
  rotation::Database& database() { return *database_; }
  PostgresServer::Rows Rows(const std::string& sql,
                            std::string_view user = PostgresServer::kSuperuser) {
    return server().Sql(name_, user, sql);
  }
  // The first value, "" where there is none.
  std::string Sql(const std::string& sql, std::string_view user = PostgresServer::kSuperuser) {
    const auto rows = Rows(sql, user);
    return rows.empty() || rows[0].empty() ? std::string() : rows[0][0];
  }
  // A new login without rights; the server's, so no test takes another's.
  std::string MakeRole() {
    static int roles = 0;
    const std::string role = "role_" + std::to_string(++roles);
    Sql("CREATE ROLE " + role + " LOGIN");
    return role;
  }
  const std::string& name() const { return name_; }

 private:
  const std::string name_ = server().MakeDatabase();
  const std::unique_ptr<rotation::Database> database_ = Connect();
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_ROTATION_DATABASE_FIXTURE_H_
