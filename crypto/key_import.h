// Keys that come from outside (bring your own key), wrapped for the journey in the form
// of PKCS#11's CKM_RSA_AES_KEY_WRAP, which Google Cloud KMS calls
// RSA_OAEP_4096_SHA256_AES_256:
//   RSA-OAEP (RFC 8017; SHA-256, MGF1 with SHA-256, no label) of a fresh AES-256 key
//   ‖ AES-KWP (crypto/kwp.h) of the key under it
// under an RSA key of 4,096 bits that is made for the import.
#ifndef FIELDKMS_CRYPTO_KEY_IMPORT_H_
#define FIELDKMS_CRYPTO_KEY_IMPORT_H_

#include <array>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "crypto/secret_bytes.h"
#include "crypto/sha256.h"

namespace fieldkms {

inline constexpr size_t kImportedKeySize = 32;
inline constexpr size_t kWrappedImportSize = 552;  // 512 of RSA-OAEP, 40 of AES-KWP

struct ImportKeyPair {
  SecretBytes private_der;  // PKCS#8, about 2,400 bytes
  std::string public_pem;   // SubjectPublicKeyInfo
};

// GenerateImportKeyPair makes an RSA key pair of 4,096 bits: a second of processor time,
// give or take several. Thread-safe.
absl::StatusOr<ImportKeyPair> GenerateImportKeyPair();

// UnwrapImported returns the key. Errors: KeyUnwrapFailed() (crypto/kwp.h) for whatever
// does not unwrap, after the same work wherever it fails, so that nobody learns about
// RSA plaintexts by asking; InvalidField("wrapped_key") if it has not 552 bytes, or holds
// a key of another size than 32; kInternal for a private key that GenerateImportKeyPair
// did not make. Thread-safe.
absl::StatusOr<SecretBytes> UnwrapImported(const SecretBytes& private_der, ByteView wrapped);

// PublicKeyFingerprint names the holder of a private key: SHA-256 of the public key's
// SubjectPublicKeyInfo in DER form, whatever surrounds its PEM form. PublicKeyDigest is the
// same as 64 hex digits, which `openssl pkey -pubin -outform DER | sha256sum` prints, too.
// Error: InvalidField("public_key") as WrapForImport. Thread-safe.
absl::StatusOr<std::array<uint8_t, kSha256Size>> PublicKeyFingerprint(std::string_view public_pem);
absl::StatusOr<std::string> PublicKeyDigest(std::string_view public_pem);

// WrapForImport is the sender's side: wraps `key` for the holder of the private key.
// Errors: InvalidField("public_key") for what is no RSA key of 4,096 bits in PEM form, text
// before it and blank lines behind it left aside,
// InvalidField("key") for a key of another size than 32. Thread-safe.
absl::StatusOr<std::string> WrapForImport(std::string_view public_pem, const SecretBytes& key);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_KEY_IMPORT_H_
