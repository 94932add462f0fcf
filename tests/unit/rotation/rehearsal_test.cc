// Steps of conversions, rehearsed: what they would come to, and that nothing has changed.
#include "rotation/conversion.h"
#include "tests/unit/rotation/conversion_fixture.h"

namespace fieldkms::rotation {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;

class RehearsalTest : public testing::ConversionTest {
 protected:
  static constexpr StepRun kRun = StepRun::kRehearse;

  // All that a step could change.
  std::string Everything() {
    return Sql(
        "SELECT (SELECT string_agg(attname || attnotnull || attisdropped, ',' ORDER BY attnum) "
        "FROM pg_attribute WHERE attrelid = 'customers'::regclass) || ' ' || "
        "(SELECT coalesce(string_agg(tgname, ',' ORDER BY tgname), '') FROM pg_trigger WHERE "
        "tgrelid = 'customers'::regclass) || ' ' || "
        "(SELECT coalesce(string_agg(p::text, ','), '') FROM kms.protected_columns p) || ' ' || "
        "(SELECT count(*) FROM kms.pending_rewrites) || ' ' || "
        "(SELECT count(*) FROM pg_proc WHERE pronamespace = 'kms'::regnamespace) || ' ' || "
        "pg_relation_filenode('customers')");
  }
};

TEST_F(RehearsalTest, SaysWhatEachStepWouldComeTo) {
  Sql("INSERT INTO customers VALUES (1, 'a', '4111', NULL)");
  std::string before = Everything();
  const auto unchanged = [&] { return before == Everything(); };
  EXPECT_EQ(BeginProtect(database(), Card(), kRun)->conversion, Conversion::kProtect);
  EXPECT_TRUE(unchanged());

  Begin(Card());
  Fill();
  before = Everything();
  EXPECT_EQ(CloseConversion(database(), kTable, "card", kRun)->conversion,
            Conversion::kProtectClosed);
  EXPECT_OK(AbandonConversion(database(), kTable, "card", kRun));
  EXPECT_TRUE(unchanged());

  ASSERT_OK(Close());
  before = Everything();
  EXPECT_EQ(ReopenConversion(database(), kTable, "card", kRun)->conversion, Conversion::kProtect);
  const auto switched = SwitchConversion(database(), kTable, "card", {}, kRun);
  EXPECT_EQ(switched->column, "card");
  EXPECT_EQ(switched->plain_column, "card_plain");
  EXPECT_TRUE(unchanged());

  ASSERT_OK(Switch());
  before = Everything();
  const auto dropped = DropPlaintext(database(), kTable, "card", true, kRun);
  ASSERT_OK(dropped);
  EXPECT_THAT(dropped->pending, ElementsAre(kTable));
  EXPECT_TRUE(dropped->rewritten.empty());
  EXPECT_TRUE(unchanged());

  ASSERT_OK(DropPlain(false));
  before = Everything();
  EXPECT_THAT(DropPlaintext(database(), kTable, "card", true, kRun)->pending, ElementsAre(kTable));
  EXPECT_TRUE(unchanged());

  ASSERT_OK(DropPlain());
  before = Everything();
  EXPECT_EQ(BeginUnprotect(database(), kTable, "card", "clear", "text", kRun)->plain_column,
            "clear");
  EXPECT_TRUE(unchanged());

  ASSERT_OK(Unprotect("text"));
  Sql("UPDATE customers SET card_clear = '4111'");
  ASSERT_OK(Close());
  ASSERT_OK(Switch());
  before = Everything();
  EXPECT_OK(DropCiphertext(database(), kTable, "card", kRun));
  EXPECT_TRUE(unchanged());
}

TEST_F(RehearsalTest, IsRefusedAsTheStepWouldBe) {
  auto wrong = Card();
  wrong.key_columns = {"missing"};
  EXPECT_THAT(BeginProtect(database(), wrong, kRun),
              StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField));
  Begin(Card());
  Sql("INSERT INTO customers VALUES (1, 'a', '4111', NULL)");
  ASSERT_OK(Close());
  EXPECT_THAT(SwitchConversion(database(), kTable, "card", {}, kRun),
              StatusIs(Reason::kDatabaseRefused));
  EXPECT_THAT(DropPlaintext(database(), kTable, "card", true, kRun),
              StatusIs(Reason::kDatabaseRefused));
}

}  // namespace
}  // namespace fieldkms::rotation
