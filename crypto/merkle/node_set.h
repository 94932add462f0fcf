// MerkleNodes: the nodes of a tree that somebody has at hand, and the hashes that follow from them.
#ifndef FIELDKMS_CRYPTO_MERKLE_NODE_SET_H_
#define FIELDKMS_CRYPTO_MERKLE_NODE_SET_H_

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/merkle/compact_range.h"
#include "crypto/merkle/hash.h"
#include "crypto/merkle/proof.h"

namespace fieldkms {

// For a proof, the compact ranges of all parts of a log do, and the leaves of the part that has the
// leaf to be proved (or the last leaf of the smaller tree): each sibling on the way up is made of
// whole nodes of these. Not thread-safe.
class MerkleNodes {
 public:
  void AddRange(const CompactRange& range);
  // Hashes of leaves from `begin` on; instead of any that were added before.
  void SetLeaves(uint64_t begin, std::vector<MerkleHash> hashes);

  // The hash of the tree of [begin, end). Errors: kNotFound, kInvalidField, if it does not follow
  // from what is here; kCryptoFailure.
  absl::StatusOr<MerkleHash> Hash(uint64_t begin, uint64_t end) const;
  // The same, for the functions of proof.h. Must not outlive this.
  MerkleRangeHash AsRangeHash() const;

 private:
  absl::StatusOr<MerkleHash> Hash(uint64_t begin, uint64_t end, MerkleHasher& hasher) const;

  std::map<std::pair<uint32_t, uint64_t>, MerkleHash> nodes_;
  uint64_t leaves_begin_ = 0;
  std::vector<MerkleHash> leaves_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_MERKLE_NODE_SET_H_
