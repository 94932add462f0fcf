#include "crypto/hmac.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

namespace fieldkms {

bool StartHmac(EVP_MAC_CTX* ctx, ByteView key) {
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_init(ctx, key.data(), key.size(), params) == 1;
}

bool RestartHmac(EVP_MAC_CTX* ctx) { return EVP_MAC_init(ctx, nullptr, 0, nullptr) == 1; }

bool FinishHmac(EVP_MAC_CTX* ctx, std::initializer_list<ByteView> parts,
                std::span<uint8_t, kHmacSize> out) {
  for (const ByteView part : parts) {
    if (!part.empty() && EVP_MAC_update(ctx, part.data(), part.size()) != 1) return false;
  }
  size_t written = 0;
  return EVP_MAC_final(ctx, out.data(), &written, out.size()) == 1 && written == out.size();
}

}  // namespace fieldkms
