#include "crypto/merkle/node_set.h"

#include <bit>

#include "crypto/status.h"

namespace fieldkms {

void MerkleNodes::AddRange(const CompactRange& range) {
  for (const MerkleNode& node : range.nodes()) nodes_[{node.level, node.index}] = node.hash;
}

void MerkleNodes::SetLeaves(uint64_t begin, std::vector<MerkleHash> hashes) {
  leaves_begin_ = begin;
  leaves_ = std::move(hashes);
}

absl::StatusOr<MerkleHash> MerkleNodes::Hash(uint64_t begin, uint64_t end,
                                             MerkleHasher& hasher) const {
  const uint64_t size = end - begin;
  if (std::has_single_bit(size) && begin % size == 0) {
    const auto level = static_cast<uint32_t>(std::countr_zero(size));
    const auto known = nodes_.find({level, begin >> level});
    if (known != nodes_.end()) return known->second;
  }
  if (size == 1) {
    if (begin >= leaves_begin_ && begin - leaves_begin_ < leaves_.size()) {
      return leaves_[begin - leaves_begin_];
    }
    return Error(absl::StatusCode::kNotFound, Reason::kInvalidField,
                 "a hash does not follow from the nodes of the tree that are known", "range");
  }
  const uint64_t middle = begin + MerkleSplit(size);
  FIELDKMS_ASSIGN_OR_RETURN(const MerkleHash left, Hash(begin, middle, hasher));
  FIELDKMS_ASSIGN_OR_RETURN(const MerkleHash right, Hash(middle, end, hasher));
  return hasher.Node(left, right);
}

absl::StatusOr<MerkleHash> MerkleNodes::Hash(uint64_t begin, uint64_t end) const {
  if (end <= begin || end > kMaxMerkleSize) return InvalidField("range", "it has no leaf");
  MerkleHasher hasher;
  FIELDKMS_ASSIGN_OR_RETURN(const MerkleHash hash, Hash(begin, end, hasher));
  FIELDKMS_RETURN_IF_ERROR(hasher.status());
  return hash;
}

MerkleRangeHash MerkleNodes::AsRangeHash() const {
  return [this](uint64_t begin, uint64_t end) { return Hash(begin, end); };
}

}  // namespace fieldkms
