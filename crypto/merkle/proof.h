// Proofs of RFC 9162, section 2.1.3 and 2.1.4: that a tree has a leaf, and that a tree continues a
// smaller one.
#ifndef FIELDKMS_CRYPTO_MERKLE_PROOF_H_
#define FIELDKMS_CRYPTO_MERKLE_PROOF_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/merkle/hash.h"

namespace fieldkms {

using MerkleProof = std::vector<MerkleHash>;

// No proof is longer: trees have fewer than 2^62 leaves.
inline constexpr size_t kMaxMerkleProof = 63;

// MerkleRangeHash returns the hash of the tree of the leaves [begin, end), where end > begin.
using MerkleRangeHash = std::function<absl::StatusOr<MerkleHash>(uint64_t begin, uint64_t end)>;

// Each asks for O(log size) hashes, whose ranges do not overlap. Errors: InvalidField("index") for
// a leaf that the tree has not, InvalidField("size") for a first size of 0 or above the second;
// those of `hash`.
absl::StatusOr<MerkleProof> ProveInclusion(uint64_t index, uint64_t size,
                                           const MerkleRangeHash& hash);
absl::StatusOr<MerkleProof> ProveConsistency(uint64_t first, uint64_t second,
                                             const MerkleRangeHash& hash);

// Each is OK if the proof proves it. Errors: kInvalidArgument, kInvalidField, naming the proof, if
// not; the hasher's; InvalidField as above for a leaf or sizes of which there is no proof (any tree
// continues the empty one). Thread-safe.
absl::Status VerifyInclusion(uint64_t index, uint64_t size, const MerkleHash& leaf,
                             std::span<const MerkleHash> proof, const MerkleHash& root);
absl::Status VerifyConsistency(uint64_t first, uint64_t second, std::span<const MerkleHash> proof,
                               const MerkleHash& first_root, const MerkleHash& second_root);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_MERKLE_PROOF_H_
