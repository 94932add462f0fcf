#include "kms/volatile/volatile_tokens.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr Deadline kNow{minutes(1'000)};
constexpr VolatilePlace kPlace = {"acme", 7, "token"};
const auto kGone = StatusIs(absl::StatusCode::kNotFound, Reason::kTokenNotFound);

SecretBytes Secret(std::string_view text) { return SecretBytes::CopyOf(AsBytes(text)).value(); }
size_t InUse() { return GetSecretMemoryStats().in_use; }

class VolatileTokensTest : public ::testing::Test {
 protected:
  absl::StatusOr<bool> Put(const VolatilePlace& place, std::string_view value = "123",
                           nanoseconds life = minutes(5), Deadline now = kNow) {
    return tokens_.Put(place, Secret(value), now + life, now);
  }
  // What Take gives, or "gone".
  std::string Take(const VolatilePlace& place, Deadline now = kNow) {
    const absl::StatusOr<SecretBytes> value = tokens_.Take(place, now);
    if (value.ok()) return std::string(AsText(value->Expose()));
    EXPECT_THAT(value, kGone);
    return "gone";
  }
  std::string FieldAtFault(const absl::StatusOr<bool>& result) {
    EXPECT_THAT(result, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField));
    return FieldOf(result.status());
  }

  VolatileTokens tokens_{4};
};

TEST_F(VolatileTokensTest, GivesAValueOnce) {
  EXPECT_EQ(Put(kPlace, "123").value(), true);
  EXPECT_EQ(tokens_.size(), 1u);
  EXPECT_EQ(Take(kPlace), "123");
  EXPECT_EQ(Take(kPlace), "gone");
  EXPECT_EQ(tokens_.size(), 0u);
  EXPECT_FALSE(tokens_.Erase(kPlace, kNow));
}

TEST_F(VolatileTokensTest, EveryRefusalIsTheSame) {
  ASSERT_OK(Put(kPlace));
  ASSERT_OK(Put({"acme", 7, "ends"}, "456", seconds(1)));
  ASSERT_EQ(Take(kPlace), "123");
  std::vector<absl::Status> refusals = {
      tokens_.Take(kPlace, kNow).status(),
      tokens_.Take({"acme", 7, "ends"}, kNow + seconds(1)).status(),
      tokens_.Take({"acme", 7, "never"}, kNow).status(), tokens_.Take({"", 0, ""}, kNow).status()};
  for (const absl::Status& refusal : refusals) EXPECT_EQ(refusal, refusals.front());
}

TEST_F(VolatileTokensTest, NothingIsThereFromItsEndOn) {
  ASSERT_OK(Put(kPlace, "123", seconds(10)));
  ASSERT_OK(Put({"acme", 7, "second"}, "456", seconds(10)));
  EXPECT_EQ(Take(kPlace, kNow + seconds(10) - nanoseconds(1)), "123");
  EXPECT_EQ(Take({"acme", 7, "second"}, kNow + seconds(10)), "gone");
  EXPECT_EQ(Take({"acme", 7, "second"}, kNow), "gone") << "for a thread whose clock is behind";
  EXPECT_EQ(tokens_.size(), 0u);
}

TEST_F(VolatileTokensTest, TenantsAndFieldsAreApart) {
  ASSERT_OK(Put(kPlace, "123"));
  using std::string_view_literals::operator""sv;
  for (const VolatilePlace& other :
       {VolatilePlace{"acmf", 7, "token"}, VolatilePlace{"acme", 8, "token"},
        VolatilePlace{"acme", 7, "tokem"}, VolatilePlace{"acmet", 7, "oken"},
        VolatilePlace{"acm", 7, "etoken"}, VolatilePlace{"acme", 7, "token\0"sv}}) {
    EXPECT_EQ(Take(other), "gone");
    EXPECT_FALSE(tokens_.Erase(other, kNow));
  }
  EXPECT_EQ(Take(kPlace), "123");
}

TEST_F(VolatileTokensTest, OneTokenMayBeInManyPlaces) {
  ASSERT_OK(Put(kPlace, "1"));
  ASSERT_OK(Put({"acmf", 7, "token"}, "2"));
  ASSERT_OK(Put({"acme", 8, "token"}, "3"));
  EXPECT_TRUE(tokens_.Erase({"acmf", 7, "token"}, kNow));
  EXPECT_EQ(Take({"acme", 8, "token"}), "3");
  EXPECT_EQ(Take(kPlace), "1");
}

