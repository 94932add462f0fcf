#include "kms/keyring/persistent_map.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "kms/keyring/siphash.h"
#include "tests/unit/kms/keyring/allocations.h"

namespace fieldkms {
namespace {

using testing::Allocations;

// Hashes that make deep and colliding tries out of few keys.
struct ConstantHash {
  uint64_t operator()(uint64_t) const { return 0x123456789abcdef0; }
};
struct HighBitsHash {
  uint64_t operator()(uint64_t key) const { return key << 59; }
};
struct FewBitsHash {
  uint64_t operator()(uint64_t key) const { return key % 7 * 0x0842108421084210; }
};

template <class Hash>
class PersistentMapTest : public ::testing::Test {};
using Hashes = ::testing::Types<TrieHash, ConstantHash, HighBitsHash, FewBitsHash>;
TYPED_TEST_SUITE(PersistentMapTest, Hashes);

template <class Map>
void ExpectSame(const Map& map, const std::map<uint64_t, int>& expected, uint64_t keys) {
  RC_ASSERT(map.size() == expected.size());
  for (uint64_t key = 0; key < keys; ++key) {
    const int* found = map.Find(key);
    const auto it = expected.find(key);
    RC_ASSERT((found != nullptr) == (it != expected.end()));
    if (found != nullptr) RC_ASSERT(*found == it->second);
  }
  std::map<uint64_t, int> visited;
  map.ForEach([&](uint64_t key, int value) { RC_ASSERT(visited.emplace(key, value).second); });
  RC_ASSERT(visited == expected);
}

TYPED_TEST(PersistentMapTest, BehavesAsStdMapAndKeepsEveryOlderMap) {
  const bool holds = rc::check([] {
    constexpr uint64_t kKeys = 32;
    using Change = std::pair<uint64_t, rc::Maybe<int>>;
    using Map = PersistentMap<uint64_t, int, TypeParam>;
    struct Step {
      Map map;
      std::map<uint64_t, int> expected;
    };
    std::vector<Step> steps{{}};
    // Few enough keys that most removals find theirs. No value: the key is removed.
    const auto changes = *rc::gen::container<std::vector<Change>>(
        rc::gen::pair(rc::gen::inRange<uint64_t>(0, kKeys), rc::gen::arbitrary<rc::Maybe<int>>()));
    for (const auto& [key, value] : changes) {
      Step next = steps.back();
      next.map = value ? next.map.With(key, *value) : next.map.Without(key);
      if (value) next.expected[key] = *value;
      if (!value) next.expected.erase(key);
      steps.push_back(std::move(next));
    }
    for (const Step& step : steps) ExpectSame(step.map, step.expected, kKeys);
  });
  EXPECT_TRUE(holds);
}

// How many allocations a change to `map` takes: what tells maps of one content but
// other nodes apart.
template <class Map>
size_t CostOfChange(const Map& map, uint64_t key) {
  const size_t before = Allocations();
  const Map changed = map.With(key, 1);
  return Allocations() - before;
}

TYPED_TEST(PersistentMapTest, RemovalLeavesNoNodesBehind) {
  constexpr uint64_t kKeys = 50;
  PersistentMap<uint64_t, int, TypeParam> all;
  for (uint64_t key = 0; key < kKeys; ++key) all = all.With(key, 1);
  auto left = all;
  for (uint64_t removed = 0; removed < kKeys; ++removed) {
    left = left.Without(removed);
    PersistentMap<uint64_t, int, TypeParam> never;
    for (uint64_t key = removed + 1; key < kKeys; ++key) never = never.With(key, 1);
    ASSERT_EQ(left.size(), kKeys - removed - 1);
    for (uint64_t key = 0; key < kKeys; ++key) {
      ASSERT_EQ(CostOfChange(left, key), CostOfChange(never, key)) << removed << " " << key;
    }
  }
  EXPECT_EQ(left.Find(uint64_t{1}), nullptr);
  EXPECT_EQ(all.size(), kKeys);
}

RC_GTEST_PROP(PersistentMapNames, AreFoundByView, (const std::vector<std::string>& names)) {
  PersistentMap<std::string, size_t> map;
  std::map<std::string, size_t> expected;
  for (size_t i = 0; i < names.size(); ++i) {
    map = map.With(names[i], i);
    expected[names[i]] = i;
  }
  RC_ASSERT(map.size() == expected.size());
  for (const auto& [name, value] : expected) {
    const size_t* found = map.Find(std::string_view(name));
    RC_ASSERT(found != nullptr);
    RC_ASSERT(*found == value);
    RC_ASSERT((map.Find(std::string_view(name + "/")) == nullptr) ==
              !expected.contains(name + "/"));
  }
}

class LargeMap : public ::testing::Test {
 protected:
  static constexpr size_t kSize = 100'000;
  static std::string Name(size_t i) {
    return "tenant-" + std::to_string(i % 100) + "/key-" + std::to_string(i);
  }

