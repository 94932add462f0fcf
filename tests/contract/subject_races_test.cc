// Many that make, use, hold and erase the same subjects at once, by one store or by two of one
// place.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/contract/store_contract.h"
#include "tests/contract/subject_fixture.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

// The stores that threads use in turn.
using Stores = std::vector<Store*>;

// One thread each of `threads`, with its number and a store.
template <class Body>
void InThreads(const Stores& stores, unsigned threads, const Body& body) {
  std::vector<std::jthread> running;
  for (unsigned i = 0; i < threads; ++i) {
    running.emplace_back([&, i] { body(i, *stores[i % stores.size()]); });
  }
}

// Each thread makes the same subjects, in an order of its own: all get the same handle and secret.
void ExpectOneHandleASubject(const Stores& stores, WallTime now) {
  constexpr size_t kSubjects = 300;
  std::mutex mutex;
  std::map<std::string, std::set<std::string>> handles;
  InThreads(stores, 4, [&](unsigned thread, Store& store) {
    std::vector<SubjectUse> uses;
    for (size_t i = 0; i < kSubjects; ++i) {
      uses.push_back(Use("s" + std::to_string(i), now, 1 + (i + thread) % 3));
    }
    std::shuffle(uses.begin(), uses.end(), std::mt19937(thread));
    const auto made = store.subjects().EnsureSubjects("acme", uses, kNoDeadline);
    ASSERT_OK(made);
    const std::lock_guard lock(mutex);
    for (const SubjectRecord& subject : *made) {
      handles[subject.subject].insert(subject.handle + subject.secret);
    }
  });
  ASSERT_EQ(handles.size(), kSubjects);
  for (const auto& [subject, all] : handles) {
    ASSERT_EQ(all.size(), 1u) << subject;
    const std::string handle = all.begin()->substr(0, kSubjectHandleSize);
    ASSERT_OK_AND_ASSIGN(const auto fields,
                         stores[0]->subjects().ListSubjectFields("acme", handle, kNoDeadline));
    // Of four in a row of three.
    EXPECT_EQ(fields.size(), 3u);
  }
}

