// Trees for tests, by the words of RFC 6962, section 2.1: slow, and apart from what is tested.
#ifndef FIELDKMS_TESTS_UNIT_CRYPTO_MERKLE_TREE_H_
#define FIELDKMS_TESTS_UNIT_CRYPTO_MERKLE_TREE_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "crypto/merkle/hash.h"
#include "crypto/sha256.h"

namespace fieldkms {

inline MerkleHash Digest(const std::string& bytes) { return *Sha256(AsBytes(bytes)); }

inline MerkleHash LeafOf(const std::string& data) { return Digest(std::string(1, '\0') + data); }

// Of leaves that are numbers as text.
inline std::vector<MerkleHash> NumberedLeaves(uint64_t size) {
  std::vector<MerkleHash> leaves;
  for (uint64_t i = 0; i < size; ++i) leaves.push_back(LeafOf(std::to_string(i)));
  return leaves;
}

inline MerkleHash TreeHash(std::span<const MerkleHash> leaves) {
  if (leaves.empty()) return Digest("");
  if (leaves.size() == 1) return leaves[0];
  size_t split = 1;
  while (split * 2 < leaves.size()) split *= 2;
  const MerkleHash left = TreeHash(leaves.first(split));
  const MerkleHash right = TreeHash(leaves.subspan(split));
  return Digest("\1" + std::string(AsText(left)) + std::string(AsText(right)));
}

}  // namespace fieldkms

#endif  // FIELDKMS_TESTS_UNIT_CRYPTO_MERKLE_TREE_H_
