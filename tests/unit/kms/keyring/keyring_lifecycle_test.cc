// The life of keys through the keyring: what is in force, and for whom.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include "kms/keyring/core.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/keyring/keyring_fixture.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using std::chrono::days;
using std::chrono::hours;
using Labels = std::map<std::string, std::string>;

class KeyringLifecycle : public KeyringFixture {
 protected:
  void SetUp() override {
    KeyringFixture::SetUp();
    HaveTenant("acme");
    key_ = HaveKey("acme", "k");
  }
  KeyRef Ref(uint64_t etag = 0) const { return {"acme", "k", etag}; }
  const LoadedKey* Loaded(std::string_view name = "k") {
    return keyring().Snapshot().FindByName("acme", name);
  }
  VersionState StateOf(uint32_t version) {
    const auto record = store().GetKeyVersion("acme", key_.key_id, version, kNoDeadline);
    EXPECT_OK(record);
    return record.ok() ? record->state : VersionState::kDestroyed;
  }

  KeyRecord key_;
};

TEST_F(KeyringLifecycle, ADisabledVersionHasNoMaterialAnyMore) {
  const std::string sealed = Seal(*Loaded());
  ASSERT_OK(admin().DisableVersion(Ref(), 1, FreshId(), kNoDeadline));
  ASSERT_NE(Loaded(), nullptr);
  ASSERT_NE(Loaded()->Find(1), nullptr);
  EXPECT_EQ(Loaded()->Find(1)->state, VersionState::kDisabled);
  EXPECT_FALSE(Loaded()->Find(1)->HasMaterial());
  // Nor has one that is loaded while it is disabled.
  Restart();
  ASSERT_OK(keyring().LoadById("acme", key_.key_id, 1, kNoDeadline));
  EXPECT_FALSE(Loaded()->Find(1)->HasMaterial());
  ASSERT_OK(admin().EnableVersion(Ref(), 1, FreshId(), kNoDeadline));
  ASSERT_OK(keyring().LoadById("acme", key_.key_id, 1, kNoDeadline));
  EXPECT_TRUE(Opens(*Loaded(), 1, sealed));
}

TEST_F(KeyringLifecycle, EtagsTellWhoComesTooLate) {
  KeyPatch patch;
  patch.labels = Labels{{"team", "billing"}};
  ASSERT_OK_AND_ASSIGN(const KeyRecord patched,
                       admin().UpdateKey(Ref(key_.change), patch, FreshId(), kNoDeadline));
  EXPECT_GT(patched.change, key_.change);
  EXPECT_EQ(patched.labels, *patch.labels);
  EXPECT_EQ(Loaded()->record.labels, *patch.labels);
  const auto late = StatusIs(StatusCode::kAborted, Reason::kEtagMismatch);
  EXPECT_THAT(admin().UpdateKey(Ref(key_.change), patch, FreshId(), kNoDeadline), late);
  EXPECT_THAT(admin().DisableVersion(Ref(key_.change), 1, FreshId(), kNoDeadline), late);
  EXPECT_OK(admin().DisableVersion(Ref(patched.change), 1, FreshId(), kNoDeadline));
}

TEST_F(KeyringLifecycle, OfChangesWithOneEtagOneWins) {
  std::atomic<int> won = 0;
  std::atomic<int> late = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        KeyPatch patch;
        patch.labels = Labels{{"winner", std::to_string(i)}};
        const auto status =
            admin().UpdateKey(Ref(key_.change), patch, "update-" + std::to_string(i), kNoDeadline);
        status.ok() ? ++won : ++late;
        EXPECT_TRUE(status.ok() || ReasonOf(status.status()) == Reason::kEtagMismatch);
      });
    }
  }
  EXPECT_EQ(won, 1);
  EXPECT_EQ(late, 3);
}

