// MAC values: HMAC-SHA256 (RFC 2104, FIPS 198-1) of data, in the place that a context
// names. The construction and the bytes of a value are in crypto/FORMAT.md:
//   header(13) ‖ HMAC-SHA256(32), where the header is 21 ‖ key id (8) ‖ version (4).
#ifndef FIELDKMS_CRYPTO_MAC_H_
#define FIELDKMS_CRYPTO_MAC_H_

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "crypto/cached_key.h"
#include "crypto/secret_bytes.h"

namespace fieldkms {

inline constexpr size_t kMacHeaderSize = 13;
inline constexpr size_t kMacSize = 32;
inline constexpr size_t kMacValueSize = kMacHeaderSize + kMacSize;
inline constexpr size_t kMaxMacKeySize = kMaxCachedKeySize;

// MacKey is an immutable key for HMAC-SHA256. Move-only; safe for concurrent use. Each
// thread keeps a few keys in OpenSSL contexts of its own, on OpenSSL's heap, which
// ForgetDerivedKeys (crypto/xaes_gcm.h) and the end of the thread wipe.
class MacKey {
 public:
  // Takes 1 to 4,095 bytes; the service makes keys of 32. Error: kInvalidArgument for
  // another size.
  static absl::StatusOr<MacKey> Create(SecretBytes key);

  MacKey(MacKey&&) noexcept = default;
  MacKey& operator=(MacKey&&) noexcept = default;

  // Compute writes HMAC-SHA256 of `parts`, one after the other and nothing between them.
  // A failure leaves `mac` wiped.
  absl::Status Compute(std::initializer_list<ByteView> parts,
                       std::span<uint8_t, kMacSize> mac) const;

 private:
  explicit MacKey(CachedKey key) : key_(std::move(key)) {}

  CachedKey key_;
};

// Which key made a MAC value.
struct MacHeader {
  uint64_t key_id = 0;   // never 0
  uint32_t version = 0;  // never 0
  friend bool operator==(const MacHeader&, const MacHeader&) = default;
};

// A parsed MAC value: views into the bytes given to ParseMac.
struct MacView {
  MacHeader header;
  ByteView header_bytes;  // 13
  ByteView mac;           // 32
};

// What a MAC is about, besides its data.
struct MacPlace {
  std::string_view tenant;   // a tenant id (crypto/names.h)
  std::string_view context;  // canonical: made by AppendContext (crypto/context.h)
};

// MacMismatch is the one status of a MAC value that is not right, for whatever reason.
absl::Status MacMismatch();

// ParseMac reads a MAC value. Error: MacMismatch() for another length or first byte, or
// a zero id or version. Whatever parses, re-encodes to the same bytes.
absl::StatusOr<MacView> ParseMac(ByteView value);

// ComputeMac writes the MAC value of `data` to `out` (resized to 45 bytes). Any failure
// leaves `out` empty. Error: kFailedPrecondition for a header or place that has no
// encoding.
absl::Status ComputeMac(const MacKey& key, const MacHeader& header, const MacPlace& place,
                        ByteView data, std::string* out);

// VerifyMac compares in constant time. `key` is the one that `value.header` names.
// Error: MacMismatch().
absl::Status VerifyMac(const MacKey& key, const MacView& value, const MacPlace& place,
                       ByteView data);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_MAC_H_
