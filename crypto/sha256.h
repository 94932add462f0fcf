// SHA-256 (FIPS 180-4).
#ifndef FIELDKMS_CRYPTO_SHA256_H_
#define FIELDKMS_CRYPTO_SHA256_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/bytes.h"

// OpenSSL's EVP_MD_CTX, without its headers.
struct evp_md_ctx_st;

namespace fieldkms {

inline constexpr size_t kSha256Size = 32;

// Sha256 returns the digest of `data`. Error: kInternal, reason kCryptoFailure,
// if OpenSSL fails. Thread-safe.
absl::StatusOr<std::array<uint8_t, kSha256Size>> Sha256(ByteView data);

// Sha256Stream is the same of data that comes in pieces. Not thread-safe.
class Sha256Stream {
 public:
  Sha256Stream();
  absl::Status Update(ByteView more);
  // The digest of all so far; it takes no more after that.
  absl::StatusOr<std::array<uint8_t, kSha256Size>> Finish();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* ctx) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> ctx_;  // null: OpenSSL failed, or it is finished
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_SHA256_H_
