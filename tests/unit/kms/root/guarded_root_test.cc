#include "kms/root/guarded_root.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "kms/retry_after.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/root/scripted_root.h"

namespace fieldkms {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using testing::FakeClock;
using ::testing::HasSubstr;
using testing::ScriptedRoot;
using State = BreakerState;

auto Unavailable() { return StatusIs(StatusCode::kUnavailable, Reason::kRootUnavailable); }
auto TooLate() { return StatusIs(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded); }

// The clock stands where no test moves it; waits take the machine's time.
class GuardedRootTest : public ::testing::Test {
 protected:
  GuardedRootTest() { Guard({}, clock_); }
  // Nothing hangs while it is taken down.
  ~GuardedRootTest() override { script_->Release(); }

  // A guard with these options, around a new script.
  void Guard(GuardOptions options) { Guard(std::move(options), clock_); }
  void Guard(GuardOptions options, const Clock& clock) {
    options.breaker.jitter = [] { return 1.0; };
    options.on_change = [this](const RootHealth& health) {
      const std::lock_guard lock(told_mutex_);
      told_.push_back(health.state);
    };
    auto script = std::make_unique<ScriptedRoot>();
    script_ = script.get();
    root_.emplace(std::move(script), std::move(options), clock);
  }

  absl::Status Call(Deadline deadline = kNoDeadline) {
    return root_->Unwrap("scriptedkey", "", deadline).status();
  }
  std::future<absl::Status> CallInBackground(Deadline deadline = kNoDeadline) {
    return std::async(std::launch::async, [this, deadline] { return Call(deadline); });
  }
  Deadline In(milliseconds time) const { return clock_.now + time; }
  void Open() {
    script_->GoDown();
    while (root_->Health().state == State::kClosed) EXPECT_THAT(Call(), Unavailable());
  }
  void AwaitWaiting(int count) {
    while (root_->Health().waiting != count) std::this_thread::yield();
  }
  // Makes attempts until one is answered in time.
  void Recover() {
    while (root_->Health().state != State::kClosed) {
      clock_.now += seconds(30);
      (void)Call();
    }
  }
  void AwaitInFlight(int count) {
    while (root_->Health().in_flight != count) std::this_thread::yield();
  }

  FakeClock clock_;
  ScriptedRoot* script_ = nullptr;
  std::mutex told_mutex_;
  std::vector<State> told_;
  std::optional<GuardedRoot> root_;
};

TEST_F(GuardedRootTest, PassesKeysAndErrorsOn) {
  ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::Random(32));
  ASSERT_OK_AND_ASSIGN(const std::string wrapped, root_->Wrap(key, "c", kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const SecretBytes same, root_->Unwrap(wrapped, "c", kNoDeadline));
  EXPECT_TRUE(ConstantTimeEqual(same.Expose(), key.Expose()));
  EXPECT_EQ(root_->Describe(), "scripted");
  const absl::Status wrong = root_->Unwrap("other", "", kNoDeadline).status();
  EXPECT_THAT(wrong, StatusIs(StatusCode::kFailedPrecondition, Reason::kRootWrongKey));
  EXPECT_EQ(MessageOf(wrong), "not mine");
  EXPECT_EQ(root_->Health().calls, 3u);
}

TEST_F(GuardedRootTest, WhileItIsOpenCallsFailAtOnceAndSayWhy) {
  Open();
  EXPECT_EQ(script_->calls(), 5);
  const absl::Status status = Call();
  EXPECT_THAT(status, Unavailable());
  EXPECT_EQ(MessageOf(status),
            "the root key (scripted) has been unavailable since 1970-01-01T00:00:00Z "
            "(ROOT_UNAVAILABLE): the next attempt is due in 1000 ms");
  EXPECT_EQ(RetryAfterOf(status), std::chrono::seconds(1));
  EXPECT_EQ(script_->calls(), 5);
  const RootHealth health = root_->Health();
  EXPECT_EQ(health.state, State::kOpen);
  EXPECT_EQ(health.last_error, Reason::kRootUnavailable);
  EXPECT_EQ(health.consecutive_failures, 5);
  EXPECT_EQ(health.calls, 5u);
  EXPECT_EQ(health.failures, 5u);
}

TEST_F(GuardedRootTest, RecoversByTheNextCallAndTellsEachChange) {
  Open();
  clock_.now += seconds(1);
  EXPECT_THAT(Call(), Unavailable());
  EXPECT_EQ(script_->calls(), 6);
  script_->ComeBack();
  EXPECT_THAT(Call(), Unavailable());
  EXPECT_EQ(script_->calls(), 6);
  clock_.now += seconds(2);
  EXPECT_OK(Call());
  EXPECT_EQ(root_->Health().state, State::kClosed);
  EXPECT_THAT(told_, ElementsAre(State::kOpen, State::kHalfOpen, State::kOpen, State::kHalfOpen,
                                 State::kClosed));
}

TEST_F(GuardedRootTest, ErrorsOfTheRequestDoNotOpenIt) {
  for (const auto& [code, reason] :
       {std::pair(StatusCode::kFailedPrecondition, Reason::kRootWrongKey),
        std::pair(StatusCode::kInvalidArgument, Reason::kInvalidField),
        std::pair(StatusCode::kPermissionDenied, Reason::kPermissionDenied)}) {
    script_->Fail(code, reason);
    for (int i = 0; i < 30; ++i) EXPECT_THAT(Call(), StatusIs(code, reason));
  }
  EXPECT_EQ(root_->Health().state, State::kClosed);
  EXPECT_EQ(root_->Health().failures, 0u);
}

TEST_F(GuardedRootTest, AWrongKeyIsAnAnswerAndClosesIt) {
  Open();
  clock_.now += seconds(1);
  script_->Fail(StatusCode::kFailedPrecondition, Reason::kRootWrongKey);
  EXPECT_THAT(Call(), StatusIs(Reason::kRootWrongKey));
  EXPECT_EQ(root_->Health().state, State::kClosed);
}

TEST_F(GuardedRootTest, OneProbeOfManyThreads) {
  Open();
  clock_.now += seconds(1);
  script_->ComeBack();
  script_->Hang();
  std::atomic<int> refused = 0;
  std::atomic<int> passed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const absl::Status status = Call();
      (status.ok() ? passed : refused) += 1;
      EXPECT_THAT(MessageOf(status), status.ok() ? HasSubstr("") : HasSubstr("an attempt"));
    });
  }
  // The seven may be refused before the eighth has reached the root.
  while (refused < 7 || script_->calls() < 6) std::this_thread::yield();
  script_->Release();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(passed, 1);
  EXPECT_EQ(script_->calls(), 6);
  EXPECT_EQ(root_->Health().state, State::kClosed);
}

