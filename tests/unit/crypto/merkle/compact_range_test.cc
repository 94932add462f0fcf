#include "crypto/merkle/compact_range.h"

#include <gtest/gtest.h>

#include <bit>

#include "tests/support/status_matchers.h"
#include "tests/unit/crypto/merkle/tree.h"

namespace fieldkms {
namespace {

CompactRange RangeOf(std::span<const MerkleHash> leaves, uint64_t begin, uint64_t end) {
  MerkleHasher hasher;
  CompactRange range(begin);
  for (uint64_t i = begin; i < end; ++i) range.Append(leaves[i], hasher);
  EXPECT_OK(hasher.status());
  return range;
}

TEST(CompactRangeTest, RootOfEverySizeIsTheTreesOwn) {
  const auto leaves = NumberedLeaves(300);
  MerkleHasher hasher;
  CompactRange range;
  for (size_t size = 0; size <= leaves.size(); ++size) {
    ASSERT_OK_AND_ASSIGN(const MerkleHash root, range.Root(hasher));
    EXPECT_EQ(root, TreeHash(std::span(leaves).first(size))) << size;
    EXPECT_EQ(range.nodes().size(), static_cast<size_t>(std::popcount(size)));
    if (size < leaves.size()) range.Append(leaves[size], hasher);
  }
}

TEST(CompactRangeTest, PartsJoinToTheWholeWhereverItIsCut) {
  const auto leaves = NumberedLeaves(67);
  MerkleHasher hasher;
  const CompactRange whole = RangeOf(leaves, 0, leaves.size());
  for (uint64_t a = 0; a <= leaves.size(); ++a) {
    for (uint64_t b = a; b <= leaves.size(); ++b) {
      CompactRange joined = RangeOf(leaves, 0, a);
      ASSERT_OK(joined.Merge(RangeOf(leaves, a, b), hasher));
      ASSERT_OK(joined.Merge(RangeOf(leaves, b, leaves.size()), hasher));
      ASSERT_EQ(joined.hashes(), whole.hashes()) << a << " " << b;
    }
  }
}

TEST(CompactRangeTest, ComesBackFromItsHashes) {
  const auto leaves = NumberedLeaves(40);
  MerkleHasher hasher;
  for (uint64_t begin = 0; begin <= leaves.size(); ++begin) {
    for (uint64_t end = begin; end <= leaves.size(); ++end) {
      const CompactRange range = RangeOf(leaves, begin, end);
      auto hashes = range.hashes();
      ASSERT_OK_AND_ASSIGN(CompactRange again, CompactRange::FromHashes(begin, end, hashes));
      ASSERT_EQ(again.hashes(), hashes);
      ASSERT_OK(again.Merge(RangeOf(leaves, end, leaves.size()), hasher));
      ASSERT_EQ(again.hashes(), RangeOf(leaves, begin, leaves.size()).hashes());
      hashes.emplace_back();
      EXPECT_THAT(CompactRange::FromHashes(begin, end, hashes), StatusIs(Reason::kInvalidField));
      if (hashes.size() == 1) continue;
      hashes.resize(hashes.size() - 2);
      EXPECT_THAT(CompactRange::FromHashes(begin, end, hashes), StatusIs(Reason::kInvalidField));
    }
  }
}

TEST(CompactRangeTest, RefusesWhatDoesNotMeet) {
  MerkleHasher hasher;
  CompactRange range;
  EXPECT_THAT(range.Merge(CompactRange(1), hasher), StatusIs(Reason::kInternal));
  EXPECT_THAT(CompactRange(1).Root(hasher), StatusIs(Reason::kInternal));
  EXPECT_THAT(CompactRange::FromHashes(2, 1, {}), StatusIs(Reason::kInvalidField));
  EXPECT_THAT(CompactRange::FromHashes(0, kMaxMerkleSize + 1, {}), StatusIs(Reason::kInvalidField));
  EXPECT_OK(CompactRange::FromHashes(0, kMaxMerkleSize, {MerkleHash()}));
}

}  // namespace
}  // namespace fieldkms