TEST_F(VolatileTokensTest, ATokenThatIsThereIsAnothersAndKeepsItsValue) {
  ASSERT_OK(Put(kPlace, "123"));
  SecretBytes second = Secret("456");
  EXPECT_EQ(tokens_.Put(kPlace, std::move(second), kNow + minutes(1), kNow).value(), false);
  // NOLINTNEXTLINE(bugprone-use-after-move): promised by the header
  EXPECT_EQ(AsText(second.Expose()), "456");
  EXPECT_EQ(tokens_.Put({"acme", 8, "token"}, std::move(second), kNow + minutes(1), kNow).value(),
            true);
  EXPECT_TRUE(second.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(Take(kPlace), "123");
  EXPECT_EQ(Take({"acme", 8, "token"}), "456");
}

// More have ended than a call wipes by the way, so that the token is still in memory.
TEST(VolatileTokensBoundsTest, TheTokenOfAnEndedValueIsFree) {
  VolatileTokens tokens(100);
  for (int i = 0; i < 50; ++i) {
    ASSERT_OK(tokens.Put({"acme", 7, std::to_string(i)}, Secret("1"), kNow + seconds(i + 1), kNow));
  }
  EXPECT_EQ(
      tokens.Put({"acme", 7, "49"}, Secret("2"), kNow + minutes(2), kNow + minutes(1)).value(),
      true);
  EXPECT_EQ(AsText(tokens.Take({"acme", 7, "49"}, kNow + minutes(1)).value().Expose()), "2");
}

TEST_F(VolatileTokensTest, RefusesWhatIsOutOfBounds) {
  EXPECT_EQ(FieldAtFault(Put({"", 7, "t"})), "tenant");
  EXPECT_EQ(FieldAtFault(Put({"Acme", 7, "t"})), "tenant");
  EXPECT_EQ(FieldAtFault(Put({"acme", 0, "t"})), "field");
  EXPECT_EQ(FieldAtFault(Put({"acme", 7, ""})), "token");
  EXPECT_EQ(FieldAtFault(Put({"acme", 7, std::string(kMaxVolatileToken + 1, 't')})), "token");
  EXPECT_EQ(FieldAtFault(Put(kPlace, "")), "value");
  EXPECT_EQ(FieldAtFault(Put(kPlace, std::string(kMaxVolatileValue + 1, '1'))), "value");
  EXPECT_EQ(FieldAtFault(Put(kPlace, "123", nanoseconds(0))), "ttl");
  EXPECT_EQ(FieldAtFault(Put(kPlace, "123", nanoseconds(-1))), "ttl");
  EXPECT_EQ(FieldAtFault(Put(kPlace, "123", minutes(15) + nanoseconds(1))), "ttl");
  EXPECT_EQ(FieldAtFault(tokens_.Put(kPlace, Secret("123"), kNoDeadline, kNow)), "ttl");
  EXPECT_EQ(tokens_.size(), 0u);
  const std::string token(kMaxVolatileToken, 't'), value(kMaxVolatileValue, '1');
  EXPECT_EQ(Put({"acme", 7, token}, value, minutes(15)).value(), true);
  EXPECT_EQ(Take({"acme", 7, token}), value);
}

TEST_F(VolatileTokensTest, IsBoundedUntilSomethingEndsOrGoes) {
  const auto full = StatusIs(absl::StatusCode::kResourceExhausted, Reason::kOverloaded);
  const auto place = [](const std::string& token) { return VolatilePlace{"acme", 7, token}; };
  const std::array<std::string, 4> names = {"a", "b", "c", "d"};
  for (const std::string& name : names) ASSERT_OK(Put(place(name), "123", minutes(5)));
  SecretBytes value = Secret("456");
  EXPECT_THAT(tokens_.Put(kPlace, std::move(value), kNow + minutes(1), kNow), full);
  // NOLINTNEXTLINE(bugprone-use-after-move): promised by the header
  EXPECT_EQ(AsText(value.Expose()), "456");
  EXPECT_THAT(Put({"other", 1, "token"}), full) << "the bound is of all together";
  EXPECT_EQ(Put(place("a")).value(), false) << "it is there, full or not";
  ASSERT_EQ(Take(place("a")), "123");
  EXPECT_EQ(Put(place("e"), "123", minutes(5)).value(), true);
  EXPECT_THAT(Put(kPlace), full);
  ASSERT_TRUE(tokens_.Erase(place("b"), kNow));
  EXPECT_EQ(Put(place("f"), "123", seconds(1)).value(), true);
  EXPECT_THAT(Put(kPlace), full);
  EXPECT_EQ(Put(kPlace, "789", minutes(5), kNow + seconds(1)).value(), true) << "f has ended";
  EXPECT_EQ(Take(kPlace), "789");
}

TEST(VolatileTokensBoundsTest, OfNoneTakesNone) {
  VolatileTokens tokens(0);
  EXPECT_THAT(tokens.Put(kPlace, Secret("123"), kNow + minutes(1), kNow),
              StatusIs(absl::StatusCode::kResourceExhausted, Reason::kOverloaded));
}

TEST_F(VolatileTokensTest, EraseTellsWhetherAValueWasThere) {
  ASSERT_OK(Put(kPlace));
  EXPECT_TRUE(tokens_.Erase(kPlace, kNow));
  EXPECT_FALSE(tokens_.Erase(kPlace, kNow));
  EXPECT_EQ(Take(kPlace), "gone");
  ASSERT_OK(Put(kPlace, "123", seconds(1)));
  EXPECT_FALSE(tokens_.Erase(kPlace, kNow + seconds(1))) << "it has ended";
  EXPECT_EQ(tokens_.size(), 0u);
}

TEST(VolatileTokensBoundsTest, SweepDropsWhatHasEndedAndNothingElse) {
  VolatileTokens tokens(2'000);
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_OK(
        tokens.Put({"acme", 7, std::to_string(i)}, Secret("123"), kNow + seconds(1 + i % 2), kNow));
  }
  EXPECT_EQ(tokens.Sweep(kNow), 0u);
  EXPECT_EQ(tokens.Sweep(kNow + seconds(1)), 500u);
  EXPECT_EQ(tokens.size(), 500u);
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_EQ(tokens.Take({"acme", 7, std::to_string(i)}, kNow + seconds(1)).ok(), i % 2 == 1);
  }
  EXPECT_EQ(tokens.Sweep(kNow + minutes(20)), 0u);
}

