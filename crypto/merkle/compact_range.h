// CompactRange: what is to be remembered of a range of leaves to go on with the tree: the roots of
// the largest whole subtrees in it, at most two a level. Ranges that meet can be joined, so that
// parts of a log are hashed apart.
#ifndef FIELDKMS_CRYPTO_MERKLE_COMPACT_RANGE_H_
#define FIELDKMS_CRYPTO_MERKLE_COMPACT_RANGE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/merkle/hash.h"

namespace fieldkms {

// The root of the subtree of the leaves from index·2^level on, 2^level of them.
struct MerkleNode {
  uint32_t level = 0;
  uint64_t index = 0;
  MerkleHash hash;
};

// Logs have fewer leaves than this.
inline constexpr uint64_t kMaxMerkleSize = uint64_t{1} << 62;

// Of the leaves [begin, end). Not thread-safe.
class CompactRange {
 public:
  // Of none yet.
  explicit CompactRange(uint64_t begin = 0) : begin_(begin), end_(begin) {}
  // The range that has these hashes(), or an error: InvalidField("range") for a wrong number of
  // them or an end before the begin or beyond kMaxMerkleSize.
  static absl::StatusOr<CompactRange> FromHashes(uint64_t begin, uint64_t end,
                                                 const std::vector<MerkleHash>& hashes);

  uint64_t begin() const { return begin_; }
  uint64_t end() const { return end_; }
  uint64_t size() const { return end_ - begin_; }
  const std::vector<MerkleNode>& nodes() const { return nodes_; }
  std::vector<MerkleHash> hashes() const;  // of the nodes, from the left

  // Adds the leaf `end`, by its hash.
  void Append(const MerkleHash& leaf, MerkleHasher& hasher);
  // Adds all of `right`. Error: kInternal if it does not begin where this ends.
  absl::Status Merge(const CompactRange& right, MerkleHasher& hasher);
  // The root of the tree of these leaves. Errors: kInternal if they do not begin at 0; the
  // hasher's.
  absl::StatusOr<MerkleHash> Root(MerkleHasher& hasher) const;

 private:
  void Push(MerkleNode node, MerkleHasher& hasher);

  uint64_t begin_;
  uint64_t end_;
  std::vector<MerkleNode> nodes_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_MERKLE_COMPACT_RANGE_H_
