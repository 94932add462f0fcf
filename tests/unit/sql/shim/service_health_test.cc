#include "sql/shim/service_health.h"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <thread>

namespace fieldkms::shim {
namespace {

TEST(ServiceHealthTest, ManyAskOnce) {
  std::counting_semaphore<> go(0);
  std::atomic<int> checks = 0, told = 0;
  Workers workers(2, 100);
  ServiceHealth health(workers, [&] {
    ++checks;
    go.acquire();
    return true;
  });
  const auto then = [&](bool serving) { told += serving ? 1 : 1'000; };
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(health.Ask(then));
  EXPECT_EQ(told, 0);
  // The other worker is free for those who have work.
  std::binary_semaphore worked(0);
  ASSERT_TRUE(workers.Submit([&] { worked.release(); }));
  EXPECT_TRUE(worked.try_acquire_for(std::chrono::seconds(10)));
  go.release(2);
  workers.Stop();
  EXPECT_EQ(told, 50);
  // It is fresh: answered at once, and without a worker.
  EXPECT_TRUE(health.Ask(then));
  EXPECT_EQ(told, 51);
  EXPECT_EQ(checks, 1);
}

TEST(ServiceHealthTest, AnAnswerGrowsOld) {
  std::atomic<bool> serves = true;
  Workers workers(1, 100);
  ServiceHealth health(workers, [&] { return serves.load(); });
  const auto ask = [&] {
    std::binary_semaphore told(0);
    std::atomic<bool> answer = false;
    EXPECT_TRUE(health.Ask([&](bool serving) {
      answer = serving;
      told.release();
    }));
    told.acquire();
    return answer.load();
  };
  EXPECT_TRUE(ask());
  serves = false;
  EXPECT_TRUE(ask());
  std::this_thread::sleep_for(std::chrono::milliseconds(1'050));
  EXPECT_FALSE(ask());
}

TEST(ServiceHealthTest, WithoutRoomNobodyIsLeftWaiting) {
  Workers workers(1, 0);
  bool told = false;
  ServiceHealth health(workers, [] { return true; });
  EXPECT_FALSE(health.Ask([&](bool) { told = true; }));
  EXPECT_FALSE(health.Ask([&](bool) { told = true; }));
  workers.Stop();
  EXPECT_FALSE(told);
}

}  // namespace
}  // namespace fieldkms::shim
