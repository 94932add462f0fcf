// What a replica says of itself in the store, and what it may do when it cannot.
#include "kms/keyring/replica_announcer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "kms/keyring/change_follower.h"
#include "kms/keyring/core.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/keyring/keyring_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const std::string kId(32, 'a');
const std::string kOther(32, 'b');

absl::Status Down() { return Error(StatusCode::kUnavailable, Reason::kStoreUnavailable, "down"); }

// The fixture's keyring changes things; a follower of another one announces itself.
class ReplicaAnnouncerTest : public KeyringFixture {
 protected:
  void SetUp() override {
    KeyringFixture::SetUp();
    HaveTenant("acme");
    HaveKey("acme", "k");
    Open();
    ASSERT_OK(follower_->Announce(kId, kNoDeadline));
  }
  void TearDown() override {
    follower_.reset();
    replica_.reset();
  }
  void Open() {
    ASSERT_OK_AND_ASSIGN(replica_, Keyring::Open(store(), root(), clock(), options_));
    follower_ = std::make_unique<ChangeFollower>(replica_->core(), replica_->Status().change);
  }
  absl::Status Hear() { return follower_->FollowOnce(clock().Steady()); }
  std::vector<ReplicaRecord> Replicas() {
    auto replicas = store().rotations().ListReplicas(kNoDeadline);
    EXPECT_OK(replicas);
    return replicas.ok() ? *std::move(replicas) : std::vector<ReplicaRecord>();
  }
  ReplicaRecord Record() {
    for (ReplicaRecord& replica : Replicas()) {
      if (replica.replica_id == kId) return replica;
    }
    ADD_FAILURE() << "the replica is not there";
    return {};
  }
  int Words() { return store().watch().Count("PutReplica"); }
  void Rotate() { ASSERT_OK(admin().RotateKey("acme", "k", 0, FreshId(), kNoDeadline)); }
  // How long the replica would go on from now on, if it heard nothing more.
  seconds Left() {
    return std::chrono::round<seconds>(follower_->fresh_until() - clock().Steady());
  }

  std::unique_ptr<Keyring> replica_;
  std::unique_ptr<ChangeFollower> follower_;
};

TEST_F(ReplicaAnnouncerTest, SaysWhatIsInForceBeforeItHears) {
  const ReplicaRecord record = Record();
  ASSERT_OK_AND_ASSIGN(const uint64_t newest, store().GetChangeNumber(kNoDeadline));
  EXPECT_EQ(record.change, newest);
  // Longer than the replica's own, by the time until it says so again.
  EXPECT_EQ(record.stale_limit, options_.stale_limit * 5 / 4);
  EXPECT_LE(record.seen, clock().Now());
}

TEST_F(ReplicaAnnouncerTest, SaysSoonWhatItHasHeard) {
  clock().Advance(seconds(1));
  const WallTime before = clock().Now();
  Rotate();
  ASSERT_OK_AND_ASSIGN(const uint64_t newest, store().GetChangeNumber(kNoDeadline));
  EXPECT_LT(Record().change, newest);
  ASSERT_OK(Hear());
  EXPECT_EQ(Record().change, newest);
  EXPECT_GE(Record().seen, before);
}

// What it could not hear, it does not say.
TEST_F(ReplicaAnnouncerTest, SaysNothingOfWhatItHasNotHeard) {
  clock().Advance(seconds(1));
  ASSERT_OK(replica_->LoadByName("acme", "k", kNoDeadline));
  const uint64_t before = Record().change;
  Rotate();
  store().watch().SetHook("GetKeyById", [] { return Down(); });
  store().watch().SetHook("GetKeyWithPrimary", [] { return Down(); });
  store().watch().SetHook("GetKeyWithVersion", [] { return Down(); });
  store().watch().SetHook("ReadChanges", [] { return Down(); });
  EXPECT_THAT(Hear(), StatusIs(Reason::kStoreUnavailable));
  EXPECT_EQ(Record().change, before);
}

TEST_F(ReplicaAnnouncerTest, ManyChangesAreOneWord) {
  clock().Advance(seconds(1));
  const int words = Words();
  for (int i = 0; i < 5; ++i) {
    Rotate();
    ASSERT_OK(Hear());
  }
  EXPECT_EQ(Words(), words + 1);
  clock().Advance(milliseconds(500));
  ASSERT_OK(Hear());
  EXPECT_EQ(Words(), words + 2);
  EXPECT_EQ(Record().change, follower_->change());
}

TEST_F(ReplicaAnnouncerTest, SaysThatItLivesEachQuarter) {
  const int words = Words();
  clock().Advance(options_.stale_limit / 4 - seconds(5));
  ASSERT_OK(Hear());
  EXPECT_EQ(Words(), words);
  clock().Advance(seconds(5));
  const WallTime before = clock().Now();
  ASSERT_OK(Hear());
  EXPECT_EQ(Words(), words + 1);
  EXPECT_GE(Record().seen, before);
}

