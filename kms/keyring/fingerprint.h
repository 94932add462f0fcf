// The fingerprint of a mutation: tells a retry from a request id used again.
#ifndef FIELDKMS_KMS_KEYRING_FINGERPRINT_H_
#define FIELDKMS_KMS_KEYRING_FINGERPRINT_H_

#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "kms/keyring/lifecycle.h"
#include "kms/store/store.h"

namespace fieldkms {

// FingerprintOf returns the SHA-256 of `fields`, each length-prefixed (4 bytes):
// the method's name and every field of the request but its id.
absl::StatusOr<std::string> FingerprintOf(std::initializer_list<std::string_view> fields);

// MutationOf checks a caller's request id (kInvalidField) and joins it to the fingerprint.
absl::StatusOr<Mutation> MutationOf(std::string_view request_id,
                                    std::initializer_list<std::string_view> fields);

// All of a spec (but tenant and name) or a patch as one field: what differs, differs here.
std::string TextOf(const KeySpec& spec);
std::string TextOf(const KeyPatch& patch);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_FINGERPRINT_H_