TEST_F(KeyringLifecycle, ARepeatedRequestChangesNothing) {
  const std::string id = FreshId();
  ASSERT_OK_AND_ASSIGN(const KeyRecord first,
                       admin().DisableVersion(Ref(key_.change), 1, id, kNoDeadline));
  ASSERT_OK(admin().EnableVersion(Ref(), 1, FreshId(), kNoDeadline));
  ASSERT_OK_AND_ASSIGN(const KeyRecord again,
                       admin().DisableVersion(Ref(key_.change), 1, id, kNoDeadline));
  EXPECT_EQ(again.change, first.change);
  EXPECT_EQ(StateOf(1), VersionState::kEnabled);
  EXPECT_THAT(admin().EnableVersion(Ref(key_.change), 1, id, kNoDeadline),
              StatusIs(Reason::kRequestIdReused));
}

TEST_F(KeyringLifecycle, DestroyedForGood) {
  ASSERT_OK(admin().RotateKey("acme", "k", 1, FreshId(), kNoDeadline));
  EXPECT_THAT(admin().ScheduleDestroy(Ref(), 2, days(7), FreshId(), kNoDeadline),
              StatusIs(StatusCode::kFailedPrecondition, Reason::kVersionIsPrimary));
  ASSERT_OK(admin().ScheduleDestroy(Ref(), 1, days(7), FreshId(), kNoDeadline));
  EXPECT_EQ(StateOf(1), VersionState::kDestroyScheduled);
  ASSERT_OK_AND_ASSIGN(auto due, store().ListDueDestructions(clock().Now(), 10, kNoDeadline));
  EXPECT_TRUE(due.empty());
  clock().Advance(days(7) + hours(1));
  ASSERT_OK_AND_ASSIGN(due, store().ListDueDestructions(clock().Now(), 10, kNoDeadline));
  ASSERT_EQ(due.size(), 1u);
  ASSERT_OK(admin().DestroyDue(due[0], kNoDeadline));
  EXPECT_OK(admin().DestroyDue(due[0], kNoDeadline));  // as another replica would
  ASSERT_OK_AND_ASSIGN(const auto record,
                       store().GetKeyVersion("acme", key_.key_id, 1, kNoDeadline));
  EXPECT_EQ(record.state, VersionState::kDestroyed);
  EXPECT_EQ(record.wrapped, "");
  EXPECT_THAT(admin().EnableVersion(Ref(), 1, FreshId(), kNoDeadline), StatusIs(Reason::kKeyState));
  EXPECT_THAT(admin().CancelDestroy(Ref(), 1, FreshId(), kNoDeadline), StatusIs(Reason::kKeyState));
  EXPECT_EQ(StateOf(2), VersionState::kEnabled);
}

TEST_F(KeyringLifecycle, WhatWasCancelledIsNotDestroyed) {
  ASSERT_OK(admin().RotateKey("acme", "k", 1, FreshId(), kNoDeadline));
  ASSERT_OK(admin().ScheduleDestroy(Ref(), 1, days(1), FreshId(), kNoDeadline));
  clock().Advance(days(2));
  ASSERT_OK_AND_ASSIGN(const auto due, store().ListDueDestructions(clock().Now(), 10, kNoDeadline));
  ASSERT_EQ(due.size(), 1u);
  ASSERT_OK(admin().CancelDestroy(Ref(), 1, FreshId(), kNoDeadline));
  EXPECT_THAT(admin().DestroyDue(due[0], kNoDeadline), StatusIs(Reason::kKeyState));
  EXPECT_EQ(StateOf(1), VersionState::kDisabled);
}

TEST_F(KeyringLifecycle, TheWholeKeyEndsAndComesBackByCancelling) {
  ASSERT_OK(admin().RotateKey("acme", "k", 1, FreshId(), kNoDeadline));
  ASSERT_OK(admin().ScheduleDestroy(Ref(), 0, days(30), FreshId(), kNoDeadline));
  EXPECT_EQ(StateOf(1), VersionState::kDestroyScheduled);
  EXPECT_EQ(StateOf(2), VersionState::kDestroyScheduled);
  EXPECT_THAT(admin().RotateKey("acme", "k", 0, FreshId(), kNoDeadline),
              StatusIs(Reason::kKeyState));
  ASSERT_OK(admin().CancelDestroy(Ref(), 0, FreshId(), kNoDeadline));
  EXPECT_EQ(StateOf(1), VersionState::kDisabled);
  EXPECT_EQ(StateOf(2), VersionState::kDisabled);
  EXPECT_OK(admin().EnableVersion(Ref(), 2, FreshId(), kNoDeadline));
}

