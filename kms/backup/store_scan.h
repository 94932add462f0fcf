// Reads whole tenants out of a store that others write to.
#ifndef FIELDKMS_KMS_BACKUP_STORE_SCAN_H_
#define FIELDKMS_KMS_BACKUP_STORE_SCAN_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/store/store.h"

namespace fieldkms {

struct ScanRequest {
  // Of these; nullopt: of all, also those that are made meanwhile.
  std::optional<std::set<std::string>> tenants;
  // Only what has changed after this number; of a tenant that is not in `known`, all.
  std::optional<uint64_t> after;
  std::set<std::string> known;
};

// What is done with what is read. A key, an alias or a field that changed meanwhile comes again,
// and the last counts; tenants, with their KEKs as they are wrapped, come last. An error
// ends the scan, and is its error.
struct ScanVisitor {
  std::function<absl::Status(const WholeKey& whole)> on_key;
  std::function<absl::Status(const AliasRecord& alias)> on_alias;  // key id 0: taken away
  std::function<absl::Status(const FieldRecord& field)> on_field;
  std::function<absl::Status(const WholeTenant& whole)> on_tenant;
};

// ScanStore reads keys with their versions first and KEKs last, reading again what has
// changed meanwhile until nothing has: then all of it is as it was at one change, whose
// number it returns. Holds one page of keys or fields in memory, and all tenants with their KEKs;
// of one key all versions. Errors: kNotFound, kTenantNotFound, naming the tenant; kAborted,
// kStoreUnavailable, where the store never came to rest; those of the store.
absl::StatusOr<uint64_t> ScanStore(Store& store, const Clock& clock, const ScanRequest& request,
                                   const ScanVisitor& visitor);

// The versions of a key, the oldest first.
absl::StatusOr<std::vector<KeyVersionRecord>> AllVersions(Store& store, const Clock& clock,
                                                          const KeyRecord& key);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_BACKUP_STORE_SCAN_H_
