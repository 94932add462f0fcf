// The fingerprint of a mutation: tells a retry from a request id used again.
#ifndef FIELDKMS_KMS_KEYRING_FINGERPRINT_H_
#define FIELDKMS_KMS_KEYRING_FINGERPRINT_H_

#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fieldkms {

// FingerprintOf returns the SHA-256 of `fields`, each length-prefixed (4 bytes):
// the method's name and every field of the request but its id.
absl::StatusOr<std::string> FingerprintOf(std::initializer_list<std::string_view> fields);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_FINGERPRINT_H_
