#include "crypto/merkle/proof.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "crypto/merkle/compact_range.h"
#include "crypto/merkle/node_set.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/crypto/merkle/tree.h"

namespace fieldkms {
namespace {

constexpr uint64_t kLargest = 300;

class ProofTest : public ::testing::Test {
 protected:
  // Once, and not in SetUpTestSuite, which RapidCheck's macros do not call.
  ProofTest() {
    if (!leaves_.empty()) return;
    leaves_ = NumberedLeaves(kLargest);
    for (uint64_t size = 0; size <= kLargest; ++size) roots_.push_back(TreeHash(First(size)));
    nodes_.SetLeaves(0, leaves_);
  }
  static std::span<const MerkleHash> First(uint64_t size) { return std::span(leaves_).first(size); }

  static inline std::vector<MerkleHash> leaves_, roots_;
  static inline MerkleNodes nodes_;
};

TEST_F(ProofTest, EveryLeafOfEverySizeIsProved) {
  for (uint64_t size = 1; size <= kLargest; ++size) {
    const uint64_t step = size < 70 ? 1 : 7;
    for (uint64_t index = 0; index < size; index += step) {
      ASSERT_OK_AND_ASSIGN(const auto proof, ProveInclusion(index, size, nodes_.AsRangeHash()));
      ASSERT_OK(VerifyInclusion(index, size, leaves_[index], proof, roots_[size]));
      if (size > 1) {  // not for the leaf beside it
        const uint64_t other = index == 0 ? 1 : index - 1;
        ASSERT_FALSE(VerifyInclusion(index, size, leaves_[other], proof, roots_[size]).ok());
        ASSERT_FALSE(VerifyInclusion(other, size, leaves_[index], proof, roots_[size]).ok());
      }
      ASSERT_FALSE(VerifyInclusion(index, size, leaves_[index], proof, roots_[size - 1]).ok());
    }
  }
}

TEST_F(ProofTest, EverySizeContinuesEverySmallerOne) {
  for (uint64_t second = 1; second <= kLargest; ++second) {
    const uint64_t step = second < 70 ? 1 : 7;
    for (uint64_t first = 1; first <= second; first += step) {
      ASSERT_OK_AND_ASSIGN(const auto proof, ProveConsistency(first, second, nodes_.AsRangeHash()));
      ASSERT_OK(VerifyConsistency(first, second, proof, roots_[first], roots_[second]))
          << first << " " << second;
      ASSERT_FALSE(VerifyConsistency(first, second, proof, roots_[first - 1], roots_[second]).ok());
      ASSERT_FALSE(VerifyConsistency(first, second, proof, roots_[first], roots_[second - 1]).ok());
    }
  }
}

// Changes a proof in one way; whether it did.
bool Mutate(MerkleProof* proof, uint32_t how, uint32_t where) {
  const size_t at = proof->empty() ? 0 : where % proof->size();
  const auto place = proof->begin() + static_cast<std::ptrdiff_t>(at);
  switch (how % 5) {
    case 0:
      if (proof->empty()) return false;
      (*proof)[at][where % kSha256Size] ^= static_cast<uint8_t>(1u << (where % 8));
      return true;
    case 1:
      if (proof->empty()) return false;
      proof->erase(place);
      return true;
    case 2:
      proof->insert(place, MerkleHash());
      return true;
    case 3:
      proof->push_back(proof->empty() ? MerkleHash() : proof->back());
      return true;
    default:
      if (proof->size() < 2) return false;
      std::swap((*proof)[at], (*proof)[(at + 1) % proof->size()]);
      return true;
  }
}

RC_GTEST_FIXTURE_PROP(ProofTest, MutatedProofsOfLeavesFail, (uint32_t how, uint32_t where)) {
  const auto size = *rc::gen::inRange<uint64_t>(1, kLargest + 1);
  const auto index = *rc::gen::inRange<uint64_t>(0, size);
  MerkleProof proof = *ProveInclusion(index, size, nodes_.AsRangeHash());
  RC_PRE(Mutate(&proof, how, where));
  RC_ASSERT(!VerifyInclusion(index, size, leaves_[index], proof, roots_[size]).ok());
}

RC_GTEST_FIXTURE_PROP(ProofTest, MutatedProofsOfContinuationFail, (uint32_t how, uint32_t where)) {
  const auto second = *rc::gen::inRange<uint64_t>(1, kLargest + 1);
  const auto first = *rc::gen::inRange<uint64_t>(1, second + 1);
  MerkleProof proof = *ProveConsistency(first, second, nodes_.AsRangeHash());
  RC_PRE(Mutate(&proof, how, where));
  RC_ASSERT(!VerifyConsistency(first, second, proof, roots_[first], roots_[second]).ok());
}

TEST_F(ProofTest, OtherSizesDoNotFitTheProof) {
  for (uint64_t size = 2; size <= 40; ++size) {
    const MerkleProof proof = *ProveInclusion(size / 2, size, nodes_.AsRangeHash());
    const MerkleHash& leaf = leaves_[size / 2];
    for (uint64_t other = 0; other <= 80; ++other) {
      if (other == size) continue;
      // Proofs do not bind the size, but with it comes its root.
      ASSERT_FALSE(VerifyInclusion(size / 2, other, leaf, proof, roots_[other]).ok())
          << size << " " << other;
    }
  }
}

// What a log keeps: the compact ranges of its parts, and the leaves of one of them.
TEST_F(ProofTest, PartsSufficeForTheProofsOfEachOfTheirLeaves) {
  const std::vector<uint64_t> cuts = {0, 5, 37, 64, 100, 101, 191, 230};
  MerkleHasher hasher;
  for (size_t part = 0; part + 1 < cuts.size(); ++part) {
    MerkleNodes nodes;
    for (size_t other = 0; other + 1 < cuts.size(); ++other) {
      CompactRange range(cuts[other]);
      for (uint64_t i = cuts[other]; i < cuts[other + 1]; ++i) range.Append(leaves_[i], hasher);
      nodes.AddRange(range);
    }
    nodes.SetLeaves(cuts[part], {leaves_.begin() + static_cast<long>(cuts[part]),
                                 leaves_.begin() + static_cast<long>(cuts[part + 1])});
    const uint64_t size = cuts.back();
    for (uint64_t i = cuts[part]; i < cuts[part + 1]; ++i) {
      ASSERT_OK_AND_ASSIGN(const auto inclusion, ProveInclusion(i, size, nodes.AsRangeHash()));
      ASSERT_OK(VerifyInclusion(i, size, leaves_[i], inclusion, roots_[size]));
      ASSERT_OK_AND_ASSIGN(const auto grown, ProveConsistency(i + 1, size, nodes.AsRangeHash()));
      ASSERT_OK(VerifyConsistency(i + 1, size, grown, roots_[i + 1], roots_[size]));
    }
  }
}

TEST_F(ProofTest, RefusesWhatNoTreeHas) {
  const auto hash = nodes_.AsRangeHash();
  EXPECT_THAT(ProveInclusion(5, 5, hash), StatusIs(Reason::kInvalidField));
  EXPECT_THAT(ProveConsistency(0, 5, hash), StatusIs(Reason::kInvalidField));
  EXPECT_THAT(ProveConsistency(6, 5, hash), StatusIs(Reason::kInvalidField));
  EXPECT_THAT(ProveInclusion(1, kLargest + 1, hash),
              StatusIs(absl::StatusCode::kNotFound, Reason::kInvalidField));
  EXPECT_THAT(nodes_.Hash(3, 3), StatusIs(Reason::kInvalidField));
}

}  // namespace
}  // namespace fieldkms