TEST_F(KeyringLifecycle, AliasesLoadAndAreRepointed) {
  const KeyRecord other = HaveKey("acme", "other");
  ASSERT_OK_AND_ASSIGN(const AliasRecord alias,
                       admin().SetAlias("acme", "current", "k", 0, FreshId(), kNoDeadline));
  ASSERT_OK(keyring().LoadByName("acme", "current", kNoDeadline));
  ASSERT_NE(Loaded("current"), nullptr);
  EXPECT_EQ(Loaded("current")->record.key_id, key_.key_id);
  EXPECT_EQ(Loaded("current"), Loaded("k"));
  // A rotation shows under both names.
  ASSERT_OK(admin().RotateKey("acme", "k", 1, FreshId(), kNoDeadline));
  EXPECT_EQ(Loaded("current")->record.primary_version, 2u);
  ASSERT_OK_AND_ASSIGN(
      const AliasRecord moved,
      admin().SetAlias("acme", "current", "other", alias.change, FreshId(), kNoDeadline));
  EXPECT_EQ(Loaded("current"), nullptr);
  ASSERT_OK(keyring().LoadByName("acme", "current", kNoDeadline));
  EXPECT_EQ(Loaded("current")->record.key_id, other.key_id);
  EXPECT_THAT(admin().SetAlias("acme", "current", "k", alias.change, FreshId(), kNoDeadline),
              StatusIs(StatusCode::kAborted, Reason::kEtagMismatch));
  ASSERT_OK(admin().SetAlias("acme", "current", "", moved.change, FreshId(), kNoDeadline));
  EXPECT_THAT(keyring().LoadByName("acme", "current", kNoDeadline), StatusIs(Reason::kKeyNotFound));
}

TEST_F(KeyringLifecycle, AliasesAndKeysShareTheirNames) {
  ASSERT_OK(admin().SetAlias("acme", "current", "k", 0, FreshId(), kNoDeadline));
  EXPECT_THAT(admin().CreateKey(SpecOf("acme", "current"), FreshId(), kNoDeadline),
              StatusIs(StatusCode::kAlreadyExists, Reason::kKeyExists));
  EXPECT_THAT(admin().SetAlias("acme", "k", "k", 0, FreshId(), kNoDeadline),
              StatusIs(StatusCode::kAlreadyExists, Reason::kKeyExists));
  // What changes keys takes their own names.
  const auto unknown = StatusIs(StatusCode::kNotFound, Reason::kKeyNotFound);
  EXPECT_THAT(admin().RotateKey("acme", "current", 0, FreshId(), kNoDeadline), unknown);
  EXPECT_THAT(admin().SetAlias("acme", "second", "current", 0, FreshId(), kNoDeadline), unknown);
}

TEST_F(KeyringLifecycle, EvictionKeepsTheKeysInUse) {
  options_.most_versions = 64;
  Restart();
  for (int i = 0; i < 300; ++i) {
    const std::string name = "key-" + std::to_string(i);
    ASSERT_OK(admin().CreateKey(SpecOf("acme", name), FreshId(), kNoDeadline));
    ASSERT_OK(keyring().LoadByName("acme", name, kNoDeadline));
    if (i == 0) continue;
    // The first is used all the time.
    ASSERT_NE(Loaded("key-0"), nullptr) << i;
    Loaded("key-0")->used->store(true);
  }
  const KeyringStatus status = keyring().Status();
  EXPECT_LE(status.loaded_versions, 64u);
  EXPECT_GE(status.loaded_versions, 32u);
  EXPECT_EQ(status.loaded_keys, status.loaded_versions);
  EXPECT_OK(keyring().LoadByName("acme", "key-1", kNoDeadline));
}

}  // namespace
}  // namespace fieldkms::testing
