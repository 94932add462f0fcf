// ChangeKey: a key as it is to be, if it is still the one that was read.
#include <gmock/gmock.h>

#include <chrono>

#include "tests/contract/record_matchers.h"
#include "tests/contract/store_contract.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using ::testing::ElementsAre;

TEST_P(StoreContract, RotationMovesThePrimary) {
  HaveTenant("acme");
  KeyRecord key = HaveKey("acme", "k", 7);
  clock().Advance(std::chrono::seconds(5));
  key.primary_version = 2;
  ASSERT_OK_AND_ASSIGN(const auto rotated,
                       store().ChangeKey({key, {Version(2, "second")}}, Fresh(), kNoDeadline));
  EXPECT_FALSE(rotated.replayed);
  KeyRecord expected = key;
  expected.primary_create_time = Now();
  ++expected.change;
  EXPECT_THAT(rotated.value, IsRecord(expected));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto kept, store().GetKey("acme", "k", kNoDeadline));
  EXPECT_THAT(kept, IsRecord(expected));
  ASSERT_OK_AND_ASSIGN(const auto second, store().GetKeyVersion("acme", 7, 2, kNoDeadline));
  EXPECT_THAT(second, IsRecord(Version(2, "second")));
  ASSERT_OK_AND_ASSIGN(const auto first, store().GetKeyVersion("acme", 7, 1, kNoDeadline));
  EXPECT_EQ(first.wrapped, Version(1).wrapped);
}

TEST_P(StoreContract, EveryFieldThatMayChangeChanges) {
  HaveTenant("acme");
  const KeyRecord made = HaveKey("acme", "k", 7);
  KeyRecord next = FullKey("acme", "k", 7);
  next.primary_version = 1;
  next.change = made.change;
  next = HaveChanged(next);
  KeyRecord expected = FullKey("acme", "k", 7);
  expected.purpose = made.purpose;
  expected.exportable = made.exportable;
  expected.change = made.change + 1;
  EXPECT_THAT(next, IsRecord(expected));
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto kept, store().GetKeyById("acme", 7, kNoDeadline));
  EXPECT_THAT(kept, IsRecord(expected));
  // And back.
  KeyRecord plain = made;
  plain.change = kept.change;
  plain = HaveChanged(plain);
  expected = made;
  expected.change = kept.change + 1;
  EXPECT_THAT(plain, IsRecord(expected));
}

TEST_P(StoreContract, WhatIsFixedIsNotWritten) {
  HaveTenant("acme");
  const KeyRecord made = HaveKey("acme", "k", 7);
  KeyRecord other = made;
  other.name = "renamed";
  other.purpose = KeyPurpose::kMac;
  other.exportable = true;
  other.create_time += std::chrono::hours(1);
  other.primary_create_time += std::chrono::hours(1);
  other = HaveChanged(other);
  KeyRecord expected = made;
  ++expected.change;
  EXPECT_THAT(other, IsRecord(expected));
  ASSERT_OK_AND_ASSIGN(const auto kept, store().GetKey("acme", "k", kNoDeadline));
  EXPECT_THAT(kept, IsRecord(expected));
}

TEST_P(StoreContract, ChangeOfWhatWasNotReadLastIsRefused) {
  HaveTenant("acme");
  const KeyRecord first = HaveKey("acme", "k", 7);
  const KeyRecord second = HaveRotated(first);
  const auto mismatch = StatusIs(StatusCode::kAborted, Reason::kEtagMismatch);
  for (const uint64_t change : {uint64_t{0}, first.change, second.change + 1, UINT64_MAX}) {
    KeyRecord next = second;
    next.suite = 2;
    next.change = change;
    EXPECT_THAT(store().ChangeKey({next, {Version(1, "evil")}}, Fresh(), kNoDeadline), mismatch)
        << change;
  }
  ASSERT_OK_AND_ASSIGN(const auto kept, store().GetKey("acme", "k", kNoDeadline));
  EXPECT_THAT(kept, IsRecord(second));
  ASSERT_OK_AND_ASSIGN(const auto version, store().GetKeyVersion("acme", 7, 1, kNoDeadline));
  EXPECT_THAT(version, IsRecord(Version(1)));
}

