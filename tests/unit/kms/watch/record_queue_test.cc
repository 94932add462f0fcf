#include "kms/watch/record_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "kms/audit/audit_line.h"
#include "tests/unit/kms/watch/watch_records.h"

namespace fieldkms {
namespace {

using testing::CallOf;
using testing::kMorning;

std::string LineOf(const AuditRecord& record, WallTime time) {
  std::string line;
  AppendAuditBody(record, time, &line);
  return line;
}

TEST(RecordQueueTest, GivesWhatIsWatchedOfARecord) {
  AuditRecord record = CallOf("shop", "a", "acme");
  record.peer = {true, 7, 0};
  record.address = "ipv4:192.0.2.7:4711";
  record.alias = "alias";
  record.reason = "TAG_MISMATCH";
  record.trace_id = "0af7";
  record.items = 9;
  record.failed = 2;
  record.keys.count = kMaxAuditKeys;
  const std::vector<std::string> names = {"a", "b", "c", "d", "e", "f", "g", "h"};
  std::copy(names.begin(), names.end(), record.keys.names.begin());
  record.destination_keys = AuditKeys("other");
  record.fields = AuditKeys("field");
  RecordQueue queue(1'000'000);
  EXPECT_TRUE(queue.Empty());
  EXPECT_TRUE(queue.Put(record, kMorning)) << "the first";
  EXPECT_FALSE(queue.Put(AuditRecord{}, kMorning + std::chrono::hours(1)));
  EXPECT_FALSE(queue.Empty());
  std::vector<std::string> lines;
  const auto each = [&lines](const AuditRecord& taken, WallTime time) {
    lines.push_back(LineOf(taken, time));
  };
  queue.TakeAll(each);
  EXPECT_EQ(lines, (std::vector{LineOf(record, kMorning),
                                LineOf(AuditRecord{}, kMorning + std::chrono::hours(1))}));
  queue.TakeAll(each);
  EXPECT_EQ(lines.size(), 2u);
  EXPECT_TRUE(queue.Empty());
}

TEST(RecordQueueTest, WhatHasNoRoomIsCountedAndTheOthersStay) {
  RecordQueue queue(10'000);
  for (int i = 0; i < 1'000; ++i) queue.Put(CallOf("shop"), kMorning);
  uint64_t taken = 0;
  queue.TakeAll([&taken](const AuditRecord& record, WallTime) {
    EXPECT_EQ(record.principal, "shop");
    ++taken;
  });
  EXPECT_GT(taken, 10u);
  EXPECT_EQ(taken + queue.Dropped(), 1'000u);
  EXPECT_TRUE(queue.Put(CallOf("shop"), kMorning)) << "there is room again";
}

TEST(RecordQueueTest, TextsBeyondAnyNameAreCut) {
  const std::string name(100'000, 'x');
  RecordQueue queue(10'000);
  queue.Put(CallOf(name), kMorning);
  queue.TakeAll([](const AuditRecord& record, WallTime) {
    EXPECT_EQ(record.principal, std::string(1'024, 'x'));
    EXPECT_EQ(record.tenant, "acme");
  });
}

TEST(RecordQueueTest, TakesFromManyThreadsWhatTheyPut) {
  constexpr int kEach = 5'000;
  RecordQueue queue(100'000);
  std::atomic<int> ended = 0;
  std::vector<std::thread> threads;
  for (const char* const name : {"a", "b", "c"}) {
    threads.emplace_back([&queue, &ended, name] {
      for (int i = 0; i < kEach; ++i) queue.Put(CallOf(name), kMorning);
      ++ended;
    });
  }
  uint64_t taken = 0;
  const auto count = [&taken](const AuditRecord& record, WallTime) {
    taken += record.tenant == "acme" ? 1 : 0;
  };
  while (ended < 3) queue.TakeAll(count);
  for (std::thread& thread : threads) thread.join();
  queue.TakeAll(count);
  EXPECT_EQ(taken + queue.Dropped(), 3u * kEach);
}

}  // namespace
}  // namespace fieldkms
