#include "crypto/key_import.h"

#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>
#include <span>

#include "crypto/hex.h"
#include "crypto/kwp.h"
#include "crypto/openssl.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr int kRsaBits = 4096;
constexpr size_t kRsaSize = kRsaBits / 8;
constexpr size_t kWrappedKeySize = KwpSize(kImportedKeySize);
static_assert(kRsaSize + kWrappedKeySize == kWrappedImportSize);

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Pkey = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using PkeyCtx = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using Encoder = std::unique_ptr<OSSL_ENCODER_CTX, Freer<OSSL_ENCODER_CTX_free>>;
using Decoder = std::unique_ptr<OSSL_DECODER_CTX, Freer<OSSL_DECODER_CTX_free>>;

// Bytes that OpenSSL allocated, wiped when freed.
class Encoded {
 public:
  Encoded() = default;
  ~Encoded() { OPENSSL_clear_free(data_, size_); }
  Encoded(const Encoded&) = delete;
  Encoded& operator=(const Encoded&) = delete;

  bool Encode(const EVP_PKEY* key, int selection, const char* form, const char* structure) {
    const Encoder encoder(OSSL_ENCODER_CTX_new_for_pkey(key, selection, form, structure, nullptr));
    return encoder != nullptr && OSSL_ENCODER_to_data(encoder.get(), &data_, &size_) == 1;
  }
  ByteView view() const { return {data_, size_}; }

 private:
  unsigned char* data_ = nullptr;
  size_t size_ = 0;
};

// The RSA key of 4,096 bits that `encoded` is, up to its end; null if it is none.
Pkey Decode(ByteView encoded, int selection, const char* form, const char* structure) {
  EVP_PKEY* decoded = nullptr;
  const Decoder decoder(
      OSSL_DECODER_CTX_new_for_pkey(&decoded, form, structure, "RSA", selection, nullptr, nullptr));
  const unsigned char* data = encoded.data();
  size_t size = encoded.size();
  const bool done = decoder != nullptr && OSSL_DECODER_from_data(decoder.get(), &data, &size) == 1;
  Pkey key(decoded);
  if (!done || size != 0 || EVP_PKEY_get_bits(key.get()) != kRsaBits) return nullptr;
  return key;
}

// Blank lines behind a PEM form are no part of it. Anything else there, such as another
// key, leaves open which is meant.
absl::StatusOr<Pkey> DecodePublic(std::string_view pem) {
  pem = pem.substr(0, pem.find_last_not_of(" \t\r\n") + 1);
  Pkey key = Decode(AsBytes(pem), EVP_PKEY_PUBLIC_KEY, "PEM", "SubjectPublicKeyInfo");
  if (key != nullptr) return key;
  ERR_clear_error();
  return InvalidField("public_key", "must be an RSA key of 4,096 bits in PEM form");
}

