// What a Store keeps: tenants, their KEKs, keys, versions, aliases, leases and
// operations. Wrapped bytes are opaque here.
#ifndef FIELDKMS_KMS_STORE_RECORDS_H_
#define FIELDKMS_KMS_STORE_RECORDS_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kms/clock.h"

namespace fieldkms {

// Numbers are what stands in the store: never change one.
enum class KeyPurpose : uint8_t {
  kEncrypt = 1,
  kMac = 2,
  kToken = 3,
  kFpe = 4,
  kBlindIndex = 5,
  kSignAudit = 6,
};
enum class VersionState : uint8_t {
  kEnabled = 1,
  kDisabled = 2,
  kDestroyScheduled = 3,  // as disabled, until destroy_time
  kDestroyed = 4,         // the wrapped bytes are gone; there is no way back
};
enum class KeyOrigin : uint8_t { kGenerated = 1, kImported = 2 };

struct TenantRecord {
  std::string tenant;
  WallTime create_time;
  uint32_t primary_kek = 0;  // version of the KEK that wraps new key versions
  uint64_t change = 0;       // see Store: the change that wrote this record last
};

// One version of a tenant's key-encryption key, wrapped by the root key.
struct KekRecord {
  uint32_t version = 0;
  std::string wrapped;
  WallTime create_time;
};

// What a holder of the right may take of a key (DESIGN: leases are disclosure).
struct LeasePolicy {
  std::chrono::seconds longest{0};  // 0: no leases
  uint64_t most_messages = 0;       // sealed in one lease; 0: no leases
  friend bool operator==(const LeasePolicy&, const LeasePolicy&) = default;
};

struct KeyRecord {
  std::string tenant;
  std::string name;     // shares its namespace with the tenant's aliases
  uint64_t key_id = 0;  // unique in the store, never 0, never used again
  KeyPurpose purpose = KeyPurpose::kEncrypt;
  uint32_t primary_version = 0;
  WallTime create_time;
  WallTime primary_create_time;  // of the primary version; kept by the store

  uint8_t suite = 1;        // of crypto/envelope.h, for sealing
  bool exportable = false;  // fixed when the key is made
  bool audit_per_operation = false;
  uint32_t min_decrypt_version = 1;
  std::chrono::seconds rotation_period{0};  // 0: on demand only
  std::optional<WallTime> next_rotation;    // set where, and only where, there is a period
  LeasePolicy lease;
  std::map<std::string, std::string> labels;
  uint64_t change = 0;  // the change that last wrote the key or a version of it: its etag
};

// One version of a key, wrapped by version `kek_version` of its tenant's KEK.
struct KeyVersionRecord {
  uint32_t version = 0;
  VersionState state = VersionState::kEnabled;
  uint32_t kek_version = 0;
  std::string wrapped;  // empty where, and only where, it is destroyed
  WallTime create_time;
  KeyOrigin origin = KeyOrigin::kGenerated;
  std::optional<WallTime> destroy_time;  // due (kDestroyScheduled) or done (kDestroyed)
};

// Another name of a key. One that is taken away stays as a record of key id 0, so
// that replicas hear of it.
struct AliasRecord {
  std::string tenant;
  std::string alias;
  uint64_t key_id = 0;
  uint64_t change = 0;
};

// A field: how one kind of value is protected. The policy is opaque here: kms/fields writes
// and reads it.
struct FieldRecord {
  std::string tenant;
  std::string name;       // among the tenant's fields; no key's or alias' namespace
  uint64_t field_id = 0;  // unique in the store, never 0, never used again
  std::string policy;
  WallTime create_time;
  WallTime update_time;
  uint64_t change = 0;  // its etag
};

// A lease of key material; see DESIGN §3.
struct LeaseRecord {
  std::string lease_id;  // 32 lower-case hex digits
  std::string tenant;
  uint64_t key_id = 0;
  uint32_t version = 0;
  bool encrypt = false;   // to seal with, too; else to open only
  std::string principal;  // who holds it
  WallTime create_time;
  WallTime expire_time;
  uint64_t most_messages = 0;
  uint64_t used_messages = 0;  // as reported
};

// Long work. Any replica goes on with the rotation of a KEK or of the root; a backup and a
// restore are an operator's command, and a record of the fact: keys were disclosed, or came.
enum class OperationKind : uint8_t { kRotateKek = 1, kRotateRoot = 2, kBackup = 3, kRestore = 4 };
enum class OperationState : uint8_t { kRunning = 1, kDone = 2, kFailed = 3 };
struct OperationRecord {
  std::string operation_id;  // 32 lower-case hex digits
  OperationKind kind = OperationKind::kRotateKek;
  std::string tenant;  // "" for one of the whole store
  OperationState state = OperationState::kRunning;
  std::string cursor;  // where to go on; the operation's own
  uint64_t done = 0;   // keys, of `total`
  uint64_t total = 0;  // as counted when it began
  std::string error;   // why it failed; names rules, never values
  WallTime create_time;
  WallTime update_time;
  std::string owner;  // the replica that runs it, until owner_until; or "USER@HOST"
  WallTime owner_until;
  uint64_t change = 0;
};

// A key with all its versions, a tenant with all its KEKs: what comes from elsewhere.
struct WholeKey {
  KeyRecord key;
  std::vector<KeyVersionRecord> versions;
};
struct WholeTenant {
  TenantRecord tenant;
  std::vector<KekRecord> keks;
};

// Names one import: random, so that no two that run at once share what they stage.
using ImportId = std::array<uint8_t, 16>;

// How many records of a tenant an import has staged, those staged again counted once.
struct StagedCounts {
  uint64_t keys = 0;
  uint64_t versions = 0;
  uint64_t aliases = 0;
  uint64_t fields = 0;
  friend bool operator==(const StagedCounts&, const StagedCounts&) = default;
};
struct StagedTenant {
  WholeTenant whole;
  StagedCounts staged;
};

// What an import does where a tenant is there already: refuse it, or bring it up to date.
enum class ImportMode : uint8_t { kNew, kReplace };

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_RECORDS_H_
