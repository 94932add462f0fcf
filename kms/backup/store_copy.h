// Copies an installation's store into another, of any kind, while the service runs.
#ifndef FIELDKMS_KMS_BACKUP_STORE_COPY_H_
#define FIELDKMS_KMS_BACKUP_STORE_COPY_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "kms/backup/vault_copy.h"
#include "kms/clock.h"
#include "kms/root/root_key.h"
#include "kms/store/store.h"

namespace fieldkms {

struct CopyRequest {
  // The last round: the source is frozen, what is left is copied, all of it is compared
  // record by record, and the target gets its tie to the root key, so that a service can
  // start on it. The source stays frozen, so that no change is made there by mistake; after
  // an error, too.
  bool final = false;
  std::string by;  // USER@HOST, for the trace
  // How many keys, so far; may be empty.
  std::function<void(uint64_t keys)> on_copied;
  std::function<void(uint64_t keys)> on_compared;
  // The same of data subjects and vaulted tokens together, in the last round.
  VaultProgress on_vault_copied = {};
  VaultProgress on_vault_compared = {};
};

struct CopyReport {
  uint64_t change = 0;    // of the source, that the target is as of
  uint64_t keys = 0;      // copied in this run
  uint64_t compared = 0;  // keys, in the last round
  uint64_t tenants = 0;   // of the source
  VaultCounts vault;      // copied and compared, in the last round
  bool complete = false;
};

// CopyStore brings `target` to what `source` is, all but its numbers: tenants, KEKs and keys
// as they are wrapped, versions, aliases, fields; and in the last round data subjects, vaulted
// tokens, erasure marks, and the root binding. Leases, operations and the memory of request ids
// stay behind. Numbers of changes go on above the source's, so that no etag of before is taken for
// one of now.
//
// It may be run as often as one likes. How far it came stands in the target, as an operation of
// kind kRestore whose id is made of the source's binding: a run that was killed is gone on
// with by the next, tenant by tenant, and then only what has changed is copied. Until the
// last round the target has no tie to a root, and no service starts on it.
//
// Subjects and tokens have no numbers that could be followed: all of them are copied in each last
// round, while the source is frozen. Those that the target has from one that was interrupted are
// dropped before, since they may have been erased meanwhile.
//
// `root` opens the source's binding, and is the target's too. Errors: kFailedPrecondition,
// kStoreUnavailable, for a source without a binding; kAlreadyExists, kTenantExists, for a target
// that is neither empty nor an unfinished copy of this source; kDataLoss, kStoreCorrupt, naming the
// tenant, where the comparison finds a difference; those of ScanStore, of the stores, of the root.
absl::StatusOr<CopyReport> CopyStore(Store& source, Store& target, const RootKey& root,
                                     const Clock& clock, const CopyRequest& request);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_BACKUP_STORE_COPY_H_
