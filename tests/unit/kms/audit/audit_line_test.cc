#include "kms/audit/audit_line.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace fieldkms {
namespace {

std::string LineOf(const AuditRecord& record) {
  std::string line;
  AppendAuditSeq(7, &line);
  AppendAuditBody(record, WallTime(std::chrono::microseconds(1)), &line);
  return line;
}

TEST(AuditLineTest, HasEveryField) {
  AuditRecord record;
  record.method = "KeyService.RotateKey";
  record.principal = "ops";
  record.peer = {true, 1001, 4711};
  record.tenant = "acme";
  record.keys = AuditKeys("customers.card");
  record.destination_keys = AuditKeys("customers.card2");
  record.items = 10;
  record.failed = 2;
  record.code = "OK";
  record.reason = "TAG_MISMATCH";
  record.key_version = 3;
  record.alias = "customers.pan";
  record.recipient = "00ff";
  record.request_id = "request-1";
  record.lease_id = "0123";
  record.job = "4567";
  record.used_messages = 12;
  EXPECT_EQ(nlohmann::json::parse(LineOf(record)), nlohmann::json::parse(R"({
    "seq": 7, "time": "1970-01-01T00:00:00.000001Z", "kind": "outcome",
    "method": "KeyService.RotateKey", "principal": "ops", "uid": 1001, "pid": 4711,
    "tenant": "acme", "key": "customers.card",
    "destination_key": "customers.card2", "items": 10, "failed": 2, "code": "OK",
    "reason": "TAG_MISMATCH", "key_version": 3, "alias": "customers.pan",
    "recipient": "00ff", "request_id": "request-1", "lease_id": "0123", "job": "4567",
    "used_messages": 12})"));
}

TEST(AuditLineTest, LeavesOutWhatIsEmpty) {
  AuditRecord record;
  record.kind = AuditKind::kStart;
  EXPECT_EQ(LineOf(record),
            "{\"seq\":7,\"time\":\"1970-01-01T00:00:00.000001Z\",\"kind\":\"start\"}\n");
}

TEST(AuditLineTest, SeveralKeysAreAListThatSaysIfThereWereMore) {
  AuditRecord record;
  record.keys.count = 2;
  record.keys.names[0] = "a";
  record.keys.names[1] = "b";
  record.destination_keys = record.keys;
  record.destination_keys.more = true;
  const auto line = nlohmann::json::parse(LineOf(record));
  EXPECT_EQ(line["keys"], nlohmann::json({"a", "b"}));
  EXPECT_EQ(line["destination_keys"], nlohmann::json({"a", "b"}));
  EXPECT_EQ(line["more_destination_keys"], true);
  for (const char* absent : {"key", "destination_key", "more_keys"}) {
    EXPECT_FALSE(line.contains(absent)) << absent;
  }
}

TEST(AuditLineTest, SeqReadsBack) {
  EXPECT_EQ(ParseAuditSeq(LineOf({})), 7u);
  EXPECT_EQ(ParseAuditSeq(""), std::nullopt);
  EXPECT_EQ(ParseAuditSeq("{\"seq\":"), std::nullopt);
  EXPECT_EQ(ParseAuditSeq("{\"seq\":12"), std::nullopt) << "may have lost digits";
  EXPECT_EQ(ParseAuditSeq("{\"seq\":x,"), std::nullopt);
  EXPECT_EQ(ParseAuditSeq("garbage"), std::nullopt);
}

TEST(AuditLineTest, MaxSeqPassesOverLinesWithoutNumber) {
  EXPECT_EQ(MaxAuditSeq(""), 0u);
  EXPECT_EQ(MaxAuditSeq("\n"), 0u);
  EXPECT_EQ(MaxAuditSeq("garbage"), 0u);
  EXPECT_EQ(MaxAuditSeq("{\"seq\":11,}\n"), 11u);
  EXPECT_EQ(MaxAuditSeq("{\"seq\":11,}\n{\"seq\":12,"), 12u);
  EXPECT_EQ(MaxAuditSeq("{\"seq\":11,}\n{\"seq\":1"), 11u);
  EXPECT_EQ(MaxAuditSeq("cut}\n{\"seq\":11,}\n{\"se\n\n"), 11u) << "nothing after a torn line";
}

}  // namespace
}  // namespace fieldkms
