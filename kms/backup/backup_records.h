// The records of a backup's payload, each U8(type) U32(length) and at most 1 MiB:
//
//   1 key      KeyRecord as JSON (kms/store/record_json.h)
//   2 version  KeyVersionRecord as JSON, of the key before it; all of its versions follow it
//   3 alias    AliasRecord as JSON; key id 0: it was taken away
//   4 tenant   TenantRecord as JSON
//   5 KEK      U32(version) U64(time, microseconds since 1970) key(32), of the tenant before
//              it; all of its KEKs follow it
//   6 end      U64(number of the last change that is in it), U64 each: tenants, KEKs,
//              keys, versions, aliases, fields, as many as records stand before
//   7 field    FieldRecord as JSON
//
// Keys, aliases and fields come first, in any order; one that changed while the backup was written
// stands again, and the last counts. Then each tenant, once; then the end, and nothing more.
// Wrapped bytes of versions are as the store has them: bound to tenant, key id and version,
// and to no store and no root.
#ifndef FIELDKMS_KMS_BACKUP_BACKUP_RECORDS_H_
#define FIELDKMS_KMS_BACKUP_BACKUP_RECORDS_H_

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"
#include "kms/backup/chunk_stream.h"
#include "kms/clock.h"
#include "kms/store/store.h"

namespace fieldkms {

// A KEK in the clear.
struct BackupKek {
  uint32_t version = 0;
  WallTime create_time;
  SecretBytes key;  // 32 bytes
};

// What stands at the end. Keys, versions, aliases and fields count each time that they stand
// there.
struct BackupSummary {
  uint64_t change = 0;
  uint64_t tenants = 0;
  uint64_t keks = 0;
  uint64_t keys = 0;
  uint64_t versions = 0;
  uint64_t aliases = 0;
  uint64_t fields = 0;
  friend bool operator==(const BackupSummary&, const BackupSummary&) = default;
};

// Writes records in the order above, which the caller sees to.
class RecordWriter {
 public:
  explicit RecordWriter(ChunkWriter* chunks) : chunks_(*chunks) {}
  absl::Status Key(const WholeKey& whole);
  absl::Status Alias(const AliasRecord& alias);
  absl::Status Field(const FieldRecord& field);
  absl::Status Tenant(const TenantRecord& tenant);
  absl::Status Kek(const BackupKek& kek);
  absl::StatusOr<BackupSummary> End(uint64_t change);

 private:
  absl::Status Put(uint8_t type, ByteView payload);

  ChunkWriter& chunks_;
  BackupSummary summary_;
};

// What is done with what is read. An error ends the reading, and is its error.
struct RecordVisitor {
  std::function<absl::Status(const WholeKey& whole)> on_key;
  std::function<absl::Status(const AliasRecord& alias)> on_alias;
  std::function<absl::Status(const FieldRecord& field)> on_field;
  std::function<absl::Status(const TenantRecord& tenant, std::vector<BackupKek> keks)> on_tenant;
};

// ReadRecords reads all of a payload. Beside the order it looks at what a store needs to
// be true of records: names as they must be, primaries that are there, KEKs of all versions.
// Error: BackupDamaged(); those of the visitor.
absl::StatusOr<BackupSummary> ReadRecords(ChunkReader& chunks, const RecordVisitor& visitor);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_BACKUP_BACKUP_RECORDS_H_
