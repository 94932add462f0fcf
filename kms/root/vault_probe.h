// Finding out what a transit engine can do.
#ifndef FIELDKMS_KMS_ROOT_VAULT_PROBE_H_
#define FIELDKMS_KMS_ROOT_VAULT_PROBE_H_

#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/root/vault_transit.h"

namespace fieldkms {

// BindsAad tells whether `transit` binds associated data: old servers ignore the field
// without a word, and some types of keys refuse it. It encrypts random bytes and has
// them decrypted with other associated data, which must fail. Before that it checks,
// with a ciphertext that cannot open, that the key exists: encrypting would make it for
// a token that may. Errors: as VaultTransit.
absl::StatusOr<bool> BindsAad(const VaultTransit& transit, Deadline deadline);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_VAULT_PROBE_H_
