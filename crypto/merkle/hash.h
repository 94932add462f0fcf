// The hashes of RFC 6962 and RFC 9162, section 2.1: leaves and nodes of a Merkle tree over SHA-256.
#ifndef FIELDKMS_CRYPTO_MERKLE_HASH_H_
#define FIELDKMS_CRYPTO_MERKLE_HASH_H_

#include <array>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "crypto/bytes.h"
#include "crypto/sha256.h"

namespace fieldkms {

using MerkleHash = std::array<uint8_t, kSha256Size>;

// MerkleHasher makes them, millions a second. A failure of OpenSSL is remembered rather than
// returned each time: hashes made from then on mean nothing, and whoever lets a root, a proof or a
// verdict out asks status() first. Not thread-safe.
class MerkleHasher {
 public:
  MerkleHasher();
  // SHA-256(0x00 ‖ data).
  MerkleHash Leaf(ByteView data);
  // SHA-256(0x01 ‖ left ‖ right).
  MerkleHash Node(const MerkleHash& left, const MerkleHash& right);
  // Error: kInternal, kCryptoFailure, for ever after the first.
  absl::Status status() const;

 private:
  MerkleHash Hash(uint8_t prefix, ByteView first, ByteView second);
  struct Free {
    void operator()(evp_md_ctx_st* ctx) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> ctx_;
  bool failed_ = false;
};

// The root of the tree of no leaves: SHA-256 of nothing.
const MerkleHash& EmptyMerkleRoot();

// The largest power of two below `size`, which is at least 2: where a tree divides.
constexpr uint64_t MerkleSplit(uint64_t size) {
  uint64_t split = 1;
  while (split < size - split) split <<= 1;
  return split;
}

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_MERKLE_HASH_H_
