#include "crypto/status.h"

#include <set>
#include <string>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using ::testing::Not;

TEST(StatusTest, ErrorCarriesCodeReasonMessageAndField) {
  const absl::Status status =
      Error(absl::StatusCode::kNotFound, Reason::kKeyNotFound, "no such key", "items[3].key");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound, Reason::kKeyNotFound));
  EXPECT_EQ(status.message(), "no such key");
  EXPECT_EQ(FieldOf(status), "items[3].key");
}

TEST(StatusTest, MatchersTellErrorsApart) {
  const absl::Status status = InvalidField("name", "is empty");
  EXPECT_THAT(status, StatusIs(Reason::kInvalidField));
  EXPECT_THAT(status, Not(StatusIs(Reason::kKeyNotFound)));
  EXPECT_THAT(status, Not(StatusIs(absl::StatusCode::kNotFound, Reason::kInvalidField)));
  EXPECT_THAT(status, Not(IsOk()));
  EXPECT_THAT(absl::OkStatus(), IsOk());
  EXPECT_THAT(absl::StatusOr<int>(status), StatusIs(Reason::kInvalidField));
  EXPECT_THAT(absl::StatusOr<int>(7), IsOk());
}

TEST(StatusTest, OkAndForeignStatusesHaveNoReasonOfOurs) {
  EXPECT_EQ(ReasonOf(absl::OkStatus()), Reason::kUnspecified);
  EXPECT_EQ(ReasonOf(absl::AbortedError("from elsewhere")), Reason::kInternal);
  EXPECT_EQ(FieldOf(absl::AbortedError("from elsewhere")), "");
  EXPECT_EQ(FieldOf(absl::OkStatus()), "");
}

TEST(StatusTest, ReasonNamesAreDistinctAndSurviveTheStatus) {
  std::set<std::string> names;
  for (int i = 0; i <= static_cast<int>(Reason::kInternal); ++i) {
    const auto reason = static_cast<Reason>(i);
    names.emplace(ReasonName(reason));
    EXPECT_EQ(ReasonOf(Error(absl::StatusCode::kInternal, reason, "message")), reason);
    EXPECT_EQ(ReasonFromName(ReasonName(reason)), reason);
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(Reason::kInternal) + 1);
  EXPECT_EQ(ReasonName(Reason::kKeyNotFound), "KEY_NOT_FOUND");
  EXPECT_EQ(ReasonFromName("FROM_A_NEWER_SERVER"), std::nullopt);
}

TEST(StatusTest, DecryptErrorsLookAlikeOutside) {
  const Reason details[] = {Reason::kEnvelopeMalformed, Reason::kSuiteUnknown,
                            Reason::kKeyIdUnknown,      Reason::kKeyVersionUnknown,
                            Reason::kOtherTenant,       Reason::kOtherKey,
                            Reason::kTagMismatch,       Reason::kDecryptFailed};
  const absl::Status first = DecryptError(Reason::kDecryptFailed);
  for (const Reason detail : details) {
    const absl::Status status = DecryptError(detail);
    EXPECT_EQ(status.code(), first.code());
    EXPECT_EQ(status.message(), first.message());
    EXPECT_EQ(FieldOf(status), "");
    EXPECT_EQ(ReasonOf(status), detail);
    EXPECT_EQ(PublicReason(detail), Reason::kDecryptFailed);
  }
  EXPECT_EQ(PublicReason(Reason::kKeyNotFound), Reason::kKeyNotFound);
}

TEST(StatusTest, DeepCopyIsEqual) {
  const absl::Status status =
      Error(absl::StatusCode::kUnavailable, Reason::kRootUnavailable, "down", "root");
  EXPECT_EQ(DeepCopy(status), status);
  EXPECT_OK(DeepCopy(absl::OkStatus()));
}

absl::StatusOr<int> Half(int n) {
  if (n % 2 != 0) return InvalidField("n", "must be even");
  return n / 2;
}

absl::StatusOr<int> Quarter(int n) {
  FIELDKMS_ASSIGN_OR_RETURN(const int half, Half(n));
  FIELDKMS_ASSIGN_OR_RETURN(const int quarter, Half(half));
  FIELDKMS_RETURN_IF_ERROR(Half(0).status());
  return quarter;
}

TEST(StatusTest, MacrosPassErrorsOn) {
  ASSERT_OK_AND_ASSIGN(const int quarter, Quarter(8));
  EXPECT_EQ(quarter, 2);
  EXPECT_THAT(Quarter(6), StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField));
}

}  // namespace
}  // namespace fieldkms