// The record outlives what it says of the replica, whatever is lost when.
TEST_F(ReplicaAnnouncerTest, KeepsItsWord) {
  const seconds limit = options_.stale_limit;
  const ReplicaRecord record = Record();
  clock().Advance(limit / 4 - seconds(5));
  ASSERT_OK(Hear());
  EXPECT_EQ(Left(), limit);  // all of its own limit
  EXPECT_GE(record.seen + record.stale_limit, clock().Now() + Left());
}

TEST_F(ReplicaAnnouncerTest, WithoutItsWordItGoesOnForAMomentOnly) {
  const seconds limit = options_.stale_limit;
  store().watch().SetHook("PutReplica", [] { return Down(); });
  clock().Advance(limit / 2);
  ASSERT_OK(Hear());  // the store can still be read
  EXPECT_EQ(Left(), limit * 3 / 4);
  clock().Advance(limit);
  ASSERT_OK(Hear());
  EXPECT_EQ(Left(), kUnannouncedLimit);
  clock().Advance(seconds(1));
  store().watch().SetHook("PutReplica", {});
  ASSERT_OK(Hear());
  EXPECT_EQ(Left(), limit);
}

TEST_F(ReplicaAnnouncerTest, WhoCouldNotSaySoAtItsStartGoesOnForAMomentOnly) {
  Open();
  store().watch().SetHook("PutReplica", [] { return Down(); });
  EXPECT_THAT(follower_->Announce(kOther, kNoDeadline), StatusIs(Reason::kStoreUnavailable));
  ASSERT_OK(Hear());
  EXPECT_EQ(Left(), kUnannouncedLimit);
  store().watch().SetHook("PutReplica", {});
  clock().Advance(seconds(1));
  ASSERT_OK(Hear());
  EXPECT_EQ(Left(), options_.stale_limit);
  EXPECT_EQ(Replicas().size(), 2u);
}

TEST_F(ReplicaAnnouncerTest, WhatFailedIsTriedAgain) {
  clock().Advance(seconds(1));
  Rotate();
  store().watch().SetHook("PutReplica", [] { return Down(); });
  ASSERT_OK(Hear());
  store().watch().SetHook("PutReplica", {});
  ASSERT_OK(Hear());  // not at once
  EXPECT_LT(Record().change, follower_->change());
  clock().Advance(milliseconds(500));
  ASSERT_OK(Hear());
  EXPECT_EQ(Record().change, follower_->change());
}

TEST_F(ReplicaAnnouncerTest, LeavesInOrder) {
  follower_->Stop();
  ASSERT_OK(follower_->Leave(kNoDeadline));
  EXPECT_THAT(Replicas(), ::testing::IsEmpty());
}

TEST_F(ReplicaAnnouncerTest, ForgetsWhoIsGoneForLong) {
  const seconds patient = hours(5);
  ASSERT_OK(store().rotations().PutReplica({kOther, 1, clock().Now(), patient}, kNoDeadline));
  clock().Advance(hours(24) + patient - minutes(10));
  ASSERT_OK(Hear());
  EXPECT_EQ(Replicas().size(), 2u);
  clock().Advance(hours(2));
  ASSERT_OK(Hear());
  ASSERT_EQ(Replicas().size(), 1u);
  EXPECT_EQ(Record().replica_id, kId);
}

TEST_F(ReplicaAnnouncerTest, ARestoredStoreIsToldAtOnce) {
  clock().Advance(seconds(1));
  follower_ = std::make_unique<ChangeFollower>(replica_->core(), follower_->change() + 1'000);
  ASSERT_OK(follower_->Announce(kId, kNoDeadline));
  clock().Advance(seconds(1));
  ASSERT_OK(Hear());
  ASSERT_OK_AND_ASSIGN(const uint64_t newest, store().GetChangeNumber(kNoDeadline));
  EXPECT_EQ(Record().change, newest);
}

TEST_F(ReplicaAnnouncerTest, AKeyringDoesAllThis) {
  ASSERT_OK(replica_->Announce(kOther, kNoDeadline));
  EXPECT_EQ(Replicas().size(), 2u);
  replica_->Start();
  EXPECT_OK(replica_->CheckFresh(clock().Steady()));
  EXPECT_THAT(replica_->CheckFresh(clock().Steady() + options_.stale_limit + seconds(1)),
              StatusIs(StatusCode::kUnavailable, Reason::kStoreUnavailable));
  ASSERT_OK(replica_->Leave(kNoDeadline));
  EXPECT_EQ(Replicas().size(), 1u);
}

}  // namespace
}  // namespace fieldkms::testing
