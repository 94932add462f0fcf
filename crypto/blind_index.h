// Blind indexes: equal values have equal indexes, and nobody without the key can tell more.
//   index    = version (2) ‖ HMAC-SHA256(K, U32(|canonical|) ‖ canonical) [first 16 bytes]
//   K        = HKDF-SHA256(ikm = key version, salt = none,
//              info = "fieldkms/blind-index/1" ‖ U8(|tenant|) ‖ tenant ‖ field id (8) ‖
//                     index id (4) ‖ version (4) ‖ bits (1))
// A bucket index has `bits` of the HMAC instead (8 to 32, in whole bytes, the rest of the last
// byte zero): several values share one, and who reads filters after opening. crypto/FORMAT.md
// has the same, with examples.
//
// The design, and what an index gives away all the same, is in docs/fields.md.
#ifndef FIELDKMS_CRYPTO_BLIND_INDEX_H_
#define FIELDKMS_CRYPTO_BLIND_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "crypto/mac.h"
#include "crypto/secret_bytes.h"

namespace fieldkms {

inline constexpr uint32_t kFullIndexBits = 128;

// Where an index belongs. Ids are immutable: no renaming changes an index.
struct IndexPlace {
  std::string_view tenant;         // a tenant id (crypto/names.h)
  uint64_t field_id = 0;           // never 0
  uint32_t index_id = 0;           // one of several of a field; 0 is its first
  uint32_t version = 0;            // of the key, 1 to 65,535
  uint32_t bits = kFullIndexBits;  // or 8 to 32: a bucket index
};

// BlindIndexKey: the key of one place. Immutable, move-only, safe for concurrent use.
class BlindIndexKey {
 public:
  // Errors: kInvalidArgument for a root of other than 32 bytes or a place out of bounds;
  // kFailedPrecondition (kCryptoFailure) for a root that a fork has wiped, in the child.
  static absl::StatusOr<BlindIndexKey> Derive(const SecretBytes& root, const IndexPlace& place);

  BlindIndexKey(BlindIndexKey&&) noexcept = default;
  BlindIndexKey& operator=(BlindIndexKey&&) noexcept = default;

  // Compute replaces `index` by that of a canonical value, of less than 4 GiB: of 18 bytes, or 3
  // to 6. A failure leaves it empty.
  absl::Status Compute(std::string_view canonical, std::string* index) const;

 private:
  BlindIndexKey(MacKey key, uint32_t version, uint32_t bits)
      : key_(std::move(key)), version_(version), bits_(bits) {}

  MacKey key_;
  uint32_t version_;
  uint32_t bits_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_BLIND_INDEX_H_
