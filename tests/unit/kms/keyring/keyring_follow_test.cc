// What replicas hear of each other, and how long what is loaded serves when the store or
// the root is out of reach.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "kms/keyring/change_follower.h"
#include "kms/keyring/core.h"
#include "kms/keyring/wrap.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/keyring/keyring_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

absl::Status Down() { return Error(StatusCode::kUnavailable, Reason::kStoreUnavailable, "down"); }

// Two keyrings over one store: the fixture's, which changes things, and another replica.
class KeyringFollow : public KeyringFixture {
 protected:
  void SetUp() override {
    KeyringFixture::SetUp();
    HaveTenant("acme");
    key_ = HaveKey("acme", "k");
    OpenReplica();
    ASSERT_OK(replica_->LoadByName("acme", "k", kNoDeadline));
  }
  void OpenReplica() {
    ASSERT_OK_AND_ASSIGN(replica_, Keyring::Open(store(), root(), clock(), options_));
    follower_ = std::make_unique<ChangeFollower>(replica_->core(), replica_->Status().change);
  }
  void TearDown() override {
    follower_.reset();
    replica_.reset();
  }
  absl::Status Hear() { return follower_->FollowOnce(clock().Steady()); }
  const LoadedKey* Loaded(std::string_view name = "k") {
    return replica_->Snapshot().FindByName("acme", name);
  }

  KeyRecord key_;
  std::unique_ptr<Keyring> replica_;
  std::unique_ptr<ChangeFollower> follower_;
};

TEST_F(KeyringFollow, ARotationIsHeardOf) {
  ASSERT_OK(admin().RotateKey("acme", "k", 1, FreshId(), kNoDeadline));
  EXPECT_EQ(Loaded()->record.primary_version, 1u);
  ASSERT_OK(Hear());
  EXPECT_EQ(Loaded()->record.primary_version, 2u);
  ASSERT_NE(Loaded()->Primary(), nullptr);  // loaded ahead
  EXPECT_EQ(Loaded()->Primary()->version, 2u);
  EXPECT_NE(Loaded()->Find(1), nullptr);
}

TEST_F(KeyringFollow, ADisabledVersionStops) {
  ASSERT_OK(admin().DisableVersion({"acme", "k"}, 1, FreshId(), kNoDeadline));
  ASSERT_OK(Hear());
  EXPECT_EQ(Loaded()->Find(1)->state, VersionState::kDisabled);
  EXPECT_FALSE(Loaded()->Find(1)->HasMaterial());
  ASSERT_OK(admin().EnableVersion({"acme", "k"}, 1, FreshId(), kNoDeadline));
  ASSERT_OK(Hear());
  ASSERT_OK(replica_->LoadByName("acme", "k", kNoDeadline));
  EXPECT_TRUE(Loaded()->Find(1)->HasMaterial());
}

TEST_F(KeyringFollow, ARepointedAliasIsHeardOf) {
  const KeyRecord other = HaveKey("acme", "other");
  ASSERT_OK_AND_ASSIGN(const AliasRecord alias,
                       admin().SetAlias("acme", "current", "k", 0, FreshId(), kNoDeadline));
  ASSERT_OK(replica_->LoadByName("acme", "current", kNoDeadline));
  EXPECT_EQ(Loaded("current")->record.key_id, key_.key_id);
  ASSERT_OK(admin().SetAlias("acme", "current", "other", alias.change, FreshId(), kNoDeadline));
  ASSERT_OK(Hear());
  EXPECT_EQ(Loaded("current"), nullptr);
  ASSERT_OK(replica_->LoadByName("acme", "current", kNoDeadline));
  EXPECT_EQ(Loaded("current")->record.key_id, other.key_id);
}

// Also where it has the name of a key.
TEST_F(KeyringFollow, AFieldIsNoKeyAndNoTenant) {
  const FieldRecord field{"acme", "k", key_.key_id, "{}", {}, {}, 0};
  ASSERT_OK_AND_ASSIGN(const auto put,
                       store().PutField(field, {FreshId(), std::string(32, 'f')}, kNoDeadline));
  const int reads = store().watch().Count("GetKeyById");
  ASSERT_OK(Hear());
  EXPECT_EQ(follower_->change(), put.value.change);
  EXPECT_EQ(store().watch().Count("GetKeyById"), reads);
  EXPECT_NE(Loaded(), nullptr);
}

TEST_F(KeyringFollow, ChangesOfOthersLoadNothing) {
  HaveKey("acme", "other");
  ASSERT_OK(admin().RotateKey("acme", "other", 1, FreshId(), kNoDeadline));
  ASSERT_OK(Hear());
  EXPECT_EQ(replica_->Snapshot().size(), 1u);
}

