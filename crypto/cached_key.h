// A key that threads keep in OpenSSL contexts of their own (crypto/mac_contexts.h,
// crypto/ff1_contexts.h): its bytes, and the id that they know it by. Internal to crypto/.
#ifndef FIELDKMS_CRYPTO_CACHED_KEY_H_
#define FIELDKMS_CRYPTO_CACHED_KEY_H_

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "crypto/secret_bytes.h"

namespace fieldkms {

inline constexpr size_t kMaxCachedKeySize = 4095;

// NextKeyId names a key in the caches of threads: never 0, never twice in a process.
uint64_t NextKeyId();

// CachedKey is immutable, move-only, safe for concurrent use.
class CachedKey {
 public:
  // Takes 1 to 4,095 bytes; the caller checks that.
  static absl::StatusOr<CachedKey> Create(SecretBytes key);

  CachedKey(CachedKey&&) noexcept = default;
  CachedKey& operator=(CachedKey&&) noexcept = default;

  // The key, valid as long as this object is. Errors, kFailedPrecondition: it was moved away; or
  // wiped by a fork, in the child (kCryptoFailure), where contexts may still hold it.
  absl::StatusOr<ByteView> Expose() const;

  uint64_t id() const { return id_; }

 private:
  CachedKey(SecretBytes material, uint64_t id) : material_(std::move(material)), id_(id) {}

  SecretBytes material_;  // a byte of 1, then the key
  uint64_t id_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_CACHED_KEY_H_
