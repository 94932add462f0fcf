// A table with a column of plaintext, which is to be one of ciphertext. Rows are filled by SQL: any
// bytes that begin as ciphertexts do.
#ifndef FIELDKMS_TESTS_UNIT_ROTATION_CONVERSION_FIXTURE_H_
#define FIELDKMS_TESTS_UNIT_ROTATION_CONVERSION_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pqxx/except>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rotation/conversion.h"
#include "rotation/in_step.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/rotation/database_fixture.h"

namespace fieldkms::testing {

class ConversionTest : public DatabaseTest {
 protected:
  using Stage = absl::StatusOr<rotation::ProtectedColumn>;

  void SetUp() override {
    ASSERT_OK(rotation::InstallTargetSchema(database()));
    Sql("CREATE TABLE customers (gone int, id bigint PRIMARY KEY, kind text, card text, "
        "note text); ALTER TABLE customers DROP COLUMN gone");
  }

  // card becomes card_protected, bound to id and kind.
  static rotation::ProtectedColumn Card() {
    rotation::ProtectedColumn column;
    column.table = {"public", "customers"};
    column.column = "card_protected";
    column.plain_column = "card";
    column.tenant = "acme";
    column.key = "cards";
    column.key_columns = {"id"};
    column.context_names = {"kind"};
    column.context_columns = {"kind"};
    return column;
  }
  static rotation::ProtectedColumn CardWithIndex() {
    rotation::ProtectedColumn column = Card();
    column.index_column = "card_index";
    column.index_key = "indexes";
    return column;
  }

  rotation::ProtectedColumn Begin(const rotation::ProtectedColumn& column) {
    const Stage begun = rotation::BeginProtect(database(), column);
    EXPECT_OK(begun);
    return begun.ok() ? *begun : rotation::ProtectedColumn();
  }
  Stage Unprotect(const std::string& type = "", const std::string& name = "card_clear") {
    return rotation::BeginUnprotect(database(), kTable, "card", name, type);
  }
  Stage Close(std::string_view column = "card") {
    return rotation::CloseConversion(database(), kTable, column);
  }
  Stage Reopen(std::string_view column = "card") {
    return rotation::ReopenConversion(database(), kTable, column);
  }
  Stage Switch(const rotation::SwitchNames& names = {}, std::string_view column = "card") {
    return rotation::SwitchConversion(database(), kTable, column, names);
  }
  absl::StatusOr<rotation::DroppedPlaintext> DropPlain(bool rewrite = true) {
    return rotation::DropPlaintext(database(), kTable, "card", rewrite);
  }
  std::vector<rotation::ProtectedColumn> List() {
    return rotation::ListProtectedColumns(database(), "").value();
  }

  // As a job does.
  void Fill() {
    Sql("UPDATE customers SET card_protected = '\\x11' || " + made_ +
        " WHERE card IS NOT NULL AND card_protected IS NULL");
  }
  std::string made_ = "convert_to(card, 'UTF8')";  // what Fill makes of a card
  // Up to the switch, with this in the table before.
  void ProtectAll(const rotation::ProtectedColumn& column, const std::string& rows = "") {
    if (!rows.empty()) Sql(rows);
    Begin(column);
    Fill();
    ASSERT_OK(Close());
    ASSERT_OK(Switch());
  }

  // One row, as "value/value", "-" for NULL.
  std::string Row(int id, const std::string& columns = "card, card_protected") {
    std::string names;
    for (const char c : columns) names += c == ',' ? std::string("::text,") : std::string(1, c);
    return Sql("SELECT array_to_string(ARRAY[" + names +
               "::text], '/', '-') FROM customers WHERE id = " + std::to_string(id));
  }

  // The error of a statement: its SQLSTATE and message; "" where it has none.
  struct SqlError {
    std::string state;
    std::string message;
  };
  SqlError ErrorOf(const std::string& sql, std::string_view user = PostgresServer::kSuperuser) {
    try {
      Sql(sql, user);
    } catch (const pqxx::sql_error& error) {
      return {error.sqlstate(), error.what()};
    }
    return {};
  }
  void Refuses(const std::string& sql, const std::string& text) {
    const SqlError error = ErrorOf(sql);
    EXPECT_EQ(error.state, "23514") << sql;
    EXPECT_THAT(error.message, ::testing::HasSubstr(text)) << sql;
  }

  static inline const rotation::TableName kTable = {"public", "customers"};
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_ROTATION_CONVERSION_FIXTURE_H_