// Puts end before an erasure, whose tokens go with it, or find no subject.
void ExpectNoTokenWithoutItsSubject(const Stores& stores, WallTime now) {
  constexpr int kRounds = 30;
  uint64_t erased_tokens = 0;
  std::atomic<uint64_t> put_tokens = 0;
  for (int round = 0; round < kRounds; ++round) {
    const SubjectRecord ann = HaveSubject(*stores[0], "acme", "ann", now);
    const SubjectRecord bob = HaveSubject(*stores[0], "acme", "bob", now);
    InThreads(stores, 4, [&](unsigned thread, Store& store) {
      if (thread == 0) {
        const auto erased = store.subjects().EraseSubject("acme", "ann", ann.handle, kNoDeadline);
        ASSERT_OK(erased);
        erased_tokens += erased->tokens;
        return;
      }
      const std::string name = std::to_string(round) + "/" + std::to_string(thread) + "/";
      for (int i = 0;; ++i) {
        const std::vector<TokenRecord> records = {
            Of(bob, Token(name + "b" + std::to_string(i), now)),
            Of(ann, Convergent(name + std::to_string(i), name + std::to_string(i), now))};
        const auto put = store.tokens().PutTokens(kCards, records, now, kNoDeadline);
        if (!put.ok()) {
          EXPECT_THAT(put, NoSubject());
          return;
        }
        ++put_tokens;
      }
    });
  }
  EXPECT_EQ(erased_tokens, put_tokens);
  ASSERT_OK_AND_ASSIGN(const auto bob,
                       stores[0]->subjects().FindSubject("acme", "bob", kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const auto left,
                       stores[0]->tokens().ListTokens(kCards, "", SIZE_MAX, now, kNoDeadline));
  EXPECT_EQ(left.size(), put_tokens);
  for (const TokenRecord& token : left) EXPECT_EQ(token.subject, bob.handle);
}

// What is there when SetHold has returned stays.
void ExpectHoldsAgainstErasures(const Stores& stores, WallTime now) {
  constexpr int kRounds = 20;
  constexpr size_t kTokens = 40;
  for (int round = 0; round < kRounds; ++round) {
    const SubjectRecord ann = HaveSubject(*stores[0], "acme", "ann", now);
    std::vector<TokenRecord> records;
    TokenNames names;
    for (size_t i = 0; i < kTokens; ++i) {
      records.push_back(Of(ann, Token("t" + std::to_string(i), now)));
      records.back().lookup = "l" + std::to_string(i % 5);
    }
    ASSERT_OK(stores[0]->tokens().PutTokens(kCards, records, now, kNoDeadline));
    for (const TokenRecord& record : records) names.push_back(record.token);
    std::optional<size_t> left_then;
    InThreads(stores, 4, [&](unsigned thread, Store& store) {
      if (thread == 0) {
        const auto held = store.subjects().SetHold("acme", "ann", Hold(now), kNoDeadline);
        if (!held.ok()) {
          EXPECT_THAT(held, NoSubject());
          return;
        }
        const auto left = store.tokens().ListTokens(kCards, "", SIZE_MAX, now, kNoDeadline);
        ASSERT_OK(left);
        left_then = left->size();
      } else if (thread == 1) {
        for (const std::string_view name : names) {
          EXPECT_OK(store.tokens().EraseTokens(kCards, TokenNames{name}, {}, kNoDeadline));
        }
      } else if (thread == 2) {
        for (const std::string_view lookup : {"l4", "l3", "l2", "l1", "l0"}) {
          EXPECT_OK(
              store.tokens().EraseTokensByLookup(kCards, TokenNames{lookup}, {}, kNoDeadline));
        }
        EXPECT_OK(store.tokens().EraseField(kCards, 7, kNoDeadline));
      } else if (round % 2 == 0) {
        const auto erased = store.subjects().EraseSubject("acme", "ann", ann.handle, kNoDeadline);
        if (!erased.ok()) {
          EXPECT_THAT(erased, OnHold());
        }
      }
    });
    ASSERT_OK_AND_ASSIGN(const auto in_the_end,
                         stores[0]->tokens().ListTokens(kCards, "", SIZE_MAX, now, kNoDeadline));
    EXPECT_EQ(in_the_end.size(), left_then.value_or(0)) << round;
    const auto found = stores[0]->subjects().FindSubject("acme", "ann", kNoDeadline);
    EXPECT_EQ(found.ok(), left_then.has_value());
    ASSERT_OK(stores[0]->subjects().EraseAgain("acme", TokenNames{ann.handle}, kNoDeadline));
  }
}

// Subjects are made while others erase them: each call ends, and says what is so.
void ExpectMakingAmongErasures(const Stores& stores, WallTime now) {
  std::atomic<bool> stop = false;
  std::jthread eraser([&] {
    SubjectStore& subjects = stores.back()->subjects();
    while (!stop) {
      const auto list = subjects.ListSubjects("acme", "", 5, kNoDeadline);
      ASSERT_OK(list);
      TokenNames handles;
      for (const SubjectRecord& subject : *list) handles.push_back(subject.handle);
      EXPECT_OK(subjects.EraseAgain("acme", handles, kNoDeadline));
    }
  });
  InThreads(stores, 3, [&](unsigned thread, Store& store) {
    for (int round = 0; round < 15; ++round) {
      std::vector<SubjectUse> uses;
      for (int i = 0; i < 10; ++i) uses.push_back(Use("s" + std::to_string(i), now, 1 + thread));
      std::shuffle(uses.begin(), uses.end(), std::mt19937(thread));
      const auto made = store.subjects().EnsureSubjects("acme", uses, kNoDeadline);
      // Nothing was made where others erase faster.
      if (made.ok()) {
        EXPECT_EQ(made->size(), uses.size());
      } else {
        EXPECT_THAT(made, StatusIs(Reason::kStoreUnavailable));
      }
    }
  });
  stop = true;
}

TEST_P(StoreContract, ConcurrentMakersOfASubjectGetOne) {
  HaveTenant("acme");
  ExpectOneHandleASubject({&store()}, Now());
}
TEST_P(SharedStoreContract, ConcurrentMakersOfASubjectGetOne) {
  HaveTenant("acme");
  ExpectOneHandleASubject({&store(), &other()}, Now());
}

TEST_P(StoreContract, NoTokenOutlivesItsSubject) {
  HaveTenant("acme");
  ExpectNoTokenWithoutItsSubject({&store()}, Now());
}
TEST_P(SharedStoreContract, NoTokenOutlivesItsSubject) {
  HaveTenant("acme");
  ExpectNoTokenWithoutItsSubject({&store(), &other()}, Now());
}

TEST_P(StoreContract, WhatIsThereWhenAHoldIsSetStays) {
  HaveTenant("acme");
  ExpectHoldsAgainstErasures({&store()}, Now());
}
TEST_P(SharedStoreContract, WhatIsThereWhenAHoldIsSetStays) {
  HaveTenant("acme");
  ExpectHoldsAgainstErasures({&store(), &other()}, Now());
}

TEST_P(StoreContract, MakingSubjectsAmongErasuresEnds) {
  HaveTenant("acme");
  ExpectMakingAmongErasures({&store()}, Now());
}
TEST_P(SharedStoreContract, MakingSubjectsAmongErasuresEnds) {
  HaveTenant("acme");
  ExpectMakingAmongErasures({&store(), &other()}, Now());
}

}  // namespace
}  // namespace fieldkms::testing
