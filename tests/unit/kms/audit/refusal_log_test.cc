#include "kms/audit/refusal_log.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/fake_clock.h"

namespace fieldkms {
namespace {

struct Written {
  AuditKind kind;
  Peer peer;
  uint32_t items;
  std::string address = {};
};

class FakeSink final : public AuditSink {
 public:
  void Append(const AuditRecord& record, AuditWaiter* waiter) override {
    records.push_back({record.kind, record.peer, record.items, std::string(record.address)});
    if (waiter != nullptr) waiter->OnAudited(absl::OkStatus());
  }
  std::vector<Written> records;
};

struct CountingWaiter final : AuditWaiter {
  void OnAudited(const absl::Status& status) override { told += status.ok() ? 1 : 1000; }
  int told = 0;
};

AuditRecord Refusal(uid_t uid) {
  AuditRecord record;
  record.kind = AuditKind::kRefusal;
  record.peer = {true, uid, 1};
  return record;
}

class RefusalLogTest : public ::testing::Test {
 protected:
  FakeSink sink_;
  testing::FakeClock clock_;
  CountingWaiter waiter_;
  RefusalLog log_{sink_, clock_, Rate{1, 3}};
};

TEST_F(RefusalLogTest, FewAreWrittenAndAFloodIsCounted) {
  for (int i = 0; i < 100; ++i) log_.Append(Refusal(1001), &waiter_);
  EXPECT_EQ(waiter_.told, 100);
  EXPECT_EQ(sink_.records.size(), 3u);
  log_.Flush();
  ASSERT_EQ(sink_.records.size(), 4u);
  EXPECT_EQ(sink_.records[3].kind, AuditKind::kFlood);
  EXPECT_EQ(sink_.records[3].peer.uid, 1001u);
  EXPECT_EQ(sink_.records[3].items, 97u);
  log_.Flush();
  EXPECT_EQ(sink_.records.size(), 4u) << "nothing new";
}

TEST_F(RefusalLogTest, OneCallersFloodDoesNotHideAnother) {
  for (int i = 0; i < 100; ++i) log_.Append(Refusal(1001), nullptr);
  log_.Append(Refusal(1002), nullptr);
  EXPECT_EQ(sink_.records.back().peer.uid, 1002u);
}

TEST_F(RefusalLogTest, CallersOfANetworkAreToldApartByAddressNotByPort) {
  AuditRecord refusal;
  refusal.kind = AuditKind::kRefusal;
  for (int i = 0; i < 100; ++i) {
    const std::string address = "ipv4:192.0.2.7:" + std::to_string(40'000 + i);
    refusal.address = address;
    log_.Append(refusal, nullptr);
  }
  EXPECT_EQ(sink_.records.size(), 3u);
  refusal.address = "ipv4:192.0.2.8:40000";
  log_.Append(refusal, nullptr);
  EXPECT_EQ(sink_.records.size(), 4u);
  log_.Flush();
  ASSERT_EQ(sink_.records.size(), 5u);
  EXPECT_EQ(sink_.records.back().address, "ipv4:192.0.2.7:40000");
  EXPECT_EQ(sink_.records.back().items, 97u);
}

TEST_F(RefusalLogTest, WritesAgainWhenTheFloodIsOver) {
  for (int i = 0; i < 100; ++i) log_.Append(Refusal(1001), nullptr);
  clock_.now += std::chrono::seconds(10);
  log_.Append(Refusal(1001), nullptr);
  EXPECT_EQ(sink_.records.size(), 4u);
  EXPECT_EQ(sink_.records.back().kind, AuditKind::kRefusal);
}

TEST_F(RefusalLogTest, CallersWithoutCredentialsAreOneCaller) {
  AuditRecord refusal = Refusal(0);
  refusal.peer = {};
  for (int i = 0; i < 10; ++i) log_.Append(refusal, nullptr);
  log_.Append(Refusal(0), nullptr);
  EXPECT_EQ(sink_.records.size(), 4u) << "uid 0 is another";
  log_.Flush();
  EXPECT_FALSE(sink_.records.back().peer.known);
  EXPECT_EQ(sink_.records.back().items, 7u);
}

// Uids are cheap in user namespaces; the table of callers is not to grow for ever.
TEST_F(RefusalLogTest, ManyCallersAreCountedTogether) {
  for (uid_t uid = 0; uid < 5000; ++uid) log_.Append(Refusal(uid), nullptr);
  EXPECT_LE(sink_.records.size(), 1027u);
  log_.Flush();
  uint32_t counted = 0;
  size_t written = 0;
  for (const Written& record : sink_.records) {
    if (record.kind == AuditKind::kFlood) {
      counted += record.items;
    } else {
      ++written;
    }
  }
  EXPECT_EQ(written + counted, 5000u);
}

}  // namespace
}  // namespace fieldkms
