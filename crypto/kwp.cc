#include "crypto/kwp.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>

#include "crypto/openssl.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr size_t kMinWrapped = 16;
constexpr size_t kMaxWrapped = KwpSize(kKwpMaxSecret);
static_assert(kMaxWrapped == 4096);

// A context for one message; null if OpenSSL fails. The initial value is the standard's.
EvpCipherCtx Start(std::span<const uint8_t, kKwpKeySize> key, bool encrypt) {
  EvpCipherCtx ctx(EVP_CIPHER_CTX_new());
  if (ctx == nullptr) return nullptr;
  EVP_CIPHER_CTX_set_flags(ctx.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  if (EVP_CipherInit_ex(ctx.get(), Aes256Kwp(), nullptr, key.data(), nullptr, encrypt ? 1 : 0) !=
      1) {
    return nullptr;
  }
  return ctx;
}

}  // namespace

absl::Status WrapKwp(std::span<const uint8_t, kKwpKeySize> key, ByteView secret, MutableBytes out) {
  if (secret.empty() || secret.size() > kKwpMaxSecret || out.size() != KwpSize(secret.size())) {
    return Error(absl::StatusCode::kInvalidArgument, Reason::kInternal,
                 "AES-KWP wraps 1 to 4,088 bytes, and adds 8 to 15");
  }
  const EvpCipherCtx ctx = Start(key, true);
  int written = 0;
  if (ctx != nullptr &&
      EVP_EncryptUpdate(ctx.get(), out.data(), &written, secret.data(),
                        static_cast<int>(secret.size())) == 1 &&
      static_cast<size_t>(written) == out.size()) {
    return absl::OkStatus();
  }
  Wipe(out);
  return CryptoFailure("AES-KWP");
}

absl::StatusOr<SecretBytes> UnwrapKwp(std::span<const uint8_t, kKwpKeySize> key, ByteView wrapped) {
  if (wrapped.size() < kMinWrapped || wrapped.size() > kMaxWrapped || wrapped.size() % 8 != 0) {
    return KeyUnwrapFailed();
  }
  // OpenSSL writes the padding too, and on failure wipes as many bytes as it was given.
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes padded, SecretBytes::Allocate(wrapped.size()));
  const EvpCipherCtx ctx = Start(key, false);
  if (ctx == nullptr) return CryptoFailure("AES-KWP");
  int written = 0;
  const bool unwrapped = EVP_DecryptUpdate(ctx.get(), padded.ExposeMutable().data(), &written,
                                           wrapped.data(), static_cast<int>(wrapped.size())) == 1 &&
                         written > 0;
  if (!unwrapped) {
    ERR_clear_error();
    return KeyUnwrapFailed();
  }
  return SecretBytes::CopyOf(padded.Expose().first(static_cast<size_t>(written)));
}

absl::Status KeyUnwrapFailed() {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kKeyUnwrapFailed,
               "the wrapped key does not unwrap");
}

}  // namespace fieldkms
