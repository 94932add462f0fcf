#include "kms/identity/verdict_cache.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace fieldkms {
namespace {

using std::chrono::seconds;

TEST(VerdictCacheTest, HoldsUntilItsTimeAndForItsGeneration) {
  VerdictCache cache;
  const Principal shop{"shop"};
  const WallTime now{seconds(100)};
  EXPECT_FALSE(cache.Find("a", 1, now));
  cache.Put("a", 1, now + seconds(60), &shop);
  cache.Put("b", 1, now + seconds(60), nullptr);
  EXPECT_EQ(cache.Find("a", 1, now), &shop);
  EXPECT_EQ(cache.Find("b", 1, now), nullptr);
  EXPECT_TRUE(cache.Find("b", 1, now).has_value());
  EXPECT_FALSE(cache.Find("a", 2, now));
  EXPECT_FALSE(cache.Find("a", 1, now + seconds(60)));
  cache.Put("a", 2, now + seconds(90), nullptr);
  EXPECT_EQ(cache.Find("a", 2, now + seconds(60)), nullptr);
}

TEST(VerdictCacheTest, IsBounded) {
  VerdictCache cache;
  const WallTime now{seconds(100)};
  size_t kept = 0;
  for (size_t i = 0; i < 3 * VerdictCache::kMost; ++i) {
    cache.Put(std::to_string(i), 1, now + seconds(60), nullptr);
  }
  for (size_t i = 0; i < 3 * VerdictCache::kMost; ++i) {
    kept += cache.Find(std::to_string(i), 1, now) ? 1 : 0;
  }
  EXPECT_GT(kept, 0u);
  EXPECT_LE(kept, VerdictCache::kMost);
}

TEST(VerdictCacheTest, ManyThreads) {
  VerdictCache cache;
  const Principal shop{"shop"};
  const WallTime now{seconds(100)};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20'000; ++i) {
        const std::string name = std::to_string(i % 50);
        cache.Put(name, 1, now + seconds(60), &shop);
        const auto found = cache.Find(name, 1, now);
        EXPECT_EQ(found.value_or(&shop), &shop);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace fieldkms