// The load reads that the version is enabled; it is disabled and that is heard of, by
// a replica that has not loaded the key; then the load publishes what it has read.
TEST_F(KeyringFollow, ALoadThatCrossesAChangeIsNotFooled) {
  OpenReplica();
  Gate gate;
  std::atomic<bool> first = true;
  root().watch().SetHook("Unwrap", [&, wait = gate.Hook()] {
    return first.exchange(false) ? wait() : absl::OkStatus();
  });
  std::jthread load([&] { EXPECT_OK(replica_->LoadByName("acme", "k", kNoDeadline)); });
  gate.AwaitArrivals(1);
  ASSERT_OK(admin().DisableVersion({"acme", "k"}, 1, FreshId(), kNoDeadline));
  ASSERT_OK(Hear());
  gate.Open();
  load.join();
  EXPECT_EQ(Loaded()->Find(1)->state, VersionState::kDisabled);
}

TEST_F(KeyringFollow, WhatCannotBeReadIsDroppedAndHeardOfLater) {
  ASSERT_OK(admin().RotateKey("acme", "k", 1, FreshId(), kNoDeadline));
  store().watch().SetHook("GetKeyById", Down);
  EXPECT_THAT(Hear(), StatusIs(Reason::kStoreUnavailable));
  EXPECT_EQ(Loaded(), nullptr);
  store().watch().SetHook("GetKeyById", nullptr);
  ASSERT_OK(Hear());
  ASSERT_OK(replica_->LoadByName("acme", "k", kNoDeadline));
  EXPECT_EQ(Loaded()->Primary()->version, 2u);
}

// A rewrap stamps many keys with one number; the first is read, the second is not.
TEST_F(KeyringFollow, ANumberIsHeardWhenAllItsRecordsAre) {
  const KeyRecord other = HaveKey("acme", "other");
  ASSERT_OK(replica_->LoadByName("acme", "other", kNoDeadline));
  ASSERT_OK(Hear());
  ASSERT_OK(admin().DisableVersion({"acme", "k"}, 1, FreshId(), kNoDeadline));
  ASSERT_OK(admin().DisableVersion({"acme", "other"}, 1, FreshId(), kNoDeadline));
  std::vector<RewrappedVersion> both;
  for (const uint64_t id : {key_.key_id, other.key_id}) {
    ASSERT_OK_AND_ASSIGN(const KeyVersionRecord version,
                         store().GetKeyVersion("acme", id, 1, kNoDeadline));
    both.push_back({id, 1, version.wrapped, 1, version.wrapped + "x"});
  }
  ASSERT_OK(store().RewrapKeyVersions("acme", both, kNoDeadline));
  std::atomic<int> reads = 0;
  store().watch().SetHook("GetKeyById",
                          [&reads] { return ++reads == 2 ? Down() : absl::OkStatus(); });
  EXPECT_FALSE(Hear().ok());
  ASSERT_OK(Hear());
  for (const char* name : {"k", "other"}) {
    const LoadedKey* key = Loaded(name);
    EXPECT_TRUE(key == nullptr || key->Find(1)->state == VersionState::kDisabled) << name;
  }
}

