#include "clients/cli/report.h"

#include <string>

#include "clients/cli/exit_code.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

TEST(TableTest, AlignsColumnsAndTrimsLines) {
  Table table({"NAME", "PRIMARY"});
  table.Add({"customers.card_number", "12"});
  table.Add({"a"});
  EXPECT_EQ(table.Render(),
            "NAME                   PRIMARY\n"
            "customers.card_number  12\n"
            "a\n");
}

TEST(TableTest, WithoutRowsIsItsHeader) { EXPECT_EQ(Table({"A", "B"}).Render(), "A  B\n"); }

TEST(PropertiesTest, AlignsValues) {
  EXPECT_EQ(Properties({{"key id", "00ff"}, {"name", "a"}, {"empty", ""}}),
            "key id  00ff\n"
            "name    a\n"
            "empty\n");
}

TEST(JsonLineTest, IsOneLineOfUtf8WhateverTheBytes) {
  const std::string line = JsonLine({{"a", "line\nbreak"}, {"b", "\xff"}});
  EXPECT_EQ(line, "{\"a\":\"line\\nbreak\",\"b\":\"\xef\xbf\xbd\"}\n");
}

TEST(ErrorTest, NamesCodeReasonAndField) {
  const absl::Status status =
      Error(absl::StatusCode::kNotFound, Reason::kKeyNotFound, "no such key", "key");
  EXPECT_EQ(ErrorText(status), "no such key (NOT_FOUND, KEY_NOT_FOUND, field key)");
  EXPECT_EQ(
      ErrorJson(status).dump(),
      R"({"code":"NOT_FOUND","reason":"KEY_NOT_FOUND","field":"key","message":"no such key"})");
}

TEST(ErrorTest, KeepsInternalReasonsToItself) {
  const absl::Status status = DecryptError(Reason::kTagMismatch);
  EXPECT_EQ(ErrorJson(status)["reason"], "DECRYPT_FAILED");
  EXPECT_THAT(ErrorText(status), ::testing::HasSubstr("DECRYPT_FAILED"));
}

TEST(TimeTest, IsRfc3339) {
  google::protobuf::Timestamp time;
  time.set_seconds(1'800'000'000);
  time.set_nanos(123'456'000);
  EXPECT_EQ(TimeForJson(time), "2027-01-15T08:00:00.123456Z");
  EXPECT_EQ(TimeForPeople(time), "2027-01-15T08:00:00Z");
}

TEST(ExitCodeTest, FollowsTheDocument) {
  const auto code = [](absl::StatusCode status, Reason reason) {
    return static_cast<int>(ExitCodeOf(Error(status, reason, "m")));
  };
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::OkStatus())), 0);
  EXPECT_EQ(code(absl::StatusCode::kInternal, Reason::kInternal), 1);
  EXPECT_EQ(code(absl::StatusCode::kUnknown, Reason::kUnspecified), 1);
  EXPECT_EQ(code(absl::StatusCode::kInvalidArgument, Reason::kInvalidField), 2);
  EXPECT_EQ(code(absl::StatusCode::kResourceExhausted, Reason::kRequestTooLarge), 2);
  EXPECT_EQ(code(absl::StatusCode::kNotFound, Reason::kKeyNotFound), 3);
  EXPECT_EQ(code(absl::StatusCode::kPermissionDenied, Reason::kPermissionDenied), 4);
  EXPECT_EQ(code(absl::StatusCode::kUnauthenticated, Reason::kUnauthenticated), 4);
  EXPECT_EQ(code(absl::StatusCode::kInvalidArgument, Reason::kDecryptFailed), 5);
  EXPECT_EQ(code(absl::StatusCode::kInvalidArgument, Reason::kEnvelopeMalformed), 5);
  EXPECT_EQ(code(absl::StatusCode::kInvalidArgument, Reason::kImportFailed), 5);
  EXPECT_EQ(code(absl::StatusCode::kInvalidArgument, Reason::kBackupInvalid), 5);
  EXPECT_EQ(code(absl::StatusCode::kDataLoss, Reason::kBackupInvalid), 5);
  EXPECT_EQ(code(absl::StatusCode::kUnavailable, Reason::kUnspecified), 6);
  EXPECT_EQ(code(absl::StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded), 6);
  EXPECT_EQ(code(absl::StatusCode::kResourceExhausted, Reason::kRateLimited), 6);
  EXPECT_EQ(code(absl::StatusCode::kAlreadyExists, Reason::kKeyExists), 8);
  EXPECT_EQ(code(absl::StatusCode::kAborted, Reason::kPrimaryChanged), 8);
  EXPECT_EQ(code(absl::StatusCode::kFailedPrecondition, Reason::kRequestIdReused), 8);
}

}  // namespace
}  // namespace fieldkms
