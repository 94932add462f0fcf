#include "crypto/sha256.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include "crypto/status.h"

namespace fieldkms {

absl::StatusOr<std::array<uint8_t, kSha256Size>> Sha256(ByteView data) {
  std::array<uint8_t, kSha256Size> digest;
  unsigned int size = 0;
  if (EVP_Digest(data.data(), data.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1 ||
      size != digest.size()) {
    ERR_clear_error();
    return Error(absl::StatusCode::kInternal, Reason::kCryptoFailure, "SHA-256 failed");
  }
  return digest;
}

}  // namespace fieldkms
