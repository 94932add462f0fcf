// Names of tables and columns as they stand on a command line.
#include "clients/cli/table_names.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using rotation::TableName;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(TableNamesTest, AreAsInSql) {
  EXPECT_EQ(ParseTableName("public.customers", "table").value(),
            (TableName{"public", "customers"}));
  EXPECT_EQ(ParseTableName("_s1.t$2", "table").value(), (TableName{"_s1", "t$2"}));
  EXPECT_EQ(ParseTableName(R"("My Schema"."a.b""c")", "table").value(),
            (TableName{"My Schema", "a.b\"c"}));
  EXPECT_EQ(ParseTableName(R"(public."Kundenstämme")", "table").value(),
            (TableName{"public", "Kundenstämme"}));
  const std::string longest(63, 'a');
  EXPECT_EQ(ParseTableName("public." + longest, "table")->table, longest);
}

TEST(TableNamesTest, RefuseWhatIsNotPlainAndDoNotRepeatIt) {
  for (const std::string& bad :
       {std::string(), std::string("secret"), std::string("public."), std::string(".secret"),
        std::string("public.secret.x"), std::string("public.Secret"), std::string("PUBLIC.secret"),
        std::string("public.1secret"), std::string("public. secret"), std::string("public.secret "),
        std::string("public.secret;"), std::string("public.\"secret"), std::string("public.\"\""),
        std::string("\"public\"secret.x"), std::string("public.secret:x"),
        std::string("public.geheimnisß"), "public." + std::string(64, 'a'),
        "public.\"" + std::string(64, 'a') + "\""}) {
    const auto name = ParseTableName(bad, "table");
    EXPECT_THAT(name, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField)) << bad;
    EXPECT_EQ(FieldOf(name.status()), "table") << bad;
    EXPECT_THAT(std::string(name.status().message()), Not(HasSubstr("ecret"))) << bad;
  }
}

TEST(TableNamesTest, ColumnsFollowAColon) {
  ASSERT_OK_AND_ASSIGN(v1::RotationTable table, ParseTableColumns("public.t", "table"));
  EXPECT_EQ(table.schema(), "public");
  EXPECT_EQ(table.table(), "t");
  EXPECT_EQ(table.columns_size(), 0);
  ASSERT_OK_AND_ASSIGN(table, ParseTableColumns(R"("S:1".t:a,"b,c",d)", "table"));
  EXPECT_EQ(table.schema(), "S:1");
  EXPECT_THAT(table.columns(), ElementsAre("a", "b,c", "d"));
  for (const char* bad : {"public.t:", "public.t:a,", "public.t:,a", "public.t:a,a", "public.t:a b",
                          "t:a", "public.t:a:b"}) {
    EXPECT_THAT(ParseTableColumns(bad, "table"), StatusIs(Reason::kInvalidField)) << bad;
  }
}

TEST(TableNamesTest, ListsOfColumns) {
  EXPECT_THAT(ParseColumnList("a", "row-key").value(), ElementsAre("a"));
  EXPECT_THAT(ParseColumnList(R"(region,"Id")", "row-key").value(), ElementsAre("region", "Id"));
  for (const char* bad : {"", ",", "a,", "a,,b", "a;b", "a,a", "A"}) {
    const auto columns = ParseColumnList(bad, "row-key");
    EXPECT_THAT(columns, StatusIs(Reason::kInvalidField)) << bad;
    EXPECT_EQ(FieldOf(columns.status()), "row-key");
  }
  EXPECT_EQ(ParseColumnName("\"Card No\"", "column").value(), "Card No");
  EXPECT_THAT(ParseColumnName("a,b", "column"), StatusIs(Reason::kInvalidField));
}

TEST(TableNamesTest, AreShownAsTheyAreGiven) {
  EXPECT_EQ(TableText("public", "customers"), "public.customers");
  EXPECT_EQ(TableText({"My Schema", "a\"b"}), R"("My Schema"."a""b")");
  EXPECT_EQ(ColumnListText({"id", "Id"}), R"(id, "Id")");
  EXPECT_EQ(ColumnListText({}), "");
  // A terminal would take it for a command.
  EXPECT_THAT(TableText("public", "a\x1b[2J"), Not(HasSubstr("\x1b")));
}

// Of characters that names have trouble with.
rc::Gen<std::string> Name() {
  return rc::gen::suchThat(
      rc::gen::container<std::string>(rc::gen::elementOf(std::string("abz_09$AZ .,:\"'-"))),
      [](const std::string& name) { return !name.empty() && name.size() <= 63; });
}

RC_GTEST_PROP(TableNamesTest, WhatIsShownReadsBack, ()) {
  const std::string schema = *Name();
  const std::string table = *Name();
  RC_ASSERT(*ParseTableName(TableText(schema, table), "table") == (TableName{schema, table}));
  RC_ASSERT(*ParseColumnName(ColumnText(table), "column") == table);
}

}  // namespace
}  // namespace fieldkms