TEST_P(StoreContract, PrimaryMustBeThere) {
  HaveTenant("acme");
  const KeyRecord made = HaveKey("acme", "k", 7);
  const auto bug = StatusIs(StatusCode::kInternal, Reason::kInternal);
  for (const uint32_t primary : {0u, 2u, 0xffffffffu}) {
    KeyRecord next = made;
    next.primary_version = primary;
    EXPECT_THAT(store().ChangeKey({next, {}}, Fresh(), kNoDeadline), bug) << primary;
    EXPECT_THAT(store().ChangeKey({next, {Version(3)}}, Fresh(), kNoDeadline), bug) << primary;
  }
  ASSERT_OK_AND_ASSIGN(const auto kept, store().GetKey("acme", "k", kNoDeadline));
  EXPECT_THAT(kept, IsRecord(made));
  EXPECT_THAT(store().GetKeyVersion("acme", 7, 3, kNoDeadline),
              StatusIs(Reason::kKeyVersionUnknown));
  // Back to an old one: whether that is wise is the keyring's.
  KeyRecord key = HaveRotated(made);
  key.primary_version = 1;
  key = HaveChanged(key);
  EXPECT_EQ(key.primary_version, 1u);
}

TEST_P(StoreContract, UnknownKeyIsNotChanged) {
  HaveTenant("acme");
  EXPECT_THAT(store().ChangeKey({Key("acme", "k", 7), {Version(1)}}, Fresh(), kNoDeadline),
              StatusIs(StatusCode::kNotFound, Reason::kKeyNotFound));
  EXPECT_EQ(NewestChange(), 1u);
}

TEST_P(StoreContract, StatesOfVersionsAreKept) {
  HaveTenant("acme");
  KeyRecord key = HaveRotated(HaveRotated(HaveRotated(HaveKey("acme", "k", 7))));
  clock().Advance(std::chrono::seconds(1));
  KeyVersionRecord disabled = Version(1);
  disabled.state = VersionState::kDisabled;
  KeyVersionRecord scheduled = Version(2);
  scheduled.state = VersionState::kDestroyScheduled;
  scheduled.destroy_time = Now() + std::chrono::hours(24);
  KeyVersionRecord imported = Version(5, "imported");
  imported.origin = KeyOrigin::kImported;
  imported.kek_version = 0xffffffff;
  key = HaveChanged(key, {disabled, scheduled, Destroyed(3), imported});
  Reopen();
  ASSERT_OK_AND_ASSIGN(const auto versions, store().ListKeyVersions("acme", 7, 0, 10, kNoDeadline));
  ASSERT_EQ(versions.size(), 5u);
  EXPECT_THAT(versions[0], IsRecord(imported));
  EXPECT_EQ(versions[1].state, VersionState::kEnabled);
  EXPECT_THAT(versions[2], IsRecord(Destroyed(3)));
  EXPECT_THAT(versions[3], IsRecord(scheduled));
  EXPECT_THAT(versions[4], IsRecord(disabled));
  ASSERT_OK_AND_ASSIGN(const auto gone, store().GetKeyVersion("acme", 7, 3, kNoDeadline));
  EXPECT_EQ(gone.wrapped, "");
  // Cancelled.
  key = HaveChanged(key, {Version(2)});
  ASSERT_OK_AND_ASSIGN(const auto again, store().GetKeyVersion("acme", 7, 2, kNoDeadline));
  EXPECT_THAT(again, IsRecord(Version(2)));
}

TEST_P(StoreContract, PagesOfVersionsAreNewestFirst) {
  HaveTenant("acme");
  KeyRecord key = HaveKey("acme", "k", 7);
  for (int i = 0; i < 4; ++i) key = HaveRotated(key);
  ASSERT_OK_AND_ASSIGN(const auto first, store().ListKeyVersions("acme", 7, 0, 2, kNoDeadline));
  EXPECT_THAT(NumbersOf(first), ElementsAre(5, 4));
  ASSERT_OK_AND_ASSIGN(const auto next, store().ListKeyVersions("acme", 7, 4, 2, kNoDeadline));
  EXPECT_THAT(NumbersOf(next), ElementsAre(3, 2));
  ASSERT_OK_AND_ASSIGN(const auto last, store().ListKeyVersions("acme", 7, 2, 2, kNoDeadline));
  EXPECT_THAT(NumbersOf(last), ElementsAre(1));
}

}  // namespace
}  // namespace fieldkms::testing
