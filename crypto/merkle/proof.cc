#include "crypto/merkle/proof.h"

#include <algorithm>
#include <bit>

#include "crypto/status.h"

namespace fieldkms {
namespace {

absl::Status Invalid(const char* why) { return InvalidField("proof", why); }

absl::Status Mismatch() { return Invalid("it does not lead to the root"); }

}  // namespace

// PATH(m, D[n]) of the RFC, from the root down.
absl::StatusOr<MerkleProof> ProveInclusion(uint64_t index, uint64_t size,
                                           const MerkleRangeHash& hash) {
  if (index >= size) return InvalidField("index", "the tree has no such leaf");
  MerkleProof proof;
  for (uint64_t begin = 0, end = size; end - begin > 1;) {
    const uint64_t middle = begin + MerkleSplit(end - begin);
    const bool left = index < middle;
    FIELDKMS_ASSIGN_OR_RETURN(const MerkleHash sibling,
                              left ? hash(middle, end) : hash(begin, middle));
    proof.push_back(sibling);
    (left ? end : begin) = middle;
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

// SUBPROOF(m, D[n], b) of the RFC, from the root down.
absl::StatusOr<MerkleProof> ProveConsistency(uint64_t first, uint64_t second,
                                             const MerkleRangeHash& hash) {
  if (first == 0 || first > second) return InvalidField("size", "not from 1 to the second size");
  MerkleProof proof;
  uint64_t begin = 0, end = second;
  while (end != first) {
    const uint64_t middle = begin + MerkleSplit(end - begin);
    const bool left = first <= middle;
    FIELDKMS_ASSIGN_OR_RETURN(const MerkleHash sibling,
                              left ? hash(middle, end) : hash(begin, middle));
    proof.push_back(sibling);
    (left ? end : begin) = middle;
  }
  if (begin != 0) {  // else the verifier has it: it is the first root
    FIELDKMS_ASSIGN_OR_RETURN(const MerkleHash last, hash(begin, end));
    proof.push_back(last);
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

absl::Status VerifyInclusion(uint64_t index, uint64_t size, const MerkleHash& leaf,
                             std::span<const MerkleHash> proof, const MerkleHash& root) {
  if (index >= size) return InvalidField("index", "the tree has no such leaf");
  MerkleHasher hasher;
  MerkleHash hash = leaf;
  uint64_t node = index, last = size - 1;
  for (const MerkleHash& sibling : proof) {
    if (last == 0) return Invalid("it is too long");
    if (node % 2 == 1 || node == last) {
      hash = hasher.Node(sibling, hash);
      while (node % 2 == 0 && node != 0) {  // levels on which it has no sibling
        node /= 2;
        last /= 2;
      }
    } else {
      hash = hasher.Node(hash, sibling);
    }
    node /= 2;
    last /= 2;
  }
  if (last != 0) return Invalid("it is too short");
  FIELDKMS_RETURN_IF_ERROR(hasher.status());
  return hash == root ? absl::OkStatus() : Mismatch();
}

absl::Status VerifyConsistency(uint64_t first, uint64_t second, std::span<const MerkleHash> proof,
                               const MerkleHash& first_root, const MerkleHash& second_root) {
  if (first == 0 || first > second) return InvalidField("size", "not from 1 to the second size");
  if (first == second) {
    if (!proof.empty()) return Invalid("it is too long");
    return first_root == second_root ? absl::OkStatus() : Mismatch();
  }
  // Where the first tree is whole, its root begins the proof, and is not sent.
  const bool whole = std::has_single_bit(first);
  if (!whole && proof.empty()) return Invalid("it is too short");
  MerkleHash first_hash = whole ? first_root : proof.front();
  if (!whole) proof = proof.subspan(1);
  MerkleHash second_hash = first_hash;
  uint64_t node = first - 1, last = second - 1;
  const int shift = std::countr_one(node);
  node >>= shift;
  last >>= shift;
  MerkleHasher hasher;
  for (const MerkleHash& sibling : proof) {
    if (last == 0) return Invalid("it is too long");
    if (node % 2 == 1 || node == last) {
      first_hash = hasher.Node(sibling, first_hash);
      second_hash = hasher.Node(sibling, second_hash);
      while (node % 2 == 0 && node != 0) {
        node /= 2;
        last /= 2;
      }
    } else {
      second_hash = hasher.Node(second_hash, sibling);
    }
    node /= 2;
    last /= 2;
  }
  if (last != 0) return Invalid("it is too short");
  FIELDKMS_RETURN_IF_ERROR(hasher.status());
  return first_hash == first_root && second_hash == second_root ? absl::OkStatus() : Mismatch();
}

}  // namespace fieldkms
