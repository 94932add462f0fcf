// Compares two stores record by record.
#ifndef FIELDKMS_KMS_BACKUP_STORE_COMPARE_H_
#define FIELDKMS_KMS_BACKUP_STORE_COMPARE_H_

#include <cstdint>
#include <functional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/store/store.h"

namespace fieldkms {

struct Compared {
  uint64_t tenants = 0;
  uint64_t keys = 0;
};

// CompareStores reads both to their ends, while nobody writes to either. Equal are all
// fields but numbers of changes: of tenants, KEKs, keys, versions, aliases and fields. (Subjects
// and tokens: kms/backup/vault_copy.h.) Error: CopyDiffers().
absl::StatusOr<Compared> CompareStores(Store& one, Store& other, const Clock& clock,
                                       const std::function<void(uint64_t keys)>& on_progress);

// kDataLoss, kStoreCorrupt, naming the tenant and what differs.
absl::Status CopyDiffers(std::string_view tenant, std::string_view what);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_BACKUP_STORE_COMPARE_H_
