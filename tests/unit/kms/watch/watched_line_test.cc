#include "kms/watch/watched_line.h"

#include <gtest/gtest.h>

#include <string>

#include "kms/audit/audit_line.h"
#include "tests/unit/kms/watch/watch_records.h"

namespace fieldkms {
namespace {

using testing::CallOf;
using testing::DeniedCallOf;
using testing::kMorning;

std::string LineOf(const AuditRecord& record, WallTime time = kMorning) {
  std::string line;
  AppendAuditSeq(7, &line);
  AppendAuditBody(record, time, &line);
  return line;
}

TEST(WatchedLineTest, ReadsWhatWasWritten) {
  AuditRecord record = CallOf("shop", "a", "acme");
  record.peer = {true, 7, 0};
  record.address = "ipv4:192.0.2.7:4711";
  record.alias = "alias";
  record.reason = "TAG_MISMATCH";
  record.trace_id = "0af7";
  record.items = 9;
  record.failed = 2;
  record.keys.count = 2;
  record.keys.names[1] = "b";
  record.destination_keys = AuditKeys("other");
  record.fields = AuditKeys("field");
  const WallTime time = kMorning + std::chrono::microseconds(59'999'999);
  WatchedLine line;
  for (const AuditRecord& written : {record, DeniedCallOf("x"), CallOf("y")}) {
    ASSERT_TRUE(line.Read(LineOf(written, time)));
    AuditRecord read = line.record();
    EXPECT_EQ(line.time(), time);
    read.peer.pid = written.peer.pid;  // not looked at
    EXPECT_EQ(LineOf(read, time), LineOf(written, time));
  }
}

TEST(WatchedLineTest, OtherKindsAndWhatIsNoRecordAreNone) {
  WatchedLine line;
  for (const AuditKind kind : {AuditKind::kStart, AuditKind::kStop, AuditKind::kIntent,
                               AuditKind::kFlood, AuditKind::kDropped, AuditKind::kAlarm}) {
    AuditRecord record = CallOf("shop");
    record.kind = kind;
    EXPECT_FALSE(line.Read(LineOf(record)));
  }
  const std::string whole = LineOf(CallOf("shop"));
  for (const std::string& bad :
       {std::string(), std::string("7"), std::string("{}"), whole.substr(0, whole.size() / 2),
        whole.substr(1),
        std::string(R"({"seq":7,"time":"2026-13-27T10:30:00.000000Z","kind":"outcome"})"),
        std::string(R"({"seq":7,"time":"abcd-11-27T10:30:00.000000Z","kind":"outcome"})"),
        std::string(R"({"seq":7,"time":"2026-11-27T10:30:00.000000Z","kind":3})")}) {
    EXPECT_FALSE(line.Read(bad)) << bad;
  }
  EXPECT_TRUE(line.Read(whole)) << "and none of them spoils the next";
}

TEST(WatchedLineTest, MembersOfOtherTypesAreLeftOut) {
  WatchedLine line;
  ASSERT_TRUE(line.Read(
      R"({"seq":7,"time":"2026-11-27T10:30:00.000000Z","kind":"outcome","items":2,"failed":9,)"
      R"("principal":["a"],"tenant":3,"keys":["1","2","3","4","5","6","7","8","9"],"uid":-1})"));
  EXPECT_EQ(line.record().principal, "");
  EXPECT_EQ(line.record().tenant, "");
  EXPECT_EQ(line.record().keys.count, kMaxAuditKeys);
  EXPECT_EQ(line.record().failed, 2u) << "not more than there are";
  EXPECT_FALSE(line.record().peer.known);
}

}  // namespace
}  // namespace fieldkms
