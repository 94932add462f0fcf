#include "kms/keyring/lifecycle.h"

#include <gmock/gmock.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using absl::StatusCode;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

constexpr WallTime kNow{std::chrono::microseconds(1'800'000'000'000'000)};

KeySpec Spec() {
  KeySpec spec;
  spec.tenant = "acme";
  spec.name = "customers.card_number";
  return spec;
}
KeyRecord Key(uint32_t primary = 3) {
  KeyRecord key = NewKey(Spec(), kNow).value();
  key.primary_version = primary;
  return key;
}
KeyVersionRecord Version(uint32_t number, VersionState state = VersionState::kEnabled) {
  KeyVersionRecord version;
  version.version = number;
  version.state = state;
  if (state != VersionState::kDestroyed) version.wrapped = "wrapped";
  if (state == VersionState::kDestroyScheduled) version.destroy_time = kNow + days(1);
  return version;
}

KeyVersionRecord Imported(uint32_t number) {
  KeyVersionRecord version = Version(number);
  version.origin = KeyOrigin::kImported;
  return version;
}

auto Invalid(std::string_view field) {
  return ::testing::AllOf(
      StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField),
      ::testing::ResultOf([](const auto& r) { return FieldOf(r.status()); }, std::string(field)));
}
auto WrongState() { return StatusIs(StatusCode::kFailedPrecondition, Reason::kKeyState); }

TEST(NewKeyTest, DefaultsOfAPlainKey) {
  const auto key = NewKey(Spec(), kNow);
  ASSERT_OK(key);
  EXPECT_EQ(key->primary_version, 1u);
  EXPECT_EQ(key->min_decrypt_version, 1u);
  EXPECT_EQ(key->suite, 1);
  EXPECT_EQ(key->create_time, kNow);
  EXPECT_FALSE(key->next_rotation);
  EXPECT_FALSE(key->exportable);
}

TEST(NewKeyTest, KeysThatOthersHoldCommit) {
  KeySpec imported = Spec();
  imported.origin = KeyOrigin::kImported;
  EXPECT_EQ(NewKey(imported, kNow)->suite, 2);
  KeySpec leased = Spec();
  leased.lease = {seconds(60), 1000};
  EXPECT_EQ(NewKey(leased, kNow)->suite, 2);
  leased.suite = 1;  // who says so gets it
  EXPECT_EQ(NewKey(leased, kNow)->suite, 1);
}

TEST(NewKeyTest, BadSpecsNameTheirField) {
  KeySpec spec = Spec();
  spec.suite = 3;
  EXPECT_THAT(NewKey(spec, kNow), Invalid("suite"));
  spec = Spec();
  spec.purpose = KeyPurpose::kMac;
  spec.suite = 2;
  EXPECT_THAT(NewKey(spec, kNow), Invalid("suite"));
  spec = Spec();
  spec.purpose = static_cast<KeyPurpose>(7);
  EXPECT_THAT(NewKey(spec, kNow), Invalid("purpose"));
  for (const seconds period : {seconds(-1), seconds(1), seconds(3599), seconds(days(3651))}) {
    spec = Spec();
    spec.rotation_period = period;
    EXPECT_THAT(NewKey(spec, kNow), Invalid("rotation_period")) << period.count();
  }
  spec = Spec();
  spec.origin = KeyOrigin::kImported;
  spec.rotation_period = hours(1);
  EXPECT_THAT(NewKey(spec, kNow), Invalid("rotation_period"));
  spec = Spec();
  spec.lease = {seconds(3601), 1};
  EXPECT_THAT(NewKey(spec, kNow), Invalid("lease.longest"));
  spec.lease = {seconds(60), 0};
  EXPECT_THAT(NewKey(spec, kNow), Invalid("lease.most_messages"));
  spec.lease = {seconds(60), 1};
  spec.audit_per_operation = true;
  EXPECT_THAT(NewKey(spec, kNow), Invalid("lease"));
  spec.audit_per_operation = false;
  spec.purpose = KeyPurpose::kMac;
  EXPECT_THAT(NewKey(spec, kNow), Invalid("lease"));
}

TEST(NewKeyTest, Labels) {
  KeySpec spec = Spec();
  spec.labels = {{"team", "billing"}, {"pci.scope", "Größe: ja"}};
  EXPECT_EQ(NewKey(spec, kNow)->labels, spec.labels);
  const std::vector<std::map<std::string, std::string>> bad = {
      {{"", "v"}},       {{"Team", "v"}},
      {{"-team", "v"}},  {{std::string(64, 'a'), "v"}},
      {{"team", "a\n"}}, {{"team", std::string(257, 'v')}},
  };
  for (const auto& labels : bad) {
    spec.labels = labels;
    EXPECT_THAT(NewKey(spec, kNow), Invalid("labels")) << labels.begin()->first;
  }
  spec.labels.clear();
  for (int i = 0; i < 33; ++i) spec.labels["l" + std::to_string(i)] = "";
  EXPECT_THAT(NewKey(spec, kNow), Invalid("labels"));
}

TEST(PatchKeyTest, ChangesWhatIsSetAndNothingElse) {
  KeyRecord key = Key();
  key.labels = {{"team", "billing"}};
  KeyPatch patch;
  patch.min_decrypt_version = 3;
  const auto change = PatchKey(key, patch, Version(3));
  ASSERT_OK(change);
  EXPECT_EQ(change->key.min_decrypt_version, 3u);
  EXPECT_EQ(change->key.labels, key.labels);
  EXPECT_TRUE(change->versions.empty());
}

TEST(PatchKeyTest, APeriodCountsFromThePrimary) {
  KeyRecord key = Key();
  KeyPatch patch;
  patch.rotation_period = days(90);
  const auto change = PatchKey(key, patch, Version(3));
  ASSERT_OK(change);
  EXPECT_EQ(change->key.next_rotation, key.primary_create_time + days(90));
  patch.rotation_period = seconds(0);
  EXPECT_FALSE(PatchKey(change->key, patch, Version(3))->key.next_rotation);
  patch.rotation_period = days(90);
  EXPECT_THAT(PatchKey(key, patch, Imported(3)), Invalid("rotation_period"));
  for (const auto state : {VersionState::kDestroyScheduled, VersionState::kDestroyed}) {
    EXPECT_THAT(PatchKey(key, patch, Version(3, state)), WrongState());
  }
}

TEST(PatchKeyTest, MinDecryptVersionIsNotAboveThePrimary) {
  KeyPatch patch;
  patch.min_decrypt_version = 4;
  EXPECT_THAT(PatchKey(Key(3), patch, Version(3)), WrongState());
  patch.min_decrypt_version = 0;
  EXPECT_THAT(PatchKey(Key(3), patch, Version(3)), Invalid("min_decrypt_version"));
}

TEST(PatchKeyTest, LeasesAndAuditOfEachOperationExclude) {
  KeyRecord key = Key();
  key.lease = {seconds(60), 10};
  KeyPatch patch;
  patch.audit_per_operation = true;
  EXPECT_THAT(PatchKey(key, patch, Version(3)), Invalid("lease"));
  patch.lease = LeasePolicy();
  EXPECT_OK(PatchKey(key, patch, Version(3)));
}

TEST(AddVersionTest, TheNextVersionIsPrimary) {
  KeyRecord key = Key(3);
  key.rotation_period = days(30);
  const auto change = AddVersion(key, Version(3), Version(4), kNow + days(7));
  ASSERT_OK(change);
  EXPECT_EQ(change->key.primary_version, 4u);
  EXPECT_EQ(change->key.next_rotation, kNow + days(37));
  ASSERT_EQ(change->versions.size(), 1u);
  EXPECT_EQ(change->versions[0].version, 4u);
  // That is how a key with a disabled primary comes back.
  EXPECT_OK(AddVersion(key, Version(3, VersionState::kDisabled), Version(4), kNow));
}

TEST(AddVersionTest, WhatHasEndedIsNotRotated) {
  for (const auto state : {VersionState::kDestroyScheduled, VersionState::kDestroyed}) {
    EXPECT_THAT(AddVersion(Key(3), Version(3, state), Version(4), kNow), WrongState());
  }
  constexpr uint32_t kLast = std::numeric_limits<uint32_t>::max();
  EXPECT_THAT(AddVersion(Key(kLast), Version(kLast), Version(1), kNow), WrongState());
}

TEST(AddVersionTest, OriginsAreNotMixed) {
  KeyVersionRecord imported = Version(4);
  imported.origin = KeyOrigin::kImported;
  EXPECT_THAT(AddVersion(Key(3), Version(3), imported, kNow), WrongState());
  KeyVersionRecord primary = Version(3);
  primary.origin = KeyOrigin::kImported;
  EXPECT_THAT(AddVersion(Key(3), primary, Version(4), kNow), WrongState());
  EXPECT_OK(AddVersion(Key(3), primary, imported, kNow));
}

TEST(StateTest, EnabledAndDisabledGoBothWays) {
  EXPECT_EQ(Disable(Key(), Version(1))->versions[0].state, VersionState::kDisabled);
  EXPECT_EQ(Enable(Key(), Version(1, VersionState::kDisabled))->versions[0].state,
            VersionState::kEnabled);
  EXPECT_EQ(Disable(Key(3), Version(3))->versions[0].state, VersionState::kDisabled);
  for (const auto state : {VersionState::kDestroyScheduled, VersionState::kDestroyed}) {
    EXPECT_THAT(Enable(Key(), Version(1, state)), WrongState());
    EXPECT_THAT(Disable(Key(), Version(1, state)), WrongState());
  }
}

TEST(DestroyTest, AVersionWaitsAndIsDestroyed) {
  const std::vector<KeyVersionRecord> one = {Version(1)};
  const auto change = ScheduleDestroy(Key(3), one, /*whole_key=*/false, days(7), kNow);
  ASSERT_OK(change);
  ASSERT_EQ(change->versions.size(), 1u);
  const KeyVersionRecord waiting = change->versions[0];
  EXPECT_EQ(waiting.state, VersionState::kDestroyScheduled);
  EXPECT_EQ(waiting.destroy_time, kNow + days(7));
  EXPECT_EQ(waiting.wrapped, "wrapped");  // it can be cancelled
  EXPECT_THAT(Destroy(Key(3), waiting, kNow + days(7) - seconds(1)), WrongState());
  const auto destroyed = Destroy(Key(3), waiting, kNow + days(7));
  ASSERT_OK(destroyed);
  EXPECT_EQ(destroyed->versions[0].state, VersionState::kDestroyed);
  EXPECT_EQ(destroyed->versions[0].wrapped, "");
}

TEST(DestroyTest, WaitingPeriodHasLimits) {
  const std::vector<KeyVersionRecord> one = {Version(1)};
  for (const days waiting : {days(0), days(-1), days(91)}) {
    EXPECT_THAT(ScheduleDestroy(Key(3), one, false, waiting, kNow), Invalid("waiting_days"));
  }
  for (const days waiting : {kMinDestroyWaiting, kDefaultDestroyWaiting, kMaxDestroyWaiting}) {
    EXPECT_OK(ScheduleDestroy(Key(3), one, false, waiting, kNow));
  }
}

TEST(DestroyTest, ThePrimaryGoesWithTheWholeKeyOnly) {
  const std::vector<KeyVersionRecord> primary = {Version(3)};
  EXPECT_THAT(ScheduleDestroy(Key(3), primary, false, days(7), kNow),
              StatusIs(StatusCode::kFailedPrecondition, Reason::kVersionIsPrimary));
  KeyRecord key = Key(3);
  key.rotation_period = days(30);
  key.next_rotation = kNow + days(30);
  const std::vector<KeyVersionRecord> all = {Version(3), Version(2, VersionState::kDisabled),
                                             Version(1, VersionState::kDestroyed)};
  const auto change = ScheduleDestroy(key, all, true, days(7), kNow);
  ASSERT_OK(change);
  EXPECT_EQ(change->versions.size(), 2u);  // what was destroyed stays so
  EXPECT_FALSE(change->key.next_rotation);
}

TEST(DestroyTest, CancellingLeavesVersionsDisabled) {
  const std::vector<KeyVersionRecord> versions = {Version(2, VersionState::kDestroyScheduled),
                                                  Version(1, VersionState::kDestroyed)};
  const auto change = CancelDestroy(Key(3), versions);
  ASSERT_OK(change);
  ASSERT_EQ(change->versions.size(), 1u);
  EXPECT_EQ(change->versions[0].state, VersionState::kDisabled);
  EXPECT_FALSE(change->versions[0].destroy_time);
  EXPECT_THAT(Destroy(Key(3), change->versions[0], kNow + days(365)), WrongState());
  const std::vector<KeyVersionRecord> none = {Version(2), Version(1, VersionState::kDestroyed)};
  EXPECT_THAT(CancelDestroy(Key(3), none), WrongState());
}

TEST(UseTest, OnlyEnabledVersionsSealAndOpen) {
  EXPECT_OK(MaySeal(VersionState::kEnabled));
  EXPECT_OK(MayOpen(Key(), 1, VersionState::kEnabled));
  for (const auto state :
       {VersionState::kDisabled, VersionState::kDestroyScheduled, VersionState::kDestroyed}) {
    EXPECT_THAT(MaySeal(state), WrongState());
    EXPECT_THAT(MayOpen(Key(), 1, state), WrongState());
  }
  KeyRecord key = Key(3);
  key.min_decrypt_version = 2;
  EXPECT_THAT(MayOpen(key, 1, VersionState::kEnabled), WrongState());
  EXPECT_OK(MayOpen(key, 2, VersionState::kEnabled));
}

}  // namespace
}  // namespace fieldkms
