// Keyring: the key hierarchy (root key → tenant KEK → key versions) over a Store
// and a RootKey.
//
// Reading is split so that the hot path is free of I/O and locks: Snapshot()
// gives what is loaded; where something is missing the caller leaves its event
// loop, calls a Load method, which blocks, and looks again.
#ifndef FIELDKMS_KMS_KEYRING_KEYRING_H_
#define FIELDKMS_KMS_KEYRING_KEYRING_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/keyring/key_snapshot.h"
#include "kms/root/root_key.h"
#include "kms/store/store.h"

namespace fieldkms {

// Safe for concurrent use.
class Keyring {
 public:
  // Open ties `store` to `root`: a new store gets a binding (a random value
  // wrapped by the root), an old one must have a binding that this root opens.
  // Error: kFailedPrecondition, reason kRootWrongKey, saying what to do. Neither
  // `store`, `root` nor `clock` is owned; they must outlive the keyring.
  static absl::StatusOr<std::unique_ptr<Keyring>> Open(Store& store, const RootKey& root,
                                                       const Clock& clock);
  // Threads that called Snapshot() keep their last one, and so the keys in it,
  // until their next call on another keyring or their end.
  ~Keyring();

  // The current snapshot. A thread keeps the one it saw last behind an atomic
  // epoch, so an unchanged snapshot costs one atomic load. The reference is
  // valid until the calling thread's next call of Snapshot() on any keyring.
  const KeySnapshot& Snapshot() const;

  // Load brings a key's record and primary version into the snapshot. Blocks on
  // store and root; concurrent calls for one key share one load. It leaves the
  // calling thread's Snapshot() as it is. Errors: kInvalidField, kTenantNotFound,
  // kKeyNotFound, kStoreUnavailable, kRootUnavailable, kDeadlineExceeded;
  // kStoreCorrupt where wrapped keys were altered or moved; kMemoryLock.
  absl::Status LoadByName(std::string_view tenant, std::string_view name, Deadline deadline);
  // The same for the key and version that an envelope names. Errors here are
  // internal reasons of a failed decryption: kKeyIdUnknown, kKeyVersionUnknown,
  // kOtherTenant; and the others of LoadByName.
  absl::Status LoadById(std::string_view tenant, uint64_t key_id, uint32_t version,
                        Deadline deadline);

  // Mutations: durable when they return OK, and published to the snapshot
  // before they return. Names and request ids are checked here.
  absl::StatusOr<TenantRecord> CreateTenant(std::string_view tenant, std::string_view request_id,
                                            Deadline deadline);
  absl::StatusOr<KeyRecord> CreateKey(std::string_view tenant, std::string_view name,
                                      KeyPurpose purpose, std::string_view request_id,
                                      Deadline deadline);
  // `expected_primary` 0: whichever it is.
  absl::StatusOr<KeyRecord> RotateKey(std::string_view tenant, std::string_view name,
                                      uint32_t expected_primary, std::string_view request_id,
                                      Deadline deadline);

  // Reads of records, from the store.
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

 private:
  class Impl;
  explicit Keyring(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_KEYRING_H_
