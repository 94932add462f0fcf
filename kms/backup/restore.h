// Checks a backup, and restores tenants from it.
#ifndef FIELDKMS_KMS_BACKUP_RESTORE_H_
#define FIELDKMS_KMS_BACKUP_RESTORE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/backup/backup_file.h"
#include "kms/clock.h"
#include "kms/root/root_key.h"
#include "kms/store/store.h"

namespace fieldkms {

// Starts at the beginning of the file each time.
using OpenBackup = std::function<absl::StatusOr<ByteSource>()>;
using KeyProgress = std::function<void(uint64_t keys)>;

// What a whole file holds.
struct BackupContents {
  struct Tenant {
    TenantRecord record;
    std::vector<BackupKek> keks;
  };
  BackupSummary summary;
  BackupDigest digest = {};
  std::map<std::string, Tenant> tenants;
};

// VerifyBackup reads a file twice: to its end, so that all of it is known to be as it was
// written; and then opens every version under its KEK, so that all of it is known to be of use.
// Holds tenants and KEKs in memory. `expected`: the digest of the file that is meant; without
// it a file for a recovery key may be anybody's. Errors: those of ReadBackup;
// kFailedPrecondition, kBackupInvalid, for another file than that; kDataLoss, kBackupInvalid,
// naming the tenant, for a version that does not open.
absl::StatusOr<BackupContents> VerifyBackup(const OpenBackup& open, const BackupSecrets& secrets,
                                            const KeyProgress& on_progress,
                                            const std::optional<BackupDigest>& expected);

struct RestoreRequest {
  OpenBackup open;
  const BackupSecrets& secrets;
  std::optional<std::set<std::string>> tenants;  // nullopt: all that are in it
  std::string by;                                // USER@HOST, for the trace
  KeyProgress on_progress;                       // may be empty
  std::optional<BackupDigest> expected = {};     // see VerifyBackup
};

// RestoreBackup verifies the file as VerifyBackup does, then makes the tenants in `store` with
// the ids, keys, versions, aliases and fields that they had, their KEKs wrapped anew by `root`, to
// which the store is tied (RootBinding). All of them appear at once, or none; what an
// interrupted restore has staged is in nobody's way, and is dropped when the tenant is
// restored. Of two that run at once one is whole and the other fails. Leaves an operation of
// kind kRestore, for each tenant that was named or once for all. Errors: kAlreadyExists,
// kTenantExists, naming a tenant that the store has; kAlreadyExists, kKeyExists or kFieldExists,
// naming an id of a key or a field that is another tenant's; kAborted, kStoreUnavailable, naming
// the tenant, if somebody dropped what it had staged; kNotFound, kTenantNotFound, for a tenant that
// the file has not; those of VerifyBackup.
absl::StatusOr<BackupContents> RestoreBackup(Store& store, const RootKey& root, const Clock& clock,
                                             const RestoreRequest& request);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_BACKUP_RESTORE_H_
