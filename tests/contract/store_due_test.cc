// What is due, of all tenants, longest due first.
#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "tests/contract/record_matchers.h"
#include "tests/contract/store_contract.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_P(StoreContract, RotationsAreDueFromTheirTimeOn) {
  HaveTenant("acme");
  HaveTenant("globex");
  const auto make = [&](const char* tenant, const char* name, uint64_t id, int due) {
    KeyRecord key = Key(tenant, name, id);
    key.rotation_period = seconds(due);
    key.next_rotation = Now() + seconds(due);
    ASSERT_OK(store().CreateKey(key, Version(1), Fresh(), kNoDeadline));
  };
  make("acme", "third", 1, 30);
  make("globex", "first", 2, 10);
  make("acme", "second", 3, 20);
  HaveKey("acme", "never", 4);

  const WallTime start = Now();
  const auto due = [&](int at, size_t limit) {
    const auto keys = store().ListDueRotations(start + seconds(at), limit, kNoDeadline);
    EXPECT_OK(keys);
    return NamesOf(keys.value_or(std::vector<KeyRecord>()));
  };
  EXPECT_THAT(due(9, 10), IsEmpty());
  EXPECT_THAT(due(10, 10), ElementsAre("first"));
  EXPECT_THAT(due(1000, 2), ElementsAre("first", "second"));
  EXPECT_THAT(due(1000, 0), IsEmpty());
  Reopen();
  EXPECT_THAT(due(1000, 10), ElementsAre("first", "second", "third"));

  // Rotated: later; no period any more: never.
  ASSERT_OK_AND_ASSIGN(KeyRecord key, store().GetKeyById("globex", 2, kNoDeadline));
  key.next_rotation = start + seconds(40);
  HaveRotated(key);
  ASSERT_OK_AND_ASSIGN(key, store().GetKeyById("acme", 1, kNoDeadline));
  key.next_rotation.reset();
  key.rotation_period = seconds(0);
  HaveChanged(key);
  EXPECT_THAT(due(1000, 10), ElementsAre("second", "first"));
  ASSERT_OK_AND_ASSIGN(const auto whole,
                       store().ListDueRotations(start + seconds(20), 1, kNoDeadline));
  ASSERT_OK_AND_ASSIGN(key, store().GetKeyById("acme", 3, kNoDeadline));
  EXPECT_THAT(whole, ElementsAre(IsRecord(key)));
}

TEST_P(StoreContract, DestructionsAreDueFromTheirTimeOn) {
  HaveTenant("acme");
  HaveTenant("globex");
  const WallTime start = Now();
  const auto schedule = [&](const KeyRecord& key, uint32_t version, int due) {
    KeyVersionRecord record = Version(version);
    record.state = VersionState::kDestroyScheduled;
    record.destroy_time = start + seconds(due);
    return HaveChanged(key, {record});
  };
  KeyRecord acme = HaveRotated(HaveRotated(HaveKey("acme", "a", 0xfedcba9876543210)));
  KeyRecord globex = HaveRotated(HaveKey("globex", "g", 2));
  acme = schedule(acme, 2, 30);
  acme = schedule(acme, 1, 20);
  globex = schedule(globex, 1, 10);

  using Due = std::pair<std::string, uint32_t>;
  const auto due = [&](int at, size_t limit) {
    std::vector<Due> found;
    const auto list = store().ListDueDestructions(start + seconds(at), limit, kNoDeadline);
    EXPECT_OK(list);
    for (const KeyAndVersion& one : list.value_or(std::vector<KeyAndVersion>())) {
      found.emplace_back(one.key.name, one.version.version);
    }
    return found;
  };
  EXPECT_THAT(due(9, 10), IsEmpty());
  EXPECT_THAT(due(10, 10), ElementsAre(Due("g", 1)));
  EXPECT_THAT(due(1000, 2), ElementsAre(Due("g", 1), Due("a", 1)));
  Reopen();
  EXPECT_THAT(due(1000, 10), ElementsAre(Due("g", 1), Due("a", 1), Due("a", 2)));
  ASSERT_OK_AND_ASSIGN(const auto whole,
                       store().ListDueDestructions(start + seconds(20), 10, kNoDeadline));
  ASSERT_EQ(whole.size(), 2u);
  EXPECT_THAT(whole[1].key, IsRecord(acme));
  ASSERT_OK_AND_ASSIGN(const auto version,
                       store().GetKeyVersion("acme", acme.key_id, 1, kNoDeadline));
  EXPECT_THAT(whole[1].version, IsRecord(version));

  // Done, cancelled: not due, whatever their time says.
  globex = HaveChanged(globex, {Destroyed(1)});
  KeyVersionRecord kept = Version(1);
  kept.state = VersionState::kDisabled;
  acme = HaveChanged(acme, {kept});
  EXPECT_THAT(due(1000, 10), ElementsAre(Due("a", 2)));
}

}  // namespace
}  // namespace fieldkms::testing
