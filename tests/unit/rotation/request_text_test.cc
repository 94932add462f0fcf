// Answers to requests: what is to be typed next is what SQL takes.
#include "rotation/request_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/status.h"
#include "rotation/request_runner.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::rotation {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

ProtectedColumn At(Conversion conversion) {
  ProtectedColumn column;
  column.table = {"public", "We ird'\"T"};
  column.column = "card_protected";
  column.plain_column = "Ca'rd";
  column.conversion = conversion;
  return column;
}

TEST(RequestTextTest, SaysWhatComesNext) {
  const std::string args = "('public.\"We ird''\"\"T\"', 'Ca''rd')";
  EXPECT_THAT(StageText(At(Conversion::kProtect)),
              AllOf(HasSubstr("stage protect: \"Ca'rd\" leads, card_protected follows"),
                    HasSubstr("CALL kms.close_column" + args)));
  EXPECT_THAT(StageText(At(Conversion::kProtectClosed)),
              AllOf(HasSubstr("CALL kms.fill_column" + args), HasSubstr("CALL kms.switch_column")));
  EXPECT_THAT(StageText(At(Conversion::kProtected)), HasSubstr("CALL kms.drop_plaintext"));
  EXPECT_THAT(
      StageText(At(Conversion::kUnprotected)),
      AllOf(HasSubstr("is the plaintext now"), HasSubstr("CALL kms.drop_ciphertext" + args)));
  EXPECT_THAT(StageText(At(Conversion::kRewriting)), HasSubstr("CALL kms.drop_plaintext"));
  EXPECT_THAT(StageText(At(Conversion::kNone)), HasSubstr("is encrypted"));
}

TEST(RequestTextTest, SaysWhereThePlaintextStillIs) {
  DroppedPlaintext dropped;
  dropped.rewritten = {{"public", "a"}};
  dropped.pending = {{"public", "b"}, {"public", "C"}};
  dropped.wal_position = "0/1";
  dropped.time = "2026-01-01";
  EXPECT_EQ(
      DroppedText(dropped),
      "The plaintext is dropped. Rewritten: public.a. NOT rewritten, and with plaintext in "
      "their files: public.b, public.\"C\". Write-ahead log up to 0/1 and backups from before "
      "2026-01-01 may hold it");
}

TEST(RequestTextTest, ErrorsAreInTermsOfSql) {
  const absl::Status status =
      InSqlTerms(Error(absl::StatusCode::kFailedPrecondition, Reason::kDatabaseRefused,
                       "the application's database: fieldkms column close comes first", "leader"));
  EXPECT_EQ(MessageOf(status), "kms.close_column comes first");
  EXPECT_EQ(FieldOf(status), "old_name");
  EXPECT_EQ(FieldOf(InSqlTerms(InvalidField("key_columns[0]", "is none"))), "row_key");
  EXPECT_EQ(ReasonOf(status), Reason::kDatabaseRefused);
}

}  // namespace
}  // namespace fieldkms::rotation
