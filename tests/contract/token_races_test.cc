// Many that put, use and erase the same tokens at once, by one store or by two of one place.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/contract/store_contract.h"
#include "tests/contract/token_fixture.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using std::chrono::hours;

// The stores that threads use in turn.
using Stores = std::vector<Store*>;

// One thread each of `threads`, with its number and a store.
template <class Body>
void InThreads(const Stores& stores, unsigned threads, const Body& body) {
  std::vector<std::jthread> running;
  for (unsigned i = 0; i < threads; ++i) {
    running.emplace_back([&, i] { body(i, stores[i % stores.size()]->tokens()); });
  }
}

// Each thread puts the same values, in an order of its own, with tokens and ends of its own: all
// of them get the same token for a value, and that is the one that is there.
void ExpectOneTokenAValue(const Stores& stores, WallTime now) {
  constexpr unsigned kThreads = 4;
  constexpr size_t kValues = 300;
  std::mutex mutex;
  std::map<std::string, std::set<std::string>> given;
  int stored = 0;
  InThreads(stores, kThreads, [&](unsigned thread, TokenStore& tokens) {
    std::vector<TokenRecord> records;
    for (size_t value = 0; value < kValues; ++value) {
      const std::string number = std::to_string(value);
      records.push_back(
          Convergent("tok_" + std::to_string(thread) + "_" + number, "value " + number, now));
      records.back().expire_time = now + hours(1 + (value + thread) % 3);
    }
    std::shuffle(records.begin(), records.end(), std::mt19937(thread));
    const auto put = tokens.PutTokens(kCards, records, now, kNoDeadline);
    ASSERT_OK(put);
    const std::lock_guard lock(mutex);
    for (size_t i = 0; i < records.size(); ++i) {
      given[records[i].lookup].insert((*put)[i].token);
      if ((*put)[i].result == PutResult::kStored) ++stored;
    }
  });
  EXPECT_EQ(stored, static_cast<int>(kValues));
  ASSERT_EQ(given.size(), kValues);
  TokenNames names;
  for (const auto& [lookup, all] : given) {
    ASSERT_EQ(all.size(), 1u) << lookup;
    names.push_back(*all.begin());
  }
  ASSERT_OK_AND_ASSIGN(const auto found,
                       stores[0]->tokens().GetTokens(kCards, names, now, kNoDeadline));
  for (const auto& token : found) {
    ASSERT_NE(token, std::nullopt);
    // Of four in a row of ends, one is the latest there is.
    EXPECT_EQ(token->expire_time, now + hours(3));
  }
}

void ExpectOneValueAToken(const Stores& stores, WallTime now) {
  for (int round = 0; round < 10; ++round) {
    const std::string name = "tok_" + std::to_string(round);
    std::atomic<int> stored = 0;
    std::atomic<int> taken = 0;
    InThreads(stores, 4, [&](unsigned thread, TokenStore& tokens) {
      const std::vector<TokenRecord> one = {Convergent(name, name + std::to_string(thread), now)};
      const auto put = tokens.PutTokens(kCards, one, now, kNoDeadline);
      ASSERT_OK(put);
      ++((*put)[0].result == PutResult::kStored ? stored : taken);
      if ((*put)[0].result != PutResult::kStored) {
        EXPECT_THAT((*put)[0], IsTaken());
      }
    });
    EXPECT_EQ(stored, 1);
    EXPECT_EQ(taken, 3);
  }
}

void ExpectUsedOnce(const Stores& stores, WallTime now) {
  constexpr size_t kTokens = 200;
  std::vector<TokenRecord> records;
  TokenNames names;
  for (size_t i = 0; i < kTokens; ++i) {
    records.push_back(SingleUse("tok_" + std::to_string(i), now));
  }
  ASSERT_OK(stores[0]->tokens().PutTokens(kCards, records, now, kNoDeadline));
  for (const TokenRecord& record : records) names.push_back(record.token);
  std::mutex mutex;
  std::multiset<std::string> sealed;
  InThreads(stores, 4, [&](unsigned thread, TokenStore& tokens) {
    TokenNames mine = names;
    std::shuffle(mine.begin(), mine.end(), std::mt19937(thread));
    for (size_t begin = 0; begin < mine.size(); begin += 20) {
      const auto used = tokens.UseTokens(
          kCards, std::span<const std::string_view>(mine).subspan(begin, 20), now, kNoDeadline);
      ASSERT_OK(used);
      const std::lock_guard lock(mutex);
      for (const auto& record : *used) {
        if (record) sealed.insert(record->sealed);
      }
    }
  });
  EXPECT_EQ(sealed.size(), kTokens);
  EXPECT_EQ(std::set<std::string>(sealed.begin(), sealed.end()).size(), kTokens);
}

