// A registry in a real database, and a table with columns to register.
#ifndef FIELDKMS_TESTS_UNIT_ROTATION_REGISTRY_FIXTURE_H_
#define FIELDKMS_TESTS_UNIT_ROTATION_REGISTRY_FIXTURE_H_

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "rotation/registry.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/rotation/database_fixture.h"

namespace fieldkms::testing {

inline constexpr char kRegistryTable[] =
    "CREATE TABLE customers (gone int, id bigint PRIMARY KEY, region text NOT NULL, card bytea, "
    "card_index bytea, notes jsonb, names text[], kind varchar(9)); "
    "ALTER TABLE customers DROP COLUMN gone";

class RegistryTest : public DatabaseTest {
 protected:
  void SetUp() override {
    ASSERT_OK(rotation::InstallTargetSchema(database()));
    Sql(kRegistryTable);
  }
  static rotation::ProtectedColumn Card() {
    rotation::ProtectedColumn column;
    column.table = {"public", "customers"};
    column.column = "card";
    column.tenant = "acme";
    column.key = "customers.card";
    column.field = "card_number";
    column.field_id = std::string("\x00\x01\xff", 3) + "field";
    column.shape = rotation::Shape::kBytea;
    column.key_columns = {"region", "id"};
    column.context_names = {"kind"};
    column.context_columns = {"kind"};
    column.index_column = "card_index";
    return column;
  }
  static rotation::ProtectedColumn Notes() {
    rotation::ProtectedColumn column;
    column.table = {"public", "customers"};
    column.column = "notes";
    column.tenant = "other";
    column.key = "notes";
    column.shape = rotation::Shape::kJsonb;
    return column;
  }
  std::vector<rotation::ProtectedColumn> List(std::string_view tenant = "") {
    return rotation::ListProtectedColumns(database(), tenant).value();
  }
  void Adds(const rotation::ProtectedColumn& column) {
    ASSERT_OK(rotation::AddProtectedColumn(database(), column));
  }
  void Refuses(const rotation::ProtectedColumn& column, std::string_view field) {
    const auto added = rotation::AddProtectedColumn(database(), column);
    EXPECT_THAT(added, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField));
    EXPECT_EQ(FieldOf(added.status()), field);
    EXPECT_TRUE(List().empty());
  }
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_ROTATION_REGISTRY_FIXTURE_H_
