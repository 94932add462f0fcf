#include "rotation/column_shape.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/support/status_matchers.h"
#include "tests/unit/rotation/database_fixture.h"

namespace fieldkms::rotation {
namespace {

class ColumnShapeTest : public testing::DatabaseTest {
 protected:
  void SetUp() override {
    Sql("CREATE DOMAIN sealed AS bytea; "
        "CREATE TABLE \"Cards\" (b bytea, t text, v varchar(900), ba bytea[], ta text[], j json, "
        "jb jsonb, d sealed, n int, gone bytea); ALTER TABLE \"Cards\" DROP COLUMN gone");
  }
};

TEST_F(ColumnShapeTest, FollowsTheType) {
  for (const auto& [column, shape] :
       std::vector<std::pair<std::string, Shape>>{{"b", Shape::kBytea},
                                                  {"t", Shape::kText},
                                                  {"v", Shape::kText},
                                                  {"ba", Shape::kByteaArray},
                                                  {"ta", Shape::kTextArray},
                                                  {"j", Shape::kJson},
                                                  {"jb", Shape::kJsonb},
                                                  {"d", Shape::kBytea}}) {
    EXPECT_EQ(ShapeOfColumn(database(), {"public", "Cards"}, column).value(), shape) << column;
  }
}

TEST_F(ColumnShapeTest, NamesWhatIsNotThere) {
  const auto field_of = [this](const TableName& table, std::string_view column) {
    const auto shape = ShapeOfColumn(database(), table, column);
    EXPECT_THAT(shape, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField));
    return FieldOf(shape.status());
  };
  EXPECT_EQ(field_of({"public", "cards"}, "b"), "table");
  EXPECT_EQ(field_of({"other", "Cards"}, "b"), "table");
  EXPECT_EQ(field_of({"public", "Cards"}, "missing"), "column");
  EXPECT_EQ(field_of({"public", "Cards"}, "gone"), "column");
  EXPECT_EQ(field_of({"public", "Cards"}, "n"), "column");
}

}  // namespace
}  // namespace fieldkms::rotation
