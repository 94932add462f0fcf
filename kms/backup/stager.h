// Stages keys and aliases of many tenants in batches of one.
#ifndef FIELDKMS_KMS_BACKUP_STAGER_H_
#define FIELDKMS_KMS_BACKUP_STAGER_H_

#include <vector>

#include "absl/status/status.h"
#include "kms/clock.h"
#include "kms/store/store.h"

namespace fieldkms {

// Not thread-safe.
class Stager {
 public:
  Stager(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  absl::Status Take(const WholeKey& whole);
  absl::Status Take(const AliasRecord& alias);
  // Stages what is held back yet.
  absl::Status Flush();

 private:
  Store& store_;
  const Clock& clock_;
  std::vector<WholeKey> keys_;        // of one tenant
  std::vector<AliasRecord> aliases_;  // likewise
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_BACKUP_STAGER_H_