TEST_F(KeyringFollow, AStoreThatWentBackIsNotTheOneThatWasLoaded) {
  // As after a restore: the numbers begin below.
  ChangeFollower ahead(replica_->core(), replica_->Status().change + 1'000);
  ASSERT_NE(Loaded(), nullptr);
  ASSERT_OK(ahead.FollowOnce(clock().Steady()));
  EXPECT_EQ(Loaded(), nullptr);
  EXPECT_LT(ahead.change(), 1'000u);
}

TEST_F(KeyringFollow, AnAliasThatBecameAKeysNameIsThatKey) {
  ASSERT_OK_AND_ASSIGN(const AliasRecord alias,
                       admin().SetAlias("acme", "a", "k", 0, FreshId(), kNoDeadline));
  ASSERT_OK(replica_->LoadByName("acme", "a", kNoDeadline));
  ASSERT_OK(admin().SetAlias("acme", "a", "", alias.change, FreshId(), kNoDeadline));
  const KeyRecord named = HaveKey("acme", "a");
  // Loaded by its id before the alias' end is heard of.
  ASSERT_OK(replica_->LoadById("acme", named.key_id, 1, kNoDeadline));
  EXPECT_EQ(Loaded("a")->record.key_id, named.key_id);
  ASSERT_OK(admin().RotateKey("acme", "k", 1, FreshId(), kNoDeadline));
  ASSERT_OK(Hear());
  ASSERT_NE(Loaded("a"), nullptr);
  EXPECT_EQ(Loaded("a")->record.key_id, named.key_id);
}

TEST_F(KeyringFollow, AReplicaFencesItselfWithoutItsStore) {
  replica_->Start();
  store().watch().SetHook("WaitForChange", Down);
  EXPECT_OK(replica_->CheckFresh(clock().Steady()));
  const auto limit = options_.stale_limit;
  EXPECT_OK(replica_->CheckFresh(replica_->Status().store_seen + limit));
  EXPECT_THAT(replica_->CheckFresh(clock().Steady() + limit + seconds(10)),
              StatusIs(StatusCode::kUnavailable, Reason::kStoreUnavailable));
  const auto before = replica_->Status().store_seen;
  store().watch().SetHook("WaitForChange", nullptr);
  while (replica_->Status().store_seen == before) std::this_thread::yield();
  EXPECT_OK(replica_->CheckFresh(clock().Steady()));
}

TEST_F(KeyringFollow, ARunningFollowerHearsByItself) {
  replica_->Start();
  ASSERT_OK(admin().RotateKey("acme", "k", 1, FreshId(), kNoDeadline));
  while (Loaded() == nullptr || Loaded()->record.primary_version != 2) std::this_thread::yield();
}

TEST_F(KeyringFollow, AKekInUseIsUnwrappedAgainAheadOfItsEnd) {
  const int before = root().watch().Count("Unwrap");
  ASSERT_OK(follower_->RefreshOnce());
  EXPECT_EQ(root().watch().Count("Unwrap"), before);  // not due
  clock().Advance(minutes(6));
  ASSERT_OK(follower_->RefreshOnce());
  EXPECT_EQ(root().watch().Count("Unwrap"), before + 1);
  // So it serves beyond its first end.
  clock().Advance(minutes(57));
  EXPECT_TRUE(Loaded()->Primary()->life->Serves(clock().Steady()));
}

TEST_F(KeyringFollow, WithoutTheRootKeysServeForAnHourAndComeBackAllAtOnce) {
  root().watch().SetHook("Unwrap", Down);
  clock().Advance(minutes(59));
  EXPECT_FALSE(follower_->RefreshOnce().ok());
  const LoadedVersion* version = Loaded()->Primary();
  EXPECT_TRUE(version->life->Serves(clock().Steady()));
  clock().Advance(minutes(2));
  EXPECT_FALSE(version->life->Serves(clock().Steady()));
  EXPECT_THAT(replica_->LoadByName("acme", "k", kNoDeadline),
              StatusIs(StatusCode::kUnavailable, Reason::kStoreUnavailable));
  root().watch().SetHook("Unwrap", nullptr);
  ASSERT_OK(follower_->RefreshOnce());
  EXPECT_EQ(Loaded()->Primary(), version);  // the very same
  EXPECT_TRUE(version->life->Serves(clock().Steady()));
}

TEST_F(KeyringFollow, AKekThatNobodyUsesIsForgotten) {
  EXPECT_EQ(replica_->Status().loaded_keks, 1u);
  clock().Advance(minutes(6));
  ASSERT_OK(follower_->RefreshOnce());  // it was used when it was loaded
  clock().Advance(minutes(6));
  ASSERT_OK(follower_->RefreshOnce());
  EXPECT_EQ(replica_->Status().loaded_keks, 1u);
  clock().Advance(hours(1));
  ASSERT_OK(follower_->RefreshOnce());
  EXPECT_EQ(replica_->Status().loaded_keks, 0u);
  ASSERT_OK(replica_->LoadByName("acme", "k", kNoDeadline));
  EXPECT_TRUE(Loaded()->Primary()->life->Serves(clock().Steady()));
}

TEST_F(KeyringFollow, ARootThatGivesAnotherKeyIsNotBelieved) {
  HaveTenant("globex");
  ASSERT_OK_AND_ASSIGN(const KekRecord theirs, store().GetKek("globex", 1, kNoDeadline));
  // A root that answers with another key's plaintext.
  ASSERT_OK_AND_ASSIGN(const SecretBytes wrong,
                       root().Unwrap(theirs.wrapped, KekContext("globex", 1), kNoDeadline));
  root().SetAnswer(AsText(wrong.Expose()));
  clock().Advance(minutes(6));
  EXPECT_THAT(follower_->RefreshOnce(),
              StatusIs(StatusCode::kFailedPrecondition, Reason::kRootWrongKey));
  // The old one serves until its end; what would be loaded under the wrong one does not open.
  EXPECT_TRUE(Loaded()->Primary()->life->Serves(clock().Steady()));
  OpenReplica();
  EXPECT_THAT(replica_->LoadByName("acme", "k", kNoDeadline),
              StatusIs(StatusCode::kDataLoss, Reason::kStoreCorrupt));
}

}  // namespace
}  // namespace fieldkms::testing
