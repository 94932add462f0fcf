#include "kms/root/vault_retry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class VaultRetryTest : public ::testing::Test {
 protected:
  // Runs with these results in turn; the last one repeats.
  absl::StatusOr<VaultReply> Run(std::vector<absl::StatusOr<VaultReply>> results,
                                 Deadline deadline = kNoDeadline) {
    attempts_ = 0;
    pauses_.clear();
    const VaultTime time{&clock_, [this](Deadline until) {
                           pauses_.push_back(until - clock_.now);
                           clock_.now = until;
                         }};
    return WithRetries(time, deadline, [&] {
      return results[std::min<size_t>(static_cast<size_t>(attempts_++), results.size() - 1)];
    });
  }

  testing::FakeClock clock_;
  int attempts_ = 0;
  std::vector<Deadline::duration> pauses_;
};

VaultReply Reply(int status) { return {status, VaultJson()}; }
VaultReply Limited(int after) { return {429, VaultJson(), seconds(after)}; }
absl::Status Lost() {
  return Error(absl::StatusCode::kUnavailable, Reason::kRootUnavailable, "lost");
}

TEST_F(VaultRetryTest, FirstAnswerIsTakenIfItIsFinal) {
  for (const int status : {200, 204, 400, 403, 404}) {
    ASSERT_OK_AND_ASSIGN(const VaultReply reply, Run({Reply(status), Reply(200)}));
    EXPECT_EQ(reply.status, status);
    EXPECT_EQ(attempts_, 1);
  }
}

TEST_F(VaultRetryTest, TransientOnesAreTriedThreeTimes) {
  ASSERT_OK_AND_ASSIGN(const VaultReply second, Run({Reply(503), Reply(200)}));
  EXPECT_EQ(second.status, 200);
  ASSERT_OK_AND_ASSIGN(const VaultReply third, Run({Lost(), Reply(500), Reply(200)}));
  EXPECT_EQ(third.status, 200);
  ASSERT_OK_AND_ASSIGN(const VaultReply last, Run({Reply(503)}));
  EXPECT_EQ(last.status, 503);
  EXPECT_EQ(attempts_, 3);
  EXPECT_THAT(Run({Lost()}), StatusIs(Reason::kRootUnavailable));
  EXPECT_EQ(attempts_, 3);
}

TEST_F(VaultRetryTest, OtherErrorsAreFinal) {
  const absl::Status late =
      Error(absl::StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded, "late");
  EXPECT_THAT(Run({late}), StatusIs(Reason::kDeadlineExceeded));
  EXPECT_EQ(attempts_, 1);
}

TEST_F(VaultRetryTest, PausesAreRandomAndGrow) {
  Deadline::duration longest{0};
  for (int i = 0; i < 200; ++i) {
    ASSERT_OK(Run({Reply(503)}));
    ASSERT_EQ(pauses_.size(), 2u);
    EXPECT_TRUE(pauses_[0] <= kFirstPause && pauses_[1] <= 2 * kFirstPause);
    longest = std::max(longest, pauses_[1]);
  }
  // 200 draws of 0 to 200 ms that never reach 100 ms would be one in 2^200.
  EXPECT_GT(longest, kFirstPause);
}

TEST_F(VaultRetryTest, ServerMayAskForMoreTime) {
  ASSERT_OK(Run({Limited(1), Reply(200)}));
  ASSERT_EQ(pauses_.size(), 1u);
  EXPECT_GE(pauses_[0], seconds(1));
}

TEST_F(VaultRetryTest, NobodyWaitsBeyondReasonOrDeadline) {
  ASSERT_OK_AND_ASSIGN(const VaultReply reply, Run({Limited(60), Reply(200)}));
  EXPECT_EQ(reply.status, 429);
  EXPECT_TRUE(pauses_.empty());
  ASSERT_OK_AND_ASSIGN(const VaultReply second,
                       Run({Limited(1), Reply(200)}, clock_.now + milliseconds(999)));
  EXPECT_EQ(second.status, 429);
  EXPECT_TRUE(pauses_.empty());
}

TEST_F(VaultRetryTest, MachinesPauseEndsNoEarlierThanAsked) {
  const Deadline until = SystemClock().Steady() + milliseconds(5);
  RealTime().pause(until);
  EXPECT_GE(SystemClock().Steady(), until);
}

}  // namespace
}  // namespace fieldkms
