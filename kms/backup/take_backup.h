// Takes a backup of tenants while the service runs.
#ifndef FIELDKMS_KMS_BACKUP_TAKE_BACKUP_H_
#define FIELDKMS_KMS_BACKUP_TAKE_BACKUP_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/backup/backup_file.h"
#include "kms/clock.h"
#include "kms/root/root_key.h"
#include "kms/store/store.h"

namespace fieldkms {

struct BackupRequest {
  std::optional<std::set<std::string>> tenants;  // nullopt: all
  const BackupRecipients& recipients;
  ByteSink sink;
  // Called when all is written: makes the file durable and gives it its name.
  std::function<absl::Status()> publish;
  std::string by;                                  // USER@HOST, for the trace
  std::function<void(uint64_t keys)> on_progress;  // may be empty
  // Whether data subjects and vaulted tokens may be left out, which no backup holds: without it
  // tenants that have any are refused.
  bool without_vault = false;
};

// TakeBackup writes tenants, their KEKs in the clear inside of the encryption, keys,
// versions, aliases and fields, all as of one change (ScanStore). Leases, operations, the
// memory of request ids, data subjects and vaulted tokens are left out.
//
// Before a key leaves, an operation of kind kBackup stands in the store, for each tenant that
// was named or once for all: as failed, for that is what it is until it is done. A
// backup that cannot be put on record is not taken. Errors: kFailedPrecondition, kStoreUnavailable,
// for tenants with data subjects or tokens, also if they got their first meanwhile (see
// without_vault); those of ScanStore, of the root, of the sink.
absl::StatusOr<BackupSummary> TakeBackup(Store& store, const RootKey& root, const Clock& clock,
                                         const BackupRequest& request);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_BACKUP_TAKE_BACKUP_H_
