#include "kms/watch/watcher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/kms/watch/watch_records.h"

namespace fieldkms {
namespace {

using testing::CallOf;
using testing::DeniedCallOf;

class CountingSink final : public AuditSink {
 public:
  void Append(const AuditRecord& /*record*/, AuditWaiter* waiter) override {
    ++records;
    if (waiter != nullptr) waiter->OnAudited(absl::OkStatus());
  }
  std::atomic<int> records = 0;
};

struct CountingWaiter final : AuditWaiter {
  void OnAudited(const absl::Status& status) override { told += status.ok() ? 1 : 1000; }
  int told = 0;
};

class WatcherTest : public ::testing::Test {
 protected:
  WatcherOptions Options() {
    WatcherOptions options;
    options.on_alarm = [this](const Alarm& alarm) {
      const std::lock_guard lock(mutex_);
      alarms_.push_back(alarm);
    };
    return options;
  }

  CountingSink sink_;
  std::mutex mutex_;
  std::vector<Alarm> alarms_;
};

TEST_F(WatcherTest, HandsOnAndRaisesWhatItSees) {
  Watcher watcher(sink_, SystemClock(), Options());
  CountingWaiter waiter;
  for (int i = 0; i < 6; ++i) watcher.Append(DeniedCallOf("shop"), &waiter);
  EXPECT_EQ(waiter.told, 6) << "at once: nobody waits for who watches";
  watcher.Stop();
  ASSERT_EQ(alarms_.size(), 1u);
  EXPECT_EQ(alarms_[0].rule, AlarmRule::kRepeatedFailures);
  EXPECT_EQ(watcher.Alarms(AlarmRule::kRepeatedFailures), 1u);
  EXPECT_EQ(watcher.Alarms(AlarmRule::kDecoy), 0u);
  watcher.Append(DeniedCallOf("shop"), &waiter);
  EXPECT_EQ(sink_.records, 7) << "also after its end";
}

TEST_F(WatcherTest, AlarmsComeWhileItRuns) {
  std::promise<Alarm> raised;
  WatcherOptions options;
  options.rules.decoy_keys = {{"*", "vip"}};
  options.on_alarm = [&raised](const Alarm& alarm) { raised.set_value(alarm); };
  Watcher watcher(sink_, SystemClock(), std::move(options));
  watcher.Append(CallOf("shop", "vip"), nullptr);
  EXPECT_EQ(raised.get_future().get().key, "vip");
}

TEST_F(WatcherTest, WhatNobodyLooksAtInTimeIsCounted) {
  std::promise<void> go;
  WatcherOptions options = Options();
  options.queue_bytes = 1'000;
  options.learn = [&go](ActivityWatch&, const std::atomic<bool>&) { go.get_future().wait(); };
  Watcher watcher(sink_, SystemClock(), std::move(options));
  for (int i = 0; i < 1'000; ++i) watcher.Append(CallOf("shop"), nullptr);
  EXPECT_EQ(sink_.records, 1'000);
  EXPECT_GT(watcher.Dropped(), 900u);
  go.set_value();
  watcher.Stop();
}

TEST_F(WatcherTest, WhatWasLearntCountsAndRaisesNothing) {
  WatcherOptions options = Options();
  options.learn = [](ActivityWatch& watch, const std::atomic<bool>&) {
    std::vector<Alarm> forgotten;
    const WallTime time = SystemClock().Now();
    for (int i = 0; i < 5; ++i) watch.Take(DeniedCallOf("shop"), time, &forgotten);
  };
  Watcher watcher(sink_, SystemClock(), std::move(options));
  watcher.Append(DeniedCallOf("shop"), nullptr);
  watcher.Stop();
  EXPECT_EQ(alarms_.size(), 1u);
}

TEST_F(WatcherTest, ExcessesAreAskedFor) {
  WatcherOptions options = Options();
  options.excesses = [] { return std::vector<RevealExcess>{{"clerk", 3, 100}}; };
  Watcher watcher(sink_, SystemClock(), std::move(options));
  watcher.Append(CallOf("clerk"), nullptr);
  watcher.Stop();
  ASSERT_EQ(alarms_.size(), 1u);
  EXPECT_EQ(alarms_[0].rule, AlarmRule::kRevealBudget);
  EXPECT_EQ(alarms_[0].principal, "clerk");
}

TEST_F(WatcherTest, ManyThreadsAppend) {
  Watcher watcher(sink_, SystemClock(), Options());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&watcher] {
      for (int n = 0; n < 1'000; ++n) watcher.Append(CallOf("shop"), nullptr);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sink_.records, 4'000);
}

}  // namespace
}  // namespace fieldkms