TEST_F(GuardedRootTest, ADeadlineThatHasPassedAsksNobody) {
  EXPECT_THAT(Call(clock_.now), TooLate());
  EXPECT_EQ(script_->calls(), 0);
}

TEST_F(GuardedRootTest, CallersLeaveAHangingRootAtTheirDeadline) {
  script_->Hang();
  EXPECT_THAT(Call(In(milliseconds(5))), TooLate());
  EXPECT_EQ(root_->Health().in_flight, 1);
  // A caller in a hurry is no failure of the root.
  EXPECT_EQ(root_->Health().failures, 0u);
  script_->Release();
  AwaitInFlight(0);
  EXPECT_EQ(root_->Health().failures, 0u);
}

TEST_F(GuardedRootTest, TheRootHasATimeOfItsOwn) {
  for (const Deadline deadline : {kNoDeadline, In(seconds(1)), In(seconds(60))}) {
    EXPECT_OK(Call(deadline));
    EXPECT_EQ(script_->last_deadline(), clock_.now + seconds(5));
  }
  // It ended by that, and not by its caller's deadline.
  script_->Fail(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded);
  const absl::Status status = Call();
  EXPECT_THAT(status, Unavailable());
  EXPECT_EQ(MessageOf(status), "the root key (scripted) did not answer in 5000 ms");
  EXPECT_EQ(root_->Health().failures, 1u);
}

TEST_F(GuardedRootTest, TimeOutsOfAHangingRootOpenIt) {
  Guard({.call_timeout = milliseconds(2)});
  script_->Hang();
  for (int i = 0; i < 5; ++i) EXPECT_THAT(Call(), Unavailable());
  EXPECT_EQ(root_->Health().state, State::kOpen);
  EXPECT_EQ(root_->Health().failures, 5u);
  EXPECT_EQ(root_->Health().in_flight, 5);
  // Late answers are not counted again, and do not close it.
  script_->Release();
  AwaitInFlight(0);
  EXPECT_EQ(root_->Health().state, State::kOpen);
  EXPECT_EQ(root_->Health().failures, 5u);
  Recover();
}

TEST_F(GuardedRootTest, CallsWhoseCallersHaveLeftTimeOutToo) {
  Guard({.breaker = {.failures_in_a_row = 2}});
  script_->Hang();
  EXPECT_THAT(Call(In(milliseconds(2))), TooLate());
  EXPECT_THAT(Call(In(milliseconds(2))), TooLate());
  EXPECT_EQ(root_->Health().state, State::kClosed);
  clock_.now += seconds(5);
  EXPECT_THAT(Call(), Unavailable());
  EXPECT_EQ(root_->Health().state, State::kOpen);
  script_->AwaitInside(2);
  EXPECT_EQ(script_->calls(), 2);
  EXPECT_THAT(told_, ElementsAre(State::kOpen));
}

TEST_F(GuardedRootTest, AProbeThatHangsIsAFailure) {
  Open();
  clock_.now += seconds(1);
  script_->Hang();
  EXPECT_THAT(Call(In(milliseconds(2))), TooLate());
  EXPECT_EQ(root_->Health().state, State::kHalfOpen);
  clock_.now += seconds(5);
  EXPECT_THAT(Call(), Unavailable());
  EXPECT_EQ(root_->Health().state, State::kOpen);
  clock_.now += seconds(2);
  script_->ComeBack();
  script_->Release();
  EXPECT_OK(Call());
  EXPECT_EQ(root_->Health().state, State::kClosed);
}