// Without anybody who sweeps, use alone keeps what has ended from piling up.
TEST(VolatileTokensBoundsTest, UseCatchesUpWithWhatHasEnded) {
  VolatileTokens tokens(2'000);
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_OK(tokens.Put({"acme", 7, std::to_string(i)}, Secret("123"), kNow + seconds(1), kNow));
  }
  for (int i = 0; i < 500; ++i) {
    EXPECT_THAT(tokens.Take({"acme", 7, "none"}, kNow + seconds(1)), kGone);
  }
  EXPECT_EQ(tokens.size(), 0u);
}

TEST(VolatileTokensMemoryTest, ValuesAreMovedAndNeverCopied) {
  VolatileTokens tokens(10);
  SecretBytes value = Secret("123");
  const uint8_t* const bytes = value.Expose().data();
  const size_t before = InUse();
  ASSERT_OK(tokens.Put(kPlace, std::move(value), kNow + minutes(1), kNow));
  EXPECT_EQ(InUse(), before);
  const SecretBytes taken = tokens.Take(kPlace, kNow).value();
  EXPECT_EQ(taken.Expose().data(), bytes);
  EXPECT_EQ(InUse(), before);
}

TEST(VolatileTokensMemoryTest, ValuesAreWipedByEachOfTheirEnds) {
  const size_t before = InUse();
  {
    VolatileTokens tokens(10);
    const auto put = [&](std::string_view token) {
      ASSERT_OK(tokens.Put({"acme", 7, token}, Secret("123"), kNow + minutes(1), kNow));
      ASSERT_GT(InUse(), before);
    };
    put("taken");
    { ASSERT_OK(tokens.Take({"acme", 7, "taken"}, kNow)); }
    EXPECT_EQ(InUse(), before);
    put("erased");
    tokens.Erase({"acme", 7, "erased"}, kNow);
    EXPECT_EQ(InUse(), before);
    put("swept");
    tokens.Sweep(kNow + minutes(1));
    EXPECT_EQ(InUse(), before);
    put("late");
    EXPECT_THAT(tokens.Take({"acme", 7, "late"}, kNow + minutes(1)), kGone);
    EXPECT_EQ(InUse(), before);
    put("by the way");
    EXPECT_THAT(tokens.Take({"acme", 7, "other"}, kNow + minutes(1)), kGone);
    EXPECT_EQ(InUse(), before);
    put("with the object");
  }
  EXPECT_EQ(InUse(), before);
}

