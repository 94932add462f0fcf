// What all changes of keys have in common: looked up before anything is made, tried again
// where others change the key at the same time, durable and in force when they return.
// Internal to kms/keyring.
#ifndef FIELDKMS_KMS_KEYRING_KEY_CHANGES_H_
#define FIELDKMS_KMS_KEYRING_KEY_CHANGES_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"
#include "kms/keyring/key_admin.h"
#include "kms/keyring/lifecycle.h"

namespace fieldkms {

struct KeyringCore;

// Where the 32 bytes of a new version come from. `make` is called when the change was
// not made before and the key allows it, and again where the change has to be tried
// again. Its error is that of the change.
struct MaterialSource {
  KeyOrigin origin = KeyOrigin::kGenerated;
  std::function<absl::StatusOr<SecretBytes>()> make;
};
MaterialSource FreshMaterial();

// MakeKey makes a key that has such material as its version 1. Errors: those of NewKey,
// the store and the root.
absl::StatusOr<KeyRecord> MakeKey(KeyringCore& core, const KeySpec& spec,
                                  const MaterialSource& material, const Mutation& mutation,
                                  Deadline deadline);

// A change of a key that exists, by a rule of what the key is.
struct KeyAttempt {
  const KeyRef& ref;
  const Mutation& mutation;
  Deadline deadline;
  std::function<absl::StatusOr<KeyChange>(KeyRecord key)> rule;
};
// ChangeKey makes it. Errors: those of the rule; kKeyNotFound, kEtagMismatch, and those of
// the store.
absl::StatusOr<KeyRecord> ChangeKey(KeyringCore& core, const KeyAttempt& attempt);

// NextVersion is the rule by which a key gets another primary version.
absl::StatusOr<KeyChange> NextVersion(KeyringCore& core, KeyRecord key,
                                      const MaterialSource& material, Deadline deadline);

// The status for a name that no key of the tenant has.
absl::Status NoSuchKey();

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_KEY_CHANGES_H_
