#include "kms/keyring/key_snapshot.h"

#include <gtest/gtest.h>

#include <utility>

#include "tests/support/status_matchers.h"
#include "tests/unit/kms/keyring/allocations.h"
#include "tests/unit/kms/keyring/keyring_fixture.h"

namespace fieldkms {
namespace {

using testing::Allocations;
using testing::LoadedKeyOf;

TEST(KeySnapshot, FindsByNameAndId) {
  const KeySnapshot empty;
  EXPECT_EQ(empty.FindByName("acme", "k"), nullptr);
  EXPECT_EQ(empty.FindById(7), nullptr);
  const auto snapshot = empty.With(LoadedKeyOf("acme", "k", 7, {1}));
  ASSERT_NE(snapshot->FindByName("acme", "k"), nullptr);
  EXPECT_EQ(snapshot->FindByName("acme", "k"), snapshot->FindById(7));
  EXPECT_EQ(snapshot->FindById(7)->record.name, "k");
  EXPECT_EQ(snapshot->FindByName("acme", "kk"), nullptr);
  EXPECT_EQ(snapshot->FindByName("acm", "e/k"), nullptr);
  EXPECT_EQ(snapshot->FindById(8), nullptr);
  EXPECT_EQ(snapshot->size(), 1u);
}

TEST(KeySnapshot, NamesOfAnyLengthAreLookedUp) {
  const std::string tenant(63, 't');
  const std::string name(128, 'n');
  const auto snapshot = KeySnapshot().With(LoadedKeyOf(tenant, name, 7, {1}));
  EXPECT_NE(snapshot->FindByName(tenant, name), nullptr);
  for (const size_t size : {0u, 127u, 129u, 191u, 192u, 193u, 5000u}) {
    EXPECT_EQ(snapshot->FindByName(tenant, std::string(size, 'n')), nullptr) << size;
    EXPECT_EQ(snapshot->FindByName(std::string(size, 't'), name), nullptr) << size;
  }
}

TEST(KeySnapshot, AChangeLeavesTheOldSnapshotAsItWas) {
  const auto one = KeySnapshot().With(LoadedKeyOf("acme", "k", 7, {1}));
  const auto other = one->With(LoadedKeyOf("acme", "x", 8, {1}));
  const auto two = other->With(LoadedKeyOf("acme", "k", 7, {1, 2}));
  EXPECT_EQ(one->size(), 1u);
  EXPECT_EQ(one->FindById(8), nullptr);
  EXPECT_EQ(one->FindById(7)->Primary()->version, 1u);
  EXPECT_EQ(two->size(), 2u);
  EXPECT_EQ(two->FindById(7)->Primary()->version, 2u);
  EXPECT_EQ(two->FindByName("acme", "k"), two->FindById(7));
  EXPECT_EQ(two->FindById(8), other->FindById(8));  // shared, not copied
}

TEST(KeySnapshot, LookupsDoNotAllocate) {
  const auto snapshot = KeySnapshot().With(LoadedKeyOf("acme", "k", 7, {1}));
  const size_t before = Allocations();
  const bool found = snapshot->FindByName("acme", "k") != nullptr &&
                     snapshot->FindById(7) != nullptr && snapshot->FindById(7)->Find(1) != nullptr;
  EXPECT_EQ(Allocations(), before);
  EXPECT_TRUE(found);
}

TEST(LoadedKey, FindsTheVersionsItHas) {
  const auto key = LoadedKeyOf("acme", "k", 7, {2, 5, 9});
  for (const uint32_t version : {2u, 5u, 9u}) {
    ASSERT_NE(key->Find(version), nullptr);
    EXPECT_EQ(key->Find(version)->version, version);
  }
  for (const uint32_t version : {0u, 1u, 3u, 6u, 10u, 0xffffffffu}) {
    EXPECT_EQ(key->Find(version), nullptr) << version;
  }
  EXPECT_EQ(key->Primary()->version, 9u);
}

}  // namespace
}  // namespace fieldkms