// Runs `body(thread)` on all threads at once.
template <class Body>
void Race(size_t threads, Body body) {
  std::barrier start(static_cast<std::ptrdiff_t>(threads));
  std::vector<std::jthread> running;
  for (size_t i = 0; i < threads; ++i) {
    running.emplace_back([&, i] {
      start.arrive_and_wait();
      body(i);
    });
  }
}

TEST(VolatileTokensRaceTest, OneOfManyGetsAValue) {
  constexpr size_t kThreads = 8, kRounds = 200;
  VolatileTokens tokens(kRounds);
  for (size_t i = 0; i < kRounds; ++i) {
    ASSERT_OK(tokens.Put({"acme", 7, std::to_string(i)}, Secret(std::to_string(i)),
                         kNow + minutes(1), kNow));
  }
  std::array<std::atomic<int>, kRounds> taken = {};
  std::atomic<int> wrong = 0;
  Race(kThreads, [&](size_t) {
    for (size_t i = 0; i < kRounds; ++i) {
      const std::string name = std::to_string(i);
      const absl::StatusOr<SecretBytes> value = tokens.Take({"acme", 7, name}, kNow);
      if (!value.ok()) continue;
      ++taken[i];
      if (AsText(value->Expose()) != name) ++wrong;
    }
  });
  for (const auto& times : taken) EXPECT_EQ(times.load(), 1);
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_EQ(tokens.size(), 0u);
}

// Putting, taking, erasing and ending at once: each value goes one way, and none is left.
TEST(VolatileTokensRaceTest, EachValueEndsOnce) {
  constexpr size_t kThreads = 6, kValues = 400;
  const size_t before = InUse();
  VolatileTokens tokens(kValues * kThreads);
  std::atomic<size_t> put = 0, taken = 0, erased = 0;
  Race(kThreads, [&](size_t thread) {
    for (size_t i = 0; i < kValues; ++i) {
      const std::string own = std::to_string(thread) + "/" + std::to_string(i);
      const std::string next = std::to_string((thread + 1) % kThreads) + "/" + std::to_string(i);
      if (tokens.Put({"acme", 7, own}, Secret(own), kNow + minutes(1), kNow).ok()) ++put;
      if (tokens.Take({"acme", 7, next}, kNow).ok()) ++taken;
      if (i % 3 == 0 && tokens.Erase({"acme", 7, own}, kNow)) ++erased;
      if (i % 50 == 0) tokens.Sweep(kNow);
    }
  });
  EXPECT_EQ(put.load(), kValues * kThreads);
  EXPECT_EQ(put - taken - erased, tokens.size());
  EXPECT_EQ(tokens.Sweep(kNow + minutes(1)), put - taken - erased);
  EXPECT_EQ(InUse(), before);
}

// A bound that threads meet at the same time holds.
TEST(VolatileTokensRaceTest, TheBoundHoldsForAll) {
  constexpr size_t kThreads = 8, kEach = 50;
  constexpr size_t kMost = 100;
  VolatileTokens tokens(kMost);
  std::atomic<size_t> put = 0;
  Race(kThreads, [&](size_t thread) {
    for (size_t i = 0; i < kEach; ++i) {
      const std::string name = std::to_string(thread * kEach + i);
      if (tokens.Put({"acme", 7, name}, Secret("123"), kNow + minutes(1), kNow).ok()) ++put;
    }
  });
  EXPECT_EQ(put.load(), kMost);
  EXPECT_EQ(tokens.size(), kMost);
}

}  // namespace
}  // namespace fieldkms
