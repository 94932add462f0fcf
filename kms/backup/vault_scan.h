// Reads the data subjects and vaulted tokens of a tenant out of a store.
#ifndef FIELDKMS_KMS_BACKUP_VAULT_SCAN_H_
#define FIELDKMS_KMS_BACKUP_VAULT_SCAN_H_

#include <functional>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "kms/clock.h"
#include "kms/store/store.h"

namespace fieldkms {

// Told of pages, never of an empty one. An error ends the scan, and is its error.
struct VaultVisitor {
  std::function<absl::Status(std::span<const WholeSubject> page)> on_subjects;
  std::function<absl::Status(std::span<const PlacedToken> page)> on_tokens;
};

// ScanVault reads all subjects first, then all tokens that have not expired by `now`. They have no
// change numbers: in a store that is written to meanwhile, what is put or erased behind the place
// that it has come to is missed, fields of a subject may be, and a token may be of a subject that
// it was not told of. Holds one page in memory. Errors: those of the store.
absl::Status ScanVault(Store& store, const Clock& clock, std::string_view tenant, WallTime now,
                       const VaultVisitor& visitor);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_BACKUP_VAULT_SCAN_H_