// A context for OAEP with SHA-256; null if OpenSSL fails. `init` is EVP_PKEY_encrypt_init
// or EVP_PKEY_decrypt_init.
PkeyCtx Oaep(EVP_PKEY* key, int (*init)(EVP_PKEY_CTX*)) {
  PkeyCtx ctx(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  if (ctx == nullptr || init(ctx.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(ctx.get(), RSA_PKCS1_OAEP_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_oaep_md(ctx.get(), EVP_sha256()) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(ctx.get(), EVP_sha256()) != 1) {
    return nullptr;
  }
  return ctx;
}

// Copies `from` over `to` if `copy`, in time that does not tell.
void CopyIf(bool copy, std::span<const uint8_t, kKwpKeySize> from, MutableBytes to) {
  auto mask = static_cast<uint8_t>(-static_cast<int>(copy));
  asm volatile("" : "+r"(mask));  // or a compiler may make a branch of it
  for (size_t i = 0; i < from.size(); ++i) {
    to[i] = static_cast<uint8_t>((from[i] & mask) | (to[i] & ~mask));
  }
}

absl::Status OtherSize() {
  return InvalidField("wrapped_key",
                      "must have 552 bytes: RSA-OAEP of an AES-256 key, then AES-KWP of a key of "
                      "32 bytes under it");
}

}  // namespace

absl::StatusOr<ImportKeyPair> GenerateImportKeyPair() {
  const Pkey key(EVP_RSA_gen(kRsaBits));
  Encoded private_der;
  Encoded public_pem;
  if (key == nullptr || !private_der.Encode(key.get(), EVP_PKEY_KEYPAIR, "DER", "PrivateKeyInfo") ||
      !public_pem.Encode(key.get(), EVP_PKEY_PUBLIC_KEY, "PEM", "SubjectPublicKeyInfo")) {
    return CryptoFailure("RSA key generation");
  }
  ImportKeyPair pair;
  FIELDKMS_ASSIGN_OR_RETURN(pair.private_der, SecretBytes::CopyOf(private_der.view()));
  pair.public_pem = AsText(public_pem.view());
  return pair;
}

absl::StatusOr<SecretBytes> UnwrapImported(const SecretBytes& private_der, ByteView wrapped) {
  if (wrapped.size() != kWrappedImportSize) return OtherSize();
  const Pkey private_key = Decode(private_der.Expose(), EVP_PKEY_KEYPAIR, "DER", "PrivateKeyInfo");
  if (private_key == nullptr) return CryptoFailure("reading the private key of an import");
  const PkeyCtx ctx = Oaep(private_key.get(), EVP_PKEY_decrypt_init);
  if (ctx == nullptr) return CryptoFailure("RSA-OAEP");

  // Where RSA-OAEP fails, a random key takes the place of what it would have given: AES-KWP
  // then fails as it does for any other wrong key.
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes aes_key, SecretBytes::Random(kKwpKeySize));
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes decrypted, SecretBytes::Allocate(kRsaSize));
  size_t size = decrypted.size();
  const int result = EVP_PKEY_decrypt(ctx.get(), decrypted.ExposeMutable().data(), &size,
                                      wrapped.data(), kRsaSize);
  ERR_clear_error();
  const auto opened =
      static_cast<bool>(static_cast<int>(result == 1) & static_cast<int>(size == kKwpKeySize));
  CopyIf(opened, decrypted.Expose().first<kKwpKeySize>(), aes_key.ExposeMutable());
  absl::StatusOr<SecretBytes> key =
      UnwrapKwp(aes_key.Expose().first<kKwpKeySize>(), wrapped.last(kWrappedKeySize));
  if (!key.ok()) return key;
  if (!opened) return KeyUnwrapFailed();  // a random key unwraps with a chance of 2^-64
  if (key->size() != kImportedKeySize) return OtherSize();
  return key;
}

absl::StatusOr<std::array<uint8_t, kSha256Size>> PublicKeyFingerprint(std::string_view public_pem) {
  FIELDKMS_ASSIGN_OR_RETURN(const Pkey key, DecodePublic(public_pem));
  Encoded der;
  if (!der.Encode(key.get(), EVP_PKEY_PUBLIC_KEY, "DER", "SubjectPublicKeyInfo")) {
    return CryptoFailure("encoding a public key");
  }
  return Sha256(der.view());
}

absl::StatusOr<std::string> PublicKeyDigest(std::string_view public_pem) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto fingerprint, PublicKeyFingerprint(public_pem));
  return EncodeHex(fingerprint);
}

absl::StatusOr<std::string> WrapForImport(std::string_view public_pem, const SecretBytes& key) {
  if (key.size() != kImportedKeySize) return InvalidField("key", "must have 32 bytes");
  FIELDKMS_ASSIGN_OR_RETURN(const Pkey public_key, DecodePublic(public_pem));
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes aes_key, SecretBytes::Random(kKwpKeySize));
  const PkeyCtx ctx = Oaep(public_key.get(), EVP_PKEY_encrypt_init);
  std::string wrapped(kWrappedImportSize, '\0');
  const MutableBytes out = AsMutableBytes(wrapped);
  size_t size = kRsaSize;
  if (ctx == nullptr ||
      EVP_PKEY_encrypt(ctx.get(), out.data(), &size, aes_key.Expose().data(), aes_key.size()) !=
          1 ||
      size != kRsaSize) {
    return CryptoFailure("RSA-OAEP");
  }
  FIELDKMS_RETURN_IF_ERROR(
      WrapKwp(aes_key.Expose().first<kKwpKeySize>(), key.Expose(), out.last(kWrappedKeySize)));
  return wrapped;
}

}  // namespace fieldkms
