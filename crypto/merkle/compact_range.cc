#include "crypto/merkle/compact_range.h"

#include <algorithm>
#include <bit>

#include "crypto/status.h"

namespace fieldkms {
namespace {

// The level of the largest whole subtree that begins at `begin` and ends by `end`.
uint32_t LevelAt(uint64_t begin, uint64_t end) {
  const auto fits = static_cast<uint32_t>(std::bit_width(end - begin) - 1);
  return begin == 0 ? fits : std::min(fits, static_cast<uint32_t>(std::countr_zero(begin)));
}

}  // namespace

absl::StatusOr<CompactRange> CompactRange::FromHashes(uint64_t begin, uint64_t end,
                                                      const std::vector<MerkleHash>& hashes) {
  if (end < begin || end > kMaxMerkleSize) return InvalidField("range", "it has no such end");
  CompactRange range(begin);
  range.end_ = end;
  for (const MerkleHash& hash : hashes) {
    if (begin == end) return InvalidField("range", "it has too many hashes");
    const uint32_t level = LevelAt(begin, end);
    range.nodes_.push_back({level, begin >> level, hash});
    begin += uint64_t{1} << level;
  }
  if (begin != end) return InvalidField("range", "it has too few hashes");
  return range;
}

std::vector<MerkleHash> CompactRange::hashes() const {
  std::vector<MerkleHash> hashes;
  hashes.reserve(nodes_.size());
  for (const MerkleNode& node : nodes_) hashes.push_back(node.hash);
  return hashes;
}

// Joins the node with its left sibling as long as that is there, too.
void CompactRange::Push(MerkleNode node, MerkleHasher& hasher) {
  while (!nodes_.empty() && nodes_.back().level == node.level && node.index % 2 == 1) {
    node.hash = hasher.Node(nodes_.back().hash, node.hash);
    ++node.level;
    node.index /= 2;
    nodes_.pop_back();
  }
  nodes_.push_back(node);
}

void CompactRange::Append(const MerkleHash& leaf, MerkleHasher& hasher) {
  Push({0, end_, leaf}, hasher);
  ++end_;
}

absl::Status CompactRange::Merge(const CompactRange& right, MerkleHasher& hasher) {
  if (right.begin_ != end_) return Bug("ranges of a Merkle tree that do not meet");
  for (const MerkleNode& node : right.nodes_) Push(node, hasher);
  end_ = right.end_;
  return hasher.status();
}

absl::StatusOr<MerkleHash> CompactRange::Root(MerkleHasher& hasher) const {
  if (begin_ != 0) return Bug("a root of leaves that do not begin at 0");
  if (nodes_.empty()) return EmptyMerkleRoot();
  MerkleHash root = nodes_.back().hash;
  for (auto node = nodes_.rbegin() + 1; node != nodes_.rend(); ++node) {
    root = hasher.Node(node->hash, root);
  }
  FIELDKMS_RETURN_IF_ERROR(hasher.status());
  return root;
}

}  // namespace fieldkms
