// Who keeps a job's write barrier from being passed, and until when.
#include "kms/rotations/write_barrier.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "kms/keyring/options.h"
#include "kms/proto/times.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr WallTime kBegin{hours(24 * 20'000)};
constexpr uint64_t kChange = 70;
constexpr seconds kLimit = hours(1);

RotationJob Started() {
  RotationJob job;
  job.record.state = RotationState::kRunning;
  job.details.mutable_barrier()->set_change(kChange);
  ToProto(kBegin, job.details.mutable_barrier()->mutable_begin_time());
  return job;
}

ReplicaRecord Replica(uint64_t change, WallTime seen = kBegin) {
  return {"0123456789abcdef0123456789abcdef", change, seen, kLimit};
}

// Looks, and keeps what it sees.
BarrierView Look(RotationJob* job, const std::vector<ReplicaRecord>& replicas, WallTime now,
                 std::optional<WallTime> lease_end = std::nullopt) {
  const BarrierView view = LookAtBarrier(*job, replicas, lease_end, now);
  EXPECT_OK(NoteBarrier(job, view, kChange, now));
  return view;
}

TEST(WriteBarrierTest, IsPassedWhenAllHaveHeardForAWhile) {
  RotationJob job = Started();
  const std::vector<ReplicaRecord> all = {Replica(kChange), Replica(kChange + 5)};
  BarrierView view = Look(&job, all, kBegin + seconds(9));
  EXPECT_FALSE(view.passed);
  EXPECT_EQ(view.silent_replicas, 0u);
  EXPECT_EQ(view.passed_by, kBegin + seconds(9) + kCallsEnd);
  view = Look(&job, all, kBegin + seconds(9) + kCallsEnd - std::chrono::microseconds(1));
  EXPECT_FALSE(view.passed);
  view = Look(&job, all, kBegin + seconds(9) + kCallsEnd);
  EXPECT_TRUE(view.passed);
  EXPECT_EQ(view.passed_by, std::nullopt);
  EXPECT_EQ(FromProto(job.details.barrier().pass_time()), kBegin + seconds(9) + kCallsEnd);
}

TEST(WriteBarrierTest, WaitsForWhoHasNotHeard) {
  RotationJob job = Started();
  const WallTime now = kBegin + minutes(1);
  const BarrierView view = Look(&job, {Replica(kChange), Replica(kChange - 1)}, now);
  EXPECT_FALSE(view.passed);
  EXPECT_EQ(view.silent_replicas, 1u);
  EXPECT_EQ(view.passed_by, kBegin + kLimit + kReplicaClocks);
  EXPECT_FALSE(job.details.barrier().has_heard_time());
}

TEST(WriteBarrierTest, WhoSaysNothingIsOverAfterItsTime) {
  RotationJob job = Started();
  const std::vector<ReplicaRecord> all = {Replica(kChange - 1)};
  const WallTime over = kBegin + kLimit + kReplicaClocks;
  EXPECT_EQ(Look(&job, all, over - seconds(1)).silent_replicas, 1u);
  EXPECT_EQ(Look(&job, all, over).silent_replicas, 0u);
  EXPECT_TRUE(Look(&job, all, over + kCallsEnd).passed);
}

// It could read the store until the barrier began, if not write to it.
TEST(WriteBarrierTest, WhoWasSilentBeforeIsWaitedForAWhile) {
  RotationJob job = Started();
  const std::vector<ReplicaRecord> all = {Replica(kChange - 1, kBegin - 2 * kLimit)};
  const WallTime over = kBegin + kUnannouncedLimit + kReplicaClocks;
  const BarrierView view = Look(&job, all, kBegin + seconds(1));
  EXPECT_EQ(view.silent_replicas, 1u);
  EXPECT_EQ(view.passed_by, over);
  EXPECT_EQ(Look(&job, all, over).silent_replicas, 0u);
}

TEST(WriteBarrierTest, WaitsForLeases) {
  RotationJob job = Started();
  const std::vector<ReplicaRecord> all = {Replica(kChange)};
  const WallTime end = kBegin + minutes(5);
  Look(&job, all, kBegin, end);
  BarrierView view = Look(&job, all, kBegin + minutes(1), end);
  EXPECT_FALSE(view.passed);
  EXPECT_EQ(view.last_lease_end, end);
  EXPECT_EQ(view.passed_by, end + kLeaseClocks);
  EXPECT_FALSE(Look(&job, all, end, end).passed);
  EXPECT_TRUE(Look(&job, all, end + kLeaseClocks, end).passed);
}

TEST(WriteBarrierTest, WaitsForTheLastOfAll) {
  RotationJob job = Started();
  const WallTime end = kBegin + hours(3);
  const BarrierView view = Look(&job, {Replica(kChange - 1)}, kBegin, end);
  EXPECT_EQ(view.passed_by, end + kLeaseClocks);
  EXPECT_EQ(view.silent_replicas, 1u);
}

TEST(WriteBarrierTest, StaysPassed) {
  RotationJob job = Started();
  Look(&job, {}, kBegin);
  ASSERT_TRUE(Look(&job, {}, kBegin + kCallsEnd).passed);
  const std::string before = job.details.SerializeAsString();
  const BarrierView view =
      Look(&job, {Replica(1, kBegin + hours(1))}, kBegin + hours(1), kBegin + hours(2));
  EXPECT_TRUE(view.passed);
  EXPECT_EQ(view.silent_replicas, 0u);
  EXPECT_EQ(job.details.SerializeAsString(), before);
}

// A job that was started anew meanwhile waits for another change.
TEST(WriteBarrierTest, WhatWasSeenOfAnotherBarrierIsNotKept) {
  RotationJob job = Started();
  Look(&job, {}, kBegin);
  const BarrierView view = LookAtBarrier(job, {}, std::nullopt, kBegin + kCallsEnd);
  ASSERT_TRUE(view.passed);
  job = Started();
  job.details.mutable_barrier()->set_change(kChange + 1);
  ASSERT_OK_AND_ASSIGN(const bool kept, NoteBarrier(&job, view, kChange, kBegin));
  EXPECT_FALSE(kept);
  EXPECT_FALSE(job.details.barrier().has_pass_time());
}

}  // namespace
}  // namespace fieldkms
