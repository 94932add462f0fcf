#include "kms/service/audit_records.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "kms/audit/audit_line.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

std::string LineOf(const AuditRecord& record) {
  std::string line;
  AppendAuditSeq(12, &line);
  AppendAuditBody(record, WallTime(std::chrono::microseconds(1'700'000'000'000'001)), &line);
  line.pop_back();
  return line;
}

// Whatever a line may say has a member: one that is added there and not here is found by this.
TEST(AuditRecordsTest, TellsAllThatALineSays) {
  AuditRecord record;
  record.kind = AuditKind::kIntent;
  record.method = "A.B";
  record.principal = "me";
  record.peer.known = true;
  record.peer.uid = 0;
  record.peer.pid = 77;
  record.address = "ipv4:192.0.2.7:4711";
  record.tenant = "acme";
  record.keys.count = 2;
  record.keys.names = {"a", "b"};
  record.keys.more = true;
  record.destination_keys = AuditKeys("c");
  record.destination_keys.more = true;
  record.key_version = 3;
  record.alias = "alias";
  record.fields = AuditKeys("field");
  record.fields.more = true;
  record.shown = "full";
  record.recipient = "recipient";
  record.subject = "subject";
  record.job = "job";
  record.items = 4;
  record.failed = 5;
  record.code = "OK";
  record.reason = "WHY";
  record.request_id = "request";
  record.trace_id = "trace";
  record.lease_id = "lease";
  record.used_messages = uint64_t{1} << 40;
  record.first_record = 6;
  record.end_record = 7;
  v1::AuditRecord out;
  ToProto({99, LineOf(record)}, /*with_line=*/true, &out);
  EXPECT_EQ(out.index(), 99u);
  EXPECT_EQ(out.seq(), 12u);
  EXPECT_EQ(out.time().seconds(), 1'700'000'000);
  EXPECT_EQ(out.time().nanos(), 1'000);
  EXPECT_EQ(out.kind(), v1::AUDIT_RECORD_KIND_INTENT);
  EXPECT_EQ(out.peer().pid(), 77);
  EXPECT_EQ(out.address(), "ipv4:192.0.2.7:4711");
  EXPECT_EQ(out.keys(0) + out.keys(1), "ab");
  EXPECT_EQ(out.destination_keys(0), "c");
  EXPECT_EQ(out.fields(0), "field");
  EXPECT_TRUE(out.more_keys() && out.more_destination_keys() && out.more_fields());
  EXPECT_EQ(out.used_messages(), uint64_t{1} << 40);
  EXPECT_EQ(out.line(), LineOf(record));
  const auto* const reflection = out.GetReflection();
  for (int i = 0; i < out.GetDescriptor()->field_count(); ++i) {
    const auto* const field = out.GetDescriptor()->field(i);
    EXPECT_TRUE(field->is_repeated() ? reflection->FieldSize(out, field) > 0
                                     : reflection->HasField(out, field))
        << field->name();
  }
}

TEST(AuditRecordsTest, HasEveryKind) {
  for (const AuditKind kind :
       {AuditKind::kStart, AuditKind::kStop, AuditKind::kIntent, AuditKind::kOutcome,
        AuditKind::kRefusal, AuditKind::kFlood, AuditKind::kDropped, AuditKind::kAlarm}) {
    AuditRecord record;
    record.kind = kind;
    v1::AuditRecord out;
    ToProto({0, LineOf(record)}, false, &out);
    EXPECT_EQ(static_cast<int>(out.kind()), static_cast<int>(kind) + 1);
    EXPECT_FALSE(out.has_peer());
    EXPECT_EQ(out.line(), "");
    // And is found by it.
    v1::AuditFilter filter;
    filter.set_kind(out.kind());
    ASSERT_OK_AND_ASSIGN(const RecordFilter by_kind, FromProto("", filter));
    EXPECT_TRUE(Takes(by_kind, LineOf(record)));
  }
}

TEST(AuditRecordsTest, OfWhatIsNoRecordTellsWhereItIs) {
  for (const std::string line :
       {"", "{\"seq\":7,\"ti", "[]", "7", "{\"seq\":\"x\",\"time\":\"no\",\"kind\":3,\"keys\":1}",
        "{\"index\":5,\"line\":\"x\",\"peer\":7,\"items\":[1],\"more_keys\":\"x\",\"more_keys\":[]"
        "}",
        "\xff\xfe{}"}) {
    v1::AuditRecord out;
    ToProto({3, line}, false, &out);
    EXPECT_EQ(out.ByteSizeLong(), 2u) << line;
    EXPECT_EQ(out.index(), 3u);
  }
}

TEST(AuditRecordsTest, TimesOfAFilterAreAsExactAsTheTrails) {
  v1::AuditFilter filter;
  filter.mutable_since()->set_seconds(1'700'000'000);
  filter.mutable_since()->set_nanos(1);
  filter.mutable_until()->set_seconds(1'700'000'000);
  filter.mutable_until()->set_nanos(999'999'001);
  ASSERT_OK_AND_ASSIGN(const RecordFilter times, FromProto("", filter));
  EXPECT_OK(CheckFilter(times));
  const auto takes = [&times](const char* fraction) {
    return Takes(times, std::string("{\"seq\":1,\"time\":\"2023-11-14T22:13:") + fraction + "Z\"}");
  };
  EXPECT_FALSE(takes("20.000000"));
  EXPECT_TRUE(takes("20.000001"));
  EXPECT_TRUE(takes("20.999999"));
  EXPECT_FALSE(takes("21.000000"));
}

TEST(AuditRecordsTest, TokensComeBackAndNothingElseDoes) {
  const AuditPlace place{{5, 600, 7}, 88};
  const std::string token = AuditToken("a/b.c", place);
  ASSERT_OK_AND_ASSIGN(const AuditPlace back, ParseAuditToken("a/b.c", token, "page_token"));
  EXPECT_EQ(AuditToken("a/b.c", back), token);
  EXPECT_EQ(back.end, 88u);
  EXPECT_EQ(back.at.index, 7u);
  EXPECT_THAT(ParseAuditToken("a/b.d", token, "page_token"), StatusIs(Reason::kInvalidField));
  for (size_t size = 0; size < token.size(); ++size) {
    EXPECT_THAT(ParseAuditToken("a/b.c", token.substr(0, size), "t"),
                StatusIs(Reason::kInvalidField));
  }
  for (const char* const bad : {"1.5.600.7/88a/b.c", "1.5.600.7/088/a/b.c", "1.05.600.7/88/a/b.c",
                                "1.5.600.7/-1/a/b.c", "1.5.600.7//a/b.c", "2.5.600.7/88/a/b.c"}) {
    EXPECT_THAT(ParseAuditToken("a/b.c", bad, "t"), StatusIs(Reason::kInvalidField)) << bad;
  }
}

}  // namespace
}  // namespace fieldkms
