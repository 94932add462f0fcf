// Copies and compares the data subjects and vaulted tokens of whole stores, and how far erasures
// are done.
#ifndef FIELDKMS_KMS_BACKUP_VAULT_COPY_H_
#define FIELDKMS_KMS_BACKUP_VAULT_COPY_H_

#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/store/store.h"

namespace fieldkms {

struct VaultCounts {
  uint64_t subjects = 0;
  uint64_t tokens = 0;
};
using VaultProgress = std::function<void(uint64_t records)>;  // of both; may be empty

// CopyVault makes the subjects, the tokens that have not expired by `now` and the erasure marks of
// `target`, which serves nobody and has all tenants of `source`, those of `source`, to which nobody
// writes. What `target` has from a run before is dropped first: it may have been erased in `source`
// since. Each page is a transaction: a run that fails or is killed is simply repeated. Errors:
// those of the stores.
absl::StatusOr<VaultCounts> CopyVault(Store& source, Store& target, const Clock& clock,
                                      WallTime now, const VaultProgress& on_progress);

// CompareVaults reads the same of both, while nobody writes to either, page by page. Errors:
// CopyDiffers(); those of the stores.
absl::StatusOr<VaultCounts> CompareVaults(Store& one, Store& other, const Clock& clock,
                                          WallTime now, const VaultProgress& on_progress);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_BACKUP_VAULT_COPY_H_
