#include "clients/cli/column_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fieldkms {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

rotation::ProtectedColumn AColumn() {
  rotation::ProtectedColumn column;
  column.binding_id = std::string("\x00\x01\xff", 3) + std::string(13, '\x22');
  column.table = {"public", "Customers"};
  column.column = "card";
  column.tenant = "acme";
  column.key = "cards";
  return column;
}

constexpr char kBindingId[] = "0001ff22222222222222222222222222";

TEST(ColumnReportTest, AColumnWithoutMore) {
  EXPECT_EQ(Properties(ColumnRows(AColumn())),
            "table       public.\"Customers\"\n"
            "column      card\n"
            "tenant      acme\n"
            "key         cards\n"
            "shape       bytea\n"
            "row key     none: not bound to a row\n"
            "binding id  " +
                std::string(kBindingId) + "\n");
  const Json json = ColumnJson(AColumn());
  EXPECT_EQ(json["table"], "Customers");
  EXPECT_EQ(json["field"], nullptr);
  EXPECT_EQ(json["field_id"], nullptr);
  EXPECT_EQ(json["index_column"], nullptr);
  EXPECT_EQ(json["row_key"], Json::array());
  EXPECT_EQ(json["context"], Json::object());
  EXPECT_EQ(json["binding_id"], kBindingId);
  EXPECT_THAT(ContextHelp(AColumn()), Not(HasSubstr("pk")));
}

TEST(ColumnReportTest, AllThatAColumnIsBoundTo) {
  rotation::ProtectedColumn column = AColumn();
  column.field = "customers.card";
  column.field_id = std::string("\x01\x02\x03\x04\x05\x06\x07\x08");
  column.key_columns = {"region", "Id"};
  column.context_names = {"kind"};
  column.context_columns = {"card_kind"};
  column.index_column = "card_index";
  const Json json = ColumnJson(column);
  EXPECT_EQ(json["field"], "customers.card");
  EXPECT_EQ(json["field_id"], "0102030405060708");
  EXPECT_EQ(json["row_key"], Json::array({"region", "Id"}));
  EXPECT_EQ(json["context"]["kind"], "card_kind");
  EXPECT_EQ(json["index_column"], "card_index");
  const std::string rows = Properties(ColumnRows(column));
  EXPECT_THAT(rows, HasSubstr("field         customers.card\n"));
  EXPECT_THAT(rows, HasSubstr("row key       region, \"Id\"\n"
                              "context       kind=card_kind\n"
                              "index column  card_index\n"));
  const std::string help = ContextHelp(column);
  EXPECT_THAT(help, HasSubstr("  b     " + std::string(kBindingId) + ", as 16 bytes\n"));
  EXPECT_THAT(help, HasSubstr("  pk    of region, \"Id\": "));
  EXPECT_THAT(help, HasSubstr("  f     0102030405060708, as 8 bytes"));
  EXPECT_THAT(help, HasSubstr("  kind  the text of card_kind\n"));
  EXPECT_THAT(ColumnTable({column}).Render(), HasSubstr("cards (field customers.card)"));
}

}  // namespace
}  // namespace fieldkms
