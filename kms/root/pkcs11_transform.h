// One-part encryption and wrapping by a key in a token.
#ifndef FIELDKMS_KMS_ROOT_PKCS11_TRANSFORM_H_
#define FIELDKMS_KMS_ROOT_PKCS11_TRANSFORM_H_

#include <p11-kit/pkcs11.h>

#include <string>

#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "crypto/secret_bytes.h"
#include "kms/root/pkcs11_session.h"

namespace fieldkms {

// How much longer than its input an output may be.
inline constexpr size_t kMaxPkcs11Overhead = 32;

// Which functions do it. Both are given bytes.
struct Pkcs11Transform {
  Pkcs11Session& session;
  CK_OBJECT_HANDLE key;
  CK_MECHANISM mechanism;

  // C_Encrypt and C_Decrypt.
  absl::StatusOr<std::string> Encrypt(ByteView plaintext);
  absl::StatusOr<SecretBytes> Decrypt(ByteView ciphertext);
  // C_WrapKey and C_UnwrapKey, of an object of the session that holds the bytes and is
  // destroyed at once.
  absl::StatusOr<std::string> Wrap(ByteView plaintext);
  absl::StatusOr<SecretBytes> Unwrap(ByteView ciphertext);
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_PKCS11_TRANSFORM_H_
