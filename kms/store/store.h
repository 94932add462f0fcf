// Store keeps tenants, keys and their wrapped versions. It knows nothing of
// cryptography: wrapped bytes go in and come out.
//
// Contract of every implementation (tests/contract/store_contract.h):
// - A mutation is atomic, and durable (synced to stable storage) when it returns
//   OK. An error other than kUnavailable means that nothing was changed; after
//   kUnavailable the caller repeats it with the same request id.
// - Mutations are idempotent by Mutation::request_id within a tenant: a repeat
//   with the same fingerprint returns the first outcome with `replayed` set, one
//   with another fingerprint fails with kFailedPrecondition, kRequestIdReused.
//   Ids are remembered for at least 24 hours.
// - Safe for concurrent use. No method holds a lock of ours across I/O; each
//   gives up with kDeadlineExceeded when `deadline` has passed before it began
//   to write.
// - Errors carry reasons: kTenantNotFound, kTenantExists, kKeyNotFound,
//   kKeyExists, kKeyVersionUnknown, kPrimaryChanged, kStoreUnavailable,
//   kStoreFull (disk full: nothing changed), kStoreCorrupt, kStoreTooNew. A read
//   of a key by name tells an unknown tenant from an unknown key; a version of
//   what does not exist is kNotFound, kKeyVersionUnknown.
#ifndef FIELDKMS_KMS_STORE_STORE_H_
#define FIELDKMS_KMS_STORE_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"

namespace fieldkms {

// Numbers are what stands in the store: never change one.
enum class KeyPurpose : uint8_t { kEncrypt = 1 };
enum class VersionState : uint8_t { kEnabled = 1 };

struct TenantRecord {
  std::string tenant;
  WallTime create_time;
  uint32_t primary_kek = 0;  // version of the KEK that wraps new key versions
};

// One version of a tenant's key-encryption key, wrapped by the root key.
struct KekRecord {
  uint32_t version = 0;
  std::string wrapped;
  WallTime create_time;
};

struct KeyRecord {
  std::string tenant;
  std::string name;
  uint64_t key_id = 0;  // unique in the store, never 0, never used again
  KeyPurpose purpose = KeyPurpose::kEncrypt;
  uint32_t primary_version = 0;
  WallTime create_time;
  WallTime primary_create_time;
};

// One version of a key, wrapped by version `kek_version` of its tenant's KEK.
struct KeyVersionRecord {
  uint32_t version = 0;
  VersionState state = VersionState::kEnabled;
  uint32_t kek_version = 0;
  std::string wrapped;
  WallTime create_time;
};

// Identity of a mutation. `fingerprint`: 32 bytes that differ where the
// request's fields differ (SHA-256 over method and fields).
struct Mutation {
  std::string request_id;
  std::string fingerprint;
};

// The outcome of a mutation. A replayed one carries the record as it was after
// the first.
template <class T>
struct Applied {
  T value;
  bool replayed = false;
};

class Store {
 public:
  virtual ~Store() = default;

  // The blob that ties this store to its root key (see Keyring::Open), or
  // nullopt in a new store. SetRootBinding fails with kAlreadyExists if there is
  // one.
  virtual absl::StatusOr<std::optional<std::string>> GetRootBinding(Deadline deadline) = 0;
  virtual absl::Status SetRootBinding(std::string_view binding, Deadline deadline) = 0;

  // Tenants. CreateTenant stores the tenant with `kek` as its primary KEK.
  virtual absl::StatusOr<Applied<TenantRecord>> CreateTenant(std::string_view tenant,
                                                             const KekRecord& kek,
                                                             const Mutation& mutation,
                                                             Deadline deadline) = 0;
  virtual absl::StatusOr<TenantRecord> GetTenant(std::string_view tenant, Deadline deadline) = 0;
  // Tenants after `after` ("" for the first), in byte order, at most `limit`.
  virtual absl::StatusOr<std::vector<TenantRecord>> ListTenants(std::string_view after,
                                                                size_t limit,
                                                                Deadline deadline) = 0;
  virtual absl::StatusOr<KekRecord> GetKek(std::string_view tenant, uint32_t version,
                                           Deadline deadline) = 0;

  // Keys. CreateKey stores `key` with `first` as its version 1 and primary. A
  // name that is taken: kAlreadyExists, kKeyExists. An id that is taken: kAborted,
  // kKeyExists; the caller draws another.
  virtual absl::StatusOr<Applied<KeyRecord>> CreateKey(const KeyRecord& key,
                                                       const KeyVersionRecord& first,
                                                       const Mutation& mutation,
                                                       Deadline deadline) = 0;
  virtual absl::StatusOr<KeyRecord> GetKey(std::string_view tenant, std::string_view name,
                                           Deadline deadline) = 0;
  virtual absl::StatusOr<KeyRecord> GetKeyById(uint64_t key_id, Deadline deadline) = 0;
  // Keys of a tenant after `after_name` ("" for the first), in byte order.
  virtual absl::StatusOr<std::vector<KeyRecord>> ListKeys(std::string_view tenant,
                                                          std::string_view after_name, size_t limit,
                                                          Deadline deadline) = 0;

  // Versions. AddKeyVersion appends `version` and makes it primary if the
  // primary is still version.version - 1, else fails with kAborted,
  // kPrimaryChanged.
  virtual absl::StatusOr<Applied<KeyRecord>> AddKeyVersion(std::string_view tenant,
                                                           std::string_view name,
                                                           const KeyVersionRecord& version,
                                                           const Mutation& mutation,
                                                           Deadline deadline) = 0;
  // The outcome recorded for a mutation of a key, if it ran before: asked before
  // new material is made. Same errors as a replay.
  virtual absl::StatusOr<std::optional<KeyRecord>> FindKeyMutation(std::string_view tenant,
                                                                   const Mutation& mutation,
                                                                   Deadline deadline) = 0;
  virtual absl::StatusOr<KeyVersionRecord> GetKeyVersion(uint64_t key_id, uint32_t version,
                                                         Deadline deadline) = 0;
  // Versions below `before` (0: from the newest), newest first; none for an
  // unknown key.
  virtual absl::StatusOr<std::vector<KeyVersionRecord>> ListKeyVersions(uint64_t key_id,
                                                                        uint32_t before,
                                                                        size_t limit,
                                                                        Deadline deadline) = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_STORE_H_
