#include "crypto/public_key.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <limits>
#include <memory>

#include "crypto/bytes.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

void FreeBytes(unsigned char* bytes) { OPENSSL_free(bytes); }

absl::Status NoPublicKey() {
  ERR_clear_error();
  return InvalidField("public_key", "must be a public key in PEM form");
}

}  // namespace

absl::StatusOr<std::array<uint8_t, kSha256Size>> PublicKeyFingerprint(std::string_view pem) {
  if (pem.size() > std::numeric_limits<int>::max()) return NoPublicKey();
  const std::unique_ptr<BIO, Freer<BIO_free>> in(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>> key(
      in == nullptr ? nullptr : PEM_read_bio_PUBKEY(in.get(), nullptr, nullptr, nullptr));
  if (key == nullptr) return NoPublicKey();
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key.get(), &der);
  const std::unique_ptr<unsigned char, Freer<FreeBytes>> owned(der);
  if (size <= 0) return NoPublicKey();
  return Sha256(ByteView(der, static_cast<size_t>(size)));
}

}  // namespace fieldkms
