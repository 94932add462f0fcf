#include "kms/observe/call_stats.h"

#include <gtest/gtest.h>

#include <numeric>
#include <thread>

namespace fieldkms {
namespace {

using std::chrono::nanoseconds;

constexpr size_t kOk = 0;

TEST(CallStatsTest, CountsByMethodOutcomeAndTime) {
  CallStats stats;
  MethodStats& encrypt = stats.Of("Crypto.Encrypt");
  EXPECT_EQ(&encrypt, &stats.Of("Crypto.Encrypt"));
  stats.Of("Crypto.Decrypt");
  encrypt.Note(absl::StatusCode::kOk, nanoseconds(50'000), 1, 0);
  encrypt.Note(absl::StatusCode::kOk, nanoseconds(50'001), 500, 3);
  encrypt.Note(absl::StatusCode::kNotFound, nanoseconds(2'000'000'000), 1, 1);
  const auto all = stats.All();
  ASSERT_EQ(all.size(), 2u);
  const MethodCounts& counts = all[0];
  EXPECT_EQ(counts.method, "Crypto.Encrypt");
  EXPECT_EQ(counts.by_code[kOk], 2u);
  EXPECT_EQ(counts.by_code[5], 1u);
  EXPECT_EQ(counts.by_time[0], 1u) << "bounds belong to their bucket";
  EXPECT_EQ(counts.by_time[1], 1u);
  EXPECT_EQ(counts.by_time.back(), 1u);
  EXPECT_EQ(counts.time, nanoseconds(2'000'100'001));
  EXPECT_EQ(counts.items, 502u);
  EXPECT_EQ(counts.failed_items, 4u);
  EXPECT_EQ(all[1].by_code[kOk], 0u);
}

TEST(CallStatsTest, WhatIsNoCodeIsUnknown) {
  MethodStats stats("m");
  stats.Note(static_cast<absl::StatusCode>(99), nanoseconds(-1), 1, 0);
  EXPECT_EQ(stats.Counts().by_code[2], 1u);
  EXPECT_EQ(stats.Counts().by_time[0], 1u) << "a clock that went back";
}

TEST(CallStatsTest, LosesNothingOfManyThreads) {
  MethodStats stats("m");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&stats, t] {
      for (int i = 0; i < 10'000; ++i) {
        stats.Note(absl::StatusCode::kOk, nanoseconds(t * 1'000'000), 2, 0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const MethodCounts counts = stats.Counts();
  EXPECT_EQ(counts.by_code[kOk], 40'000u);
  EXPECT_EQ(std::accumulate(counts.by_time.begin(), counts.by_time.end(), uint64_t{0}), 40'000u);
  EXPECT_EQ(counts.items, 80'000u);
}

}  // namespace
}  // namespace fieldkms