// Values are put while others erase them and sweep them: each call ends, and says what is so.
void ExpectPutsAmongErasures(const Stores& stores, WallTime now) {
  constexpr size_t kValues = 20;
  std::atomic<bool> stop = false;
  std::jthread sweeper([&] {
    while (!stop) {
      EXPECT_OK(stores.back()->tokens().SweepExpired(now + hours(1), 7, kNoDeadline));
      TokenNames lookups = {"value 0", "value 7", "value 13"};
      EXPECT_OK(stores.back()->tokens().EraseTokensByLookup(kCards, lookups, {}, kNoDeadline));
    }
  });
  InThreads(stores, 3, [&](unsigned thread, TokenStore& tokens) {
    for (int round = 0; round < 15; ++round) {
      std::vector<TokenRecord> records;
      for (size_t value = 0; value < kValues; ++value) {
        const std::string number = std::to_string(value);
        records.push_back(
            Convergent("tok_" + std::to_string(thread) + "_" + std::to_string(round) + "_" + number,
                       "value " + number, now));
        if (value % 2 == 0) records.back().expire_time = now + hours(1 + round % 2);
      }
      const auto put = tokens.PutTokens(kCards, records, now, kNoDeadline);
      ASSERT_OK(put);
      for (const PutOutcome& outcome : *put) EXPECT_NE(outcome.result, PutResult::kTaken);
    }
  });
  stop = true;
}

TEST_P(StoreContract, ConcurrentPutsOfAValueGiveOneToken) {
  HaveTenant("acme");
  ExpectOneTokenAValue({&store()}, Now());
}
TEST_P(SharedStoreContract, ConcurrentPutsOfAValueGiveOneToken) {
  HaveTenant("acme");
  ExpectOneTokenAValue({&store(), &other()}, Now());
}

TEST_P(StoreContract, ConcurrentPutsOfATokenHaveOneWinner) {
  HaveTenant("acme");
  ExpectOneValueAToken({&store()}, Now());
}
TEST_P(SharedStoreContract, ConcurrentPutsOfATokenHaveOneWinner) {
  HaveTenant("acme");
  ExpectOneValueAToken({&store(), &other()}, Now());
}

TEST_P(StoreContract, ConcurrentUsesOfATokenHaveOneWinner) {
  HaveTenant("acme");
  ExpectUsedOnce({&store()}, Now());
}
TEST_P(SharedStoreContract, ConcurrentUsesOfATokenHaveOneWinner) {
  HaveTenant("acme");
  ExpectUsedOnce({&store(), &other()}, Now());
}

TEST_P(StoreContract, PutsAmongErasuresEnd) {
  HaveTenant("acme");
  ExpectPutsAmongErasures({&store()}, Now());
}
TEST_P(SharedStoreContract, PutsAmongErasuresEnd) {
  HaveTenant("acme");
  ExpectPutsAmongErasures({&store(), &other()}, Now());
}

// What is there when SetFrozen returns is all that there ever is.
TEST_P(SharedStoreContract, NoTokenIsUnderWayInAFrozenStore) {
  HaveTenant("acme");
  std::atomic<int> puts = 0;
  std::vector<std::jthread> threads;
  for (Store* one : {&store(), &other(), &other()}) {
    threads.emplace_back([&, one, thread = threads.size()] {
      for (int i = 0;; ++i) {
        const std::vector<TokenRecord> records = {
            Token(std::to_string(thread) + "/" + std::to_string(i), Now())};
        const auto put = one->tokens().PutTokens(kCards, records, Now(), kNoDeadline);
        if (!put.ok()) {
          EXPECT_THAT(put, StatusIs(Reason::kStoreUnavailable));
          return;
        }
        ++puts;
        puts.notify_all();
      }
    });
  }
  for (int seen = 0; seen < 30; seen = puts) puts.wait(seen);
  ASSERT_OK(store().SetFrozen(true, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const uint64_t then,
                       store().tokens().CountTokens(kCards, Now(), kNoDeadline));
  threads.clear();
  ASSERT_OK_AND_ASSIGN(const uint64_t in_the_end,
                       store().tokens().CountTokens(kCards, Now(), kNoDeadline));
  EXPECT_EQ(then, in_the_end);
  EXPECT_EQ(static_cast<uint64_t>(puts), in_the_end);
}

}  // namespace
}  // namespace fieldkms::testing