TEST_F(GuardedRootTest, BulkheadHoldsAndOthersWaitUntilTheirDeadline) {
  Guard({.max_in_flight = 2});
  script_->Hang();
  std::vector<std::future<absl::Status>> calls;
  for (int i = 0; i < 2; ++i) calls.push_back(CallInBackground());
  script_->AwaitInside(2);
  for (int i = 0; i < 3; ++i) calls.push_back(CallInBackground());
  AwaitWaiting(3);
  EXPECT_THAT(Call(In(milliseconds(5))), TooLate());
  EXPECT_EQ(script_->calls(), 2);
  EXPECT_EQ(root_->Health().in_flight, 2);
  script_->Release();
  for (auto& call : calls) EXPECT_OK(call.get());
  EXPECT_EQ(script_->calls(), 5);
  EXPECT_EQ(script_->most_inside(), 2);
}

TEST_F(GuardedRootTest, CallersThatHaveLeftKeepTheirPlace) {
  Guard({.max_in_flight = 2});
  script_->Hang();
  for (int i = 0; i < 4; ++i) EXPECT_THAT(Call(In(milliseconds(2))), TooLate());
  script_->AwaitInside(2);
  EXPECT_EQ(script_->calls(), 2);
  script_->Release();
  EXPECT_OK(Call());
}

TEST_F(GuardedRootTest, WhoWaitsIsToldWhenItOpens) {
  Guard(
      {.max_in_flight = 1, .call_timeout = milliseconds(50), .breaker = {.failures_in_a_row = 1}});
  script_->Hang();
  auto first = CallInBackground();
  script_->AwaitInside(1);
  auto second = CallInBackground();
  EXPECT_THAT(first.get(), Unavailable());
  EXPECT_THAT(second.get(), Unavailable());
  EXPECT_EQ(script_->calls(), 1);
}

TEST_F(GuardedRootTest, WhoWaitsBehindACallWithoutACallerIsToldWhenThatIsOverdue) {
  Guard({.max_in_flight = 1, .call_timeout = milliseconds(20), .breaker = {.failures_in_a_row = 1}},
        SystemClock());
  script_->Hang();
  EXPECT_THAT(Call(SystemClock().Steady() + milliseconds(1)), TooLate());
  EXPECT_THAT(Call(), Unavailable());
  EXPECT_EQ(root_->Health().state, State::kOpen);
  script_->AwaitInside(1);
  EXPECT_EQ(script_->calls(), 1);
}

TEST_F(GuardedRootTest, NoAttemptWhileAllCallsHang) {
  Guard({.max_in_flight = 1, .call_timeout = milliseconds(2), .breaker = {.failures_in_a_row = 1}});
  script_->Hang();
  EXPECT_THAT(Call(), Unavailable());
  clock_.now += seconds(1);
  const absl::Status status = Call();
  EXPECT_THAT(status, Unavailable());
  EXPECT_THAT(MessageOf(status), HasSubstr("its 1 calls still hang"));
  script_->Release();
  AwaitInFlight(0);
  Recover();
}

TEST_F(GuardedRootTest, ACallOwnsWhatItsCallerTakesAway) {
  script_->Hang();
  {
    ASSERT_OK_AND_ASSIGN(const SecretBytes key, SecretBytes::Random(32));
    const std::string context(100, 'c');
    EXPECT_THAT(root_->Wrap(key, context, In(milliseconds(2))), TooLate());
    const std::string wrapped = "scripted" + std::string(100, 'w');
    EXPECT_THAT(root_->Unwrap(wrapped, "", In(milliseconds(2))), TooLate());
  }
  // AddressSanitizer sees a read of what is gone by now.
  script_->Release();
  AwaitInFlight(0);
}

TEST_F(GuardedRootTest, ManyThreadsAndARootThatComesAndGoes) {
  Guard({.max_in_flight = 3, .breaker = {.first_backoff = {}, .max_backoff = {}}});
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 6; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 200; ++n) answered += Call().ok();
      });
    }
    for (int n = 0; n < 20; ++n) {
      script_->GoDown();
      std::this_thread::yield();
      script_->ComeBack();
    }
  }
  EXPECT_LE(script_->most_inside(), 3);
  EXPECT_EQ(root_->Health().calls, static_cast<uint64_t>(script_->calls()));
  EXPECT_EQ(root_->Health().in_flight, 0);
  EXPECT_EQ(root_->Health().waiting, 0);
  EXPECT_EQ(root_->Health().calls - root_->Health().failures, static_cast<uint64_t>(answered));
  EXPECT_OK(Call());
  EXPECT_EQ(root_->Health().state, State::kClosed);
}

}  // namespace
}  // namespace fieldkms
