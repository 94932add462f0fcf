// KeyAdmin: every change in the life of tenants, KEKs, keys, versions and aliases, but for
// those that bring material along (kms/keyring/key_transfer.h).
// The rules of that life are pure functions in kms/keyring/lifecycle.h; this class
// reads, applies a rule, makes material where it takes some, and writes with the
// number of what it read, so that of two who change one key at the same time one
// wins and the other is told.
#ifndef FIELDKMS_KMS_KEYRING_KEY_ADMIN_H_
#define FIELDKMS_KMS_KEYRING_KEY_ADMIN_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/keyring/lifecycle.h"
#include "kms/store/store.h"

namespace fieldkms {

struct KeyringCore;

// Which key, and in which state the caller saw it.
struct KeyRef {
  std::string_view tenant;
  std::string_view name;  // its own name; an alias is not taken here
  uint64_t etag = 0;      // KeyRecord::change as the caller read it; 0: whatever it is
};

// Safe for concurrent use. Mutations are durable when they return OK and in force on
// this replica; on others within the bound of KeyringOptions. Names, request ids and
// all limits are checked here. Errors beside those of Store and RootKey: kInvalidField;
// kEtagMismatch (kAborted) where `etag` is not the key's any more; those of lifecycle.h.
class KeyAdmin {
 public:
  explicit KeyAdmin(KeyringCore& core) : core_(core) {}

  absl::StatusOr<TenantRecord> CreateTenant(std::string_view tenant, std::string_view request_id,
                                            Deadline deadline);
  absl::StatusOr<KeyRecord> CreateKey(const KeySpec& spec, std::string_view request_id,
                                      Deadline deadline);
  absl::StatusOr<KeyRecord> UpdateKey(const KeyRef& ref, const KeyPatch& patch,
                                      std::string_view request_id, Deadline deadline);

  // RotateKey adds a version and makes it primary. `expected_primary` 0: whichever it
  // is; else kAborted, kPrimaryChanged, if it is another by now.
  absl::StatusOr<KeyRecord> RotateKey(std::string_view tenant, std::string_view name,
                                      uint32_t expected_primary, std::string_view request_id,
                                      Deadline deadline);
  // RotateDue does so for a key whose period is over, once for the primary of `due`,
  // whichever replica comes first. Called by Caretaker.
  absl::StatusOr<KeyRecord> RotateDue(const KeyRecord& due, Deadline deadline);

  // Version states. `version` 0 in the last two: all versions, which ends the key.
  absl::StatusOr<KeyRecord> EnableVersion(const KeyRef& ref, uint32_t version,
                                          std::string_view request_id, Deadline deadline);
  absl::StatusOr<KeyRecord> DisableVersion(const KeyRef& ref, uint32_t version,
                                           std::string_view request_id, Deadline deadline);
  absl::StatusOr<KeyRecord> ScheduleDestroy(const KeyRef& ref, uint32_t version,
                                            std::chrono::days waiting, std::string_view request_id,
                                            Deadline deadline);
  absl::StatusOr<KeyRecord> CancelDestroy(const KeyRef& ref, uint32_t version,
                                          std::string_view request_id, Deadline deadline);
  // DestroyDue destroys a version whose waiting period has ended, for good; nothing
  // happens to one that was cancelled meanwhile. Called by Caretaker.
  absl::Status DestroyDue(const KeyAndVersion& due, Deadline deadline);

  // Aliases. `key` "": takes the alias away. `etag` as in Store::SetAlias.
  absl::StatusOr<AliasRecord> SetAlias(std::string_view tenant, std::string_view alias,
                                       std::string_view key, uint64_t etag,
                                       std::string_view request_id, Deadline deadline);

  // RotateKek gives a tenant a new KEK for what is made from now on, and returns the
  // operation that wraps the tenant's versions anew (see Caretaker). One at a time a tenant:
  // kFailedPrecondition, kOperationRunning.
  absl::StatusOr<OperationRecord> RotateKek(std::string_view tenant, std::string_view request_id,
                                            Deadline deadline);
  // RotateRoot returns the operation that wraps all KEKs anew, under what the root
  // wraps with now. One at a time.
  absl::StatusOr<OperationRecord> RotateRoot(std::string_view request_id, Deadline deadline);

  // Reads, from the store.
  absl::StatusOr<TenantRecord> GetTenant(std::string_view tenant, Deadline deadline);
  absl::StatusOr<std::vector<TenantRecord>> ListTenants(std::string_view after, size_t limit,
                                                        Deadline deadline);
  absl::StatusOr<KeyRecord> GetKey(std::string_view tenant, std::string_view name,
                                   Deadline deadline);
  absl::StatusOr<std::vector<KeyRecord>> ListKeys(std::string_view tenant,
                                                  std::string_view after_name, size_t limit,
                                                  Deadline deadline);
  absl::StatusOr<std::vector<KeyVersionRecord>> ListKeyVersions(std::string_view tenant,
                                                                std::string_view name,
                                                                uint32_t before, size_t limit,
                                                                Deadline deadline);
  absl::StatusOr<std::vector<AliasRecord>> ListAliases(std::string_view tenant,
                                                       std::string_view after, size_t limit,
                                                       Deadline deadline);
  absl::StatusOr<OperationRecord> GetOperation(std::string_view operation_id, Deadline deadline);
  absl::StatusOr<std::vector<OperationRecord>> ListOperations(bool running_only, size_t limit,
                                                              Deadline deadline);

 private:
  struct StateRule {
    std::string_view name;
    absl::StatusOr<KeyChange> (*rule)(KeyRecord, KeyVersionRecord);
  };
  absl::StatusOr<KeyRecord> SetState(const KeyRef& ref, uint32_t version, const StateRule& state,
                                     std::string_view request_id, Deadline deadline);

  KeyringCore& core_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_KEY_ADMIN_H_
