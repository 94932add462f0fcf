// Plans of tables in a real database, with envelopes of key 7 that are to be brought to version 2.
#ifndef FIELDKMS_TESTS_UNIT_ROTATION_PLAN_FIXTURE_H_
#define FIELDKMS_TESTS_UNIT_ROTATION_PLAN_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/envelope.h"
#include "crypto/hex.h"
#include "rotation/plan.h"
#include "rotation/registry.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/rotation/database_fixture.h"
#include "tests/unit/rotation/envelopes.h"

namespace fieldkms::testing {

class PlanTest : public DatabaseTest {
 protected:
  static constexpr uint64_t kKey = 7;

  void SetUp() override { ASSERT_OK(rotation::InstallTargetSchema(database())); }

  // Envelopes in SQL.
  static std::string Bytes(uint32_t version, uint64_t key = kKey) {
    return "'\\x" + EncodeHex(AsBytes(MadeUpEnvelope(key, version))) + "'::bytea";
  }
  static std::string Text(uint32_t version, uint64_t key = kKey) {
    return EncodeText(AsBytes(MadeUpEnvelope(key, version)));
  }
  static std::string IdBytes(uint64_t key) { return std::string(7, '\0') + static_cast<char>(key); }

  // Makes table "t" with a key and a column of ciphertexts, about which nothing is to be said, and
  // registers it.
  void MakeTable(int rows = 10) {
    Sql("CREATE TABLE t (id bigint PRIMARY KEY, c bytea) WITH (fillfactor = 80); "
        "INSERT INTO t SELECT i, " +
        Bytes(1) + " FROM generate_series(1, " + std::to_string(rows) + ") i; ANALYZE t");
    Register("t", "c", {"id"});
  }
  rotation::ProtectedColumn Register(const std::string& table, const std::string& column,
                                     const std::vector<std::string>& keys = {},
                                     rotation::Shape shape = rotation::Shape::kBytea) {
    rotation::ProtectedColumn registered;
    registered.table = {"public", table};
    registered.column = column;
    registered.tenant = "acme";
    registered.key = "cards";
    registered.shape = shape;
    registered.key_columns = keys;
    const auto added = rotation::AddProtectedColumn(database(), registered);
    EXPECT_OK(added);
    return added.value();
  }

  static rotation::PlanRequest Request() {
    rotation::PlanRequest request;
    request.tenant = "acme";
    request.key_names = {"alias", "cards"};
    request.source_key_id = request.target_key_id = IdBytes(kKey);
    request.target_version = 2;
    return request;
  }
  rotation::JobPlan Plan(const rotation::PlanRequest& request = Request(),
                         std::string_view user = PostgresServer::kSuperuser) {
    const auto plan = rotation::MakePlan(*Connect(user), request);
    EXPECT_OK(plan);
    return plan.ok() ? *plan : rotation::JobPlan();
  }

  // "refused CODE table.column" of each.
  static std::vector<std::string> Said(const rotation::JobPlan& plan) {
    std::vector<std::string> said;
    for (const rotation::Finding& finding : plan.findings) {
      constexpr std::string_view kSeverities[] = {"note", "warning", "refused"};
      said.push_back(std::string(kSeverities[static_cast<size_t>(finding.severity)]) + " " +
                     finding.code + " " + finding.table.table +
                     (finding.column.empty() ? "" : "." + finding.column));
    }
    return said;
  }
  std::vector<std::string> Findings(const rotation::PlanRequest& request = Request(),
                                    std::string_view user = PostgresServer::kSuperuser) {
    return Said(Plan(request, user));
  }
  // What is said of "t" and its like after SQL that makes it so.
  std::vector<std::string> FindingsAfter(const std::string& sql) {
    Sql(sql);
    return Findings();
  }
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_ROTATION_PLAN_FIXTURE_H_
