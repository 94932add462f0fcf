// What identifies a public key to people.
#ifndef FIELDKMS_CRYPTO_PUBLIC_KEY_H_
#define FIELDKMS_CRYPTO_PUBLIC_KEY_H_

#include <array>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/sha256.h"

namespace fieldkms {

// PublicKeyFingerprint returns the SHA-256 of a public key's SubjectPublicKeyInfo in DER,
// as `openssl pkey -pubin -outform DER | sha256sum` does, whatever surrounds its PEM form.
// Error: InvalidField("public_key"). Thread-safe.
absl::StatusOr<std::array<uint8_t, kSha256Size>> PublicKeyFingerprint(std::string_view pem);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_PUBLIC_KEY_H_
