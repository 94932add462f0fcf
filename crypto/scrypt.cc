#include "crypto/scrypt.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <bit>
#include <memory>

#include "crypto/openssl.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr uint64_t kMaxRP = uint64_t{1} << 30;
constexpr size_t kMaxSize = 4096;

struct KdfCtxDeleter {
  void operator()(EVP_KDF_CTX* ctx) const { EVP_KDF_CTX_free(ctx); }
};

EVP_KDF* ScryptKdf() {
  static EVP_KDF* const kdf = EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_SCRYPT, nullptr);
  return kdf;
}

absl::Status Check(const ScryptParameters& s, size_t size) {
  if (size == 0 || size > kMaxSize) return InvalidField("size", "must be 1 to 4,096");
  if (s.r == 0 || s.r >= kMaxRP) return InvalidField("r", "must be at least 1 and below 2^30");
  if (s.p == 0 || uint64_t{s.r} * s.p >= kMaxRP) {
    return InvalidField("p", "must be at least 1, and r * p below 2^30");
  }
  if (s.n < 2 || !std::has_single_bit(s.n)) {
    return InvalidField("n", "must be a power of two above 1");
  }
  if (s.r < 4 && s.n >> (16 * s.r) != 0) return InvalidField("n", "must be below 2^(16 r)");
  if (s.n + s.p + 2 > s.max_memory / (128 * uint64_t{s.r})) {
    return InvalidField("n", "would take more memory than is allowed");
  }
  return absl::OkStatus();
}

// An octet string; OpenSSL takes a null pointer for a parameter that is not there.
OSSL_PARAM Octets(const char* name, ByteView bytes) {
  static constexpr uint8_t kNothing = 0;
  const uint8_t* const data = bytes.empty() ? &kNothing : bytes.data();
  return OSSL_PARAM_construct_octet_string(name, const_cast<uint8_t*>(data), bytes.size());
}

}  // namespace

absl::StatusOr<SecretBytes> Scrypt(ByteView password, ByteView salt,
                                   const ScryptParameters& parameters, size_t size) {
  FIELDKMS_RETURN_IF_ERROR(Check(parameters, size));
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes out, SecretBytes::Allocate(size));
  ScryptParameters s = parameters;  // OpenSSL's parameters are not const
  const OSSL_PARAM params[] = {
      Octets(OSSL_KDF_PARAM_PASSWORD, password),
      Octets(OSSL_KDF_PARAM_SALT, salt),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &s.n),
      OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &s.r),
      OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &s.p),
      OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &s.max_memory),
      OSSL_PARAM_construct_end(),
  };
  const std::unique_ptr<EVP_KDF_CTX, KdfCtxDeleter> ctx(EVP_KDF_CTX_new(ScryptKdf()));
  if (ctx == nullptr ||
      EVP_KDF_derive(ctx.get(), out.ExposeMutable().data(), out.size(), params) != 1) {
    return CryptoFailure("scrypt");
  }
  return out;
}

}  // namespace fieldkms
