#include "crypto/random.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/fake_random.h"
#include "tests/support/fork.h"
#include "tests/support/hex.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

std::string Nonce() {
  std::array<uint8_t, 24> nonce;
  EXPECT_OK(FillNonce(nonce));
  return ToHex(nonce);
}

TEST(RandomTest, FillsEveryByteOfAnyLength) {
  EXPECT_OK(RandomBytes({}));
  for (const size_t size : {size_t{1}, size_t{31}, size_t{100'000}}) {
    // A byte that is 0xaa after each of eight fills was not written.
    std::vector<bool> written(size, false);
    for (int i = 0; i < 8; ++i) {
      std::vector<uint8_t> bytes(size, 0xaa);
      ASSERT_OK(RandomBytes(bytes));
      for (size_t j = 0; j < size; ++j) written[j] = written[j] || bytes[j] != 0xaa;
    }
    EXPECT_EQ(std::count(written.begin(), written.end(), false), 0) << size;
  }
}

TEST(FillNonceTest, NeverRepeatsWithinOrAcrossThreads) {
  constexpr int kThreads = 4;
  constexpr int kNonces = 5000;
  std::array<std::vector<std::string>, kThreads> taken;
  {
    std::vector<std::jthread> threads;
    for (auto& mine : taken) {
      threads.emplace_back([&mine] {
        for (int i = 0; i < kNonces; ++i) mine.push_back(Nonce());
      });
    }
  }
  std::set<std::string> all;
  for (const auto& mine : taken) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), size_t{kThreads} * kNonces);
}

TEST(FillNonceTest, AForkDropsThePool) {
  Nonce();  // now the pool has bytes in hand
  const std::string of_child = OutputOfChild([] { return Nonce() + Nonce(); });
  EXPECT_EQ(of_child.size(), size_t{2 * 48});
  EXPECT_NE(of_child, Nonce() + Nonce());
  EXPECT_NE(of_child, OutputOfChild([] { return Nonce() + Nonce(); }));
}

// A thread begins with an empty pool and leaves none to others.
void InThread(void (*body)()) { std::jthread thread(body); }

TEST(RandomFailureTest, RandomBytesFailsWithTheOutputWiped) {
  FakeRandom random;
  random.fails = true;
  std::array<uint8_t, 40> bytes;
  bytes.fill(0xaa);
  EXPECT_THAT(RandomBytes(bytes), StatusIs(absl::StatusCode::kInternal, Reason::kCryptoFailure));
  EXPECT_EQ(ToHex(bytes), std::string(80, '0'));
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(RandomFailureTest, FillNonceFailsRatherThanGiveAnEmptyPool) {
  InThread([] {
    FakeRandom random;
    random.fails = true;
    for (int i = 0; i < 3; ++i) {
      std::array<uint8_t, 24> nonce;
      nonce.fill(0xaa);
      EXPECT_THAT(FillNonce(nonce), StatusIs(absl::StatusCode::kInternal, Reason::kCryptoFailure));
      EXPECT_EQ(ToHex(nonce), std::string(48, '0'));
    }
    random.fails = false;
    EXPECT_NE(Nonce(), std::string(48, '0'));
  });
}

TEST(RandomFailureTest, ThePoolIsRefilledWhenUsedUp) {
  InThread([] {
    FakeRandom random;
    for (int i = 0; i < 171; ++i) Nonce();  // 170 are 4,080 bytes of 4,096
    EXPECT_GE(random.calls, 2);
  });
}

TEST(RandomFailureTest, ThePoolIsRefilledAndReseededAfterASecond) {
  InThread([] {
    FakeRandom random;
    Nonce();
    const int before = random.calls;
    const int seeds = random.seeds;
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));
    Nonce();
    EXPECT_GT(random.calls, before);
    EXPECT_GT(random.seeds, seeds);
  });
}

}  // namespace
}  // namespace fieldkms