  void SetUp() override {
    for (size_t i = 0; i < kSize; ++i) map_ = map_.With(Name(i), i);
  }
  PersistentMap<std::string, size_t> map_;
};

TEST_F(LargeMap, HoldsEveryKey) {
  ASSERT_EQ(map_.size(), kSize);
  for (size_t i = 0; i < kSize; ++i) {
    const size_t* found = map_.Find(std::string_view(Name(i)));
    ASSERT_NE(found, nullptr) << i;
    ASSERT_EQ(*found, i);
  }
  EXPECT_EQ(map_.Find(std::string_view("tenant-0/key-1")), nullptr);
}

TEST_F(LargeMap, ChangeCopiesOnlyThePathToIt) {
  const std::string name = Name(kSize / 2);
  const size_t before = Allocations();
  const auto changed = map_.With(name, 7);
  // A node of the path is an allocation, or three with its two rows; paths in a
  // map of this size are three to five nodes long.
  EXPECT_LT(Allocations() - before, 24u);
  EXPECT_EQ(*changed.Find(std::string_view(name)), 7u);
  EXPECT_EQ(*map_.Find(std::string_view(name)), kSize / 2);
  EXPECT_EQ(changed.size(), kSize);
  // What was not on the path is the same object in both.
  size_t shared = 0;
  for (size_t i = 0; i < kSize; ++i) {
    const std::string other = Name(i);
    shared += map_.Find(std::string_view(other)) == changed.Find(std::string_view(other));
  }
  EXPECT_EQ(shared, kSize - 1);
}

TEST_F(LargeMap, RemovalCopiesOnlyThePathToIt) {
  const std::string name = Name(kSize / 2);
  const size_t before = Allocations();
  const auto changed = map_.Without(std::string_view(name));
  EXPECT_LT(Allocations() - before, 24u);
  EXPECT_EQ(changed.Find(std::string_view(name)), nullptr);
  EXPECT_EQ(*map_.Find(std::string_view(name)), kSize / 2);
  EXPECT_EQ(changed.size(), kSize - 1);
  size_t shared = 0;
  for (size_t i = 0; i < kSize; ++i) {
    const std::string other = Name(i);
    shared += map_.Find(std::string_view(other)) == changed.Find(std::string_view(other));
  }
  EXPECT_EQ(shared, kSize - 1);
}

TEST_F(LargeMap, RemovalOfWhatIsNotThereIsTheSameMap) {
  const size_t before = Allocations();
  const auto same = map_.Without(std::string_view("tenant-0/none"));
  EXPECT_EQ(Allocations(), before);
  EXPECT_EQ(same.size(), kSize);
}

TEST_F(LargeMap, FindDoesNotAllocate) {
  const std::string name = Name(1);
  const size_t before = Allocations();
  const bool found = map_.Find(std::string_view(name)) != nullptr;
  const bool missing = map_.Find(std::string_view("tenant-0/none")) == nullptr;
  EXPECT_EQ(Allocations(), before);
  EXPECT_TRUE(found && missing);
}

// Vectors of the reference implementation: key 00 01 ... 0f, input of the first
// n bytes of 00 01 02 ...
TEST(SipHash, ReferenceVectors) {
  constexpr SipHashKey kKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};
  const std::map<size_t, uint64_t> vectors = {{0, 0x726fdb47dd0e0e31}, {1, 0x74f839c593dc67fd},
                                              {2, 0x0d6c8009d9a94f5a}, {3, 0x85676696d7fb7e2d},
                                              {7, 0xab0200f58b01d137}, {8, 0x93f5f5799a932462},
                                              {15, 0xa129ca6149be45e5}};
  std::string input;
  for (char c = 0; c < 16; ++c) input.push_back(c);
  for (const auto& [size, hash] : vectors) {
    EXPECT_EQ((SipHash<2, 4>(kKey, std::string_view(input).substr(0, size))), hash) << size;
  }
}

TEST(SipHash, KeyMatters) {
  EXPECT_NE((SipHash<1, 3>({1, 2}, "name")), (SipHash<1, 3>({1, 3}, "name")));
  EXPECT_NE((SipHash<1, 3>({1, 2}, "name")), (SipHash<1, 3>({0, 2}, "name")));
}

}  // namespace
}  // namespace fieldkms
