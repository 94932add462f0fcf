#include "kms/backup/backup_records.h"

#include <algorithm>
#include <array>
#include <optional>

#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/backup/backup_format.h"
#include "kms/store/record_json.h"

namespace fieldkms {
namespace {

constexpr size_t kFrameSize = 1 + 4;
constexpr size_t kMaxRecord = size_t{1} << 20;
constexpr size_t kKekSize = 32;
constexpr size_t kKekRecordSize = 4 + 8 + kKekSize;
constexpr size_t kEndSize = 7 * 8;
constexpr size_t kMaxVersions = 1'000'000;  // of a key, and KEKs of a tenant

enum class Type : uint8_t { kKey = 1, kVersion, kAlias, kTenant, kKek, kEnd, kField };

struct Frame {
  Type type = Type::kEnd;
  WipedBuffer payload;
};

absl::StatusOr<Frame> ReadFrame(ChunkReader& chunks) {
  std::array<uint8_t, kFrameSize> head;
  FIELDKMS_RETURN_IF_ERROR(chunks.Read(head));
  const size_t size = GetU32(head.data() + 1);
  if (head[0] < static_cast<uint8_t>(Type::kKey) || head[0] > static_cast<uint8_t>(Type::kField) ||
      size > kMaxRecord) {
    return BackupDamaged();
  }
  Frame frame{static_cast<Type>(head[0]), WipedBuffer(size)};
  FIELDKMS_RETURN_IF_ERROR(chunks.Read(frame.payload));
  return frame;
}

// A record of JSON; what does not parse was not written by us.
template <class Record>
absl::StatusOr<Record> Parse(const Frame& frame) {
  absl::StatusOr<Record> record = FromJson<Record>(AsText(frame.payload));
  if (!record.ok()) return BackupDamaged();
  return record;
}

bool IsSound(const WholeKey& whole) {
  const KeyRecord& key = whole.key;
  bool has_primary = false;
  for (const KeyVersionRecord& version : whole.versions) {
    has_primary = has_primary || version.version == key.primary_version;
    if (version.version == 0) return false;
    if (version.wrapped.empty() != (version.state == VersionState::kDestroyed)) return false;
  }
  return has_primary && key.key_id != 0 && CheckTenantId(key.tenant).ok() &&
         CheckKeyName(key.name).ok();
}

bool IsSound(const TenantRecord& tenant, const std::vector<BackupKek>& keks) {
  const auto is_primary = [&](const BackupKek& kek) { return kek.version == tenant.primary_kek; };
  return CheckTenantId(tenant.tenant).ok() && std::any_of(keks.begin(), keks.end(), is_primary);
}

absl::StatusOr<BackupKek> ParseKek(const Frame& frame) {
  const ByteView bytes(frame.payload);
  if (bytes.size() != kKekRecordSize || GetU32(bytes.data()) == 0) return BackupDamaged();
  BackupKek kek;
  kek.version = GetU32(bytes.data());
  kek.create_time =
      WallTime(std::chrono::microseconds(static_cast<int64_t>(GetU64(bytes.data() + 4))));
  FIELDKMS_ASSIGN_OR_RETURN(kek.key, SecretBytes::CopyOf(bytes.last(kKekSize)));
  return kek;
}

// Reads records one after another. What has several parts is handed on when its last is
// known: with the next record that is of another kind.
class RecordReader {
 public:
  RecordReader(ChunkReader& chunks, const RecordVisitor& visitor)
      : chunks_(chunks), visitor_(visitor) {}

  absl::StatusOr<BackupSummary> Run() {
    while (true) {
      FIELDKMS_ASSIGN_OR_RETURN(const Frame frame, ReadFrame(chunks_));
      if (frame.type == Type::kEnd) return End(frame);
      FIELDKMS_RETURN_IF_ERROR(Take(frame));
    }
  }

 private:
  absl::Status Take(const Frame& frame) {
    switch (frame.type) {
      case Type::kKey:
        return TakeKey(frame);
      case Type::kVersion:
        return TakeVersion(frame);
      case Type::kAlias:
        return TakeAlias(frame);
      case Type::kField:
        return TakeField(frame);
      case Type::kTenant:
        return TakeTenant(frame);
      default:
        return TakeKek(frame);
    }
  }

  absl::Status TakeKey(const Frame& frame) {
    FIELDKMS_RETURN_IF_ERROR(EndKey());
    if (tenants_begun_) return BackupDamaged();
    FIELDKMS_ASSIGN_OR_RETURN(KeyRecord key, Parse<KeyRecord>(frame));
    key_.emplace(WholeKey{std::move(key), {}});
    ++summary_.keys;
    return absl::OkStatus();
  }

  absl::Status TakeVersion(const Frame& frame) {
    if (!key_ || key_->versions.size() >= kMaxVersions) return BackupDamaged();
    FIELDKMS_ASSIGN_OR_RETURN(KeyVersionRecord version, Parse<KeyVersionRecord>(frame));
    // All of different numbers: those of a key rise.
    if (!key_->versions.empty() && version.version <= key_->versions.back().version) {
      return BackupDamaged();
    }
    key_->versions.push_back(std::move(version));
    ++summary_.versions;
    return absl::OkStatus();
  }

  absl::Status TakeAlias(const Frame& frame) {
    FIELDKMS_RETURN_IF_ERROR(EndKey());
    if (tenants_begun_) return BackupDamaged();
    FIELDKMS_ASSIGN_OR_RETURN(const AliasRecord alias, Parse<AliasRecord>(frame));
    if (!CheckKeyName(alias.alias).ok() || !CheckTenantId(alias.tenant).ok()) {
      return BackupDamaged();
    }
    needed_.insert({alias.tenant, 0});
    ++summary_.aliases;
    return visitor_.on_alias ? visitor_.on_alias(alias) : absl::OkStatus();
  }

  absl::Status TakeField(const Frame& frame) {
    FIELDKMS_RETURN_IF_ERROR(EndKey());
    if (tenants_begun_) return BackupDamaged();
    FIELDKMS_ASSIGN_OR_RETURN(const FieldRecord field, Parse<FieldRecord>(frame));
    if (field.field_id == 0 || !CheckKeyName(field.name).ok() ||
        !CheckTenantId(field.tenant).ok()) {
      return BackupDamaged();
    }
    needed_.insert({field.tenant, 0});
    ++summary_.fields;
    return visitor_.on_field ? visitor_.on_field(field) : absl::OkStatus();
  }

  absl::Status TakeTenant(const Frame& frame) {
    FIELDKMS_RETURN_IF_ERROR(EndKey());
    FIELDKMS_RETURN_IF_ERROR(EndTenant());
    tenants_begun_ = true;
    FIELDKMS_ASSIGN_OR_RETURN(tenant_, Parse<TenantRecord>(frame));
    ++summary_.tenants;
    return absl::OkStatus();
  }

  absl::Status TakeKek(const Frame& frame) {
    if (!tenant_ || keks_.size() >= kMaxVersions) return BackupDamaged();
    FIELDKMS_ASSIGN_OR_RETURN(BackupKek kek, ParseKek(frame));
    if (!keks_.empty() && kek.version <= keks_.back().version) return BackupDamaged();
    keks_.push_back(std::move(kek));
    ++summary_.keks;
    return absl::OkStatus();
  }

  absl::Status EndKey() {
    if (!key_) return absl::OkStatus();
    const WholeKey whole = *std::exchange(key_, std::nullopt);
    if (!IsSound(whole)) return BackupDamaged();
    needed_.insert({whole.key.tenant, 0});
    for (const KeyVersionRecord& version : whole.versions) {
      if (!version.wrapped.empty()) needed_.insert({whole.key.tenant, version.kek_version});
    }
    return visitor_.on_key ? visitor_.on_key(whole) : absl::OkStatus();
  }

  absl::Status EndTenant() {
    if (!tenant_) return absl::OkStatus();
    const TenantRecord tenant = *std::exchange(tenant_, std::nullopt);
    std::vector<BackupKek> keks = std::exchange(keks_, {});
    if (!IsSound(tenant, keks) || !known_.insert(tenant.tenant).second) return BackupDamaged();
    needed_.erase({tenant.tenant, 0});
    for (const BackupKek& kek : keks) needed_.erase({tenant.tenant, kek.version});
    return visitor_.on_tenant ? visitor_.on_tenant(tenant, std::move(keks)) : absl::OkStatus();
  }

  absl::StatusOr<BackupSummary> End(const Frame& frame) {
    FIELDKMS_RETURN_IF_ERROR(EndKey());
    FIELDKMS_RETURN_IF_ERROR(EndTenant());
    if (frame.payload.size() != kEndSize) return BackupDamaged();
    const uint8_t* at = frame.payload.data();
    summary_.change = GetU64(at);
    const BackupSummary written{GetU64(at),      GetU64(at + 8),  GetU64(at + 16), GetU64(at + 24),
                                GetU64(at + 32), GetU64(at + 40), GetU64(at + 48)};
    FIELDKMS_ASSIGN_OR_RETURN(const bool at_end, chunks_.AtEnd());
    if (!at_end || !needed_.empty() || written != summary_) return BackupDamaged();
    return summary_;
  }

  ChunkReader& chunks_;
  const RecordVisitor& visitor_;
  BackupSummary summary_;
  std::optional<WholeKey> key_;
  std::optional<TenantRecord> tenant_;
  std::vector<BackupKek> keks_;
  bool tenants_begun_ = false;
  std::set<std::pair<std::string, uint32_t>> needed_;  // tenants (0), and KEKs of them
  std::set<std::string> known_;                        // tenants
};

}  // namespace

absl::Status RecordWriter::Put(uint8_t type, ByteView payload) {
  if (payload.size() > kMaxRecord) return Bug("a record of a backup is too long");
  std::array<uint8_t, kFrameSize> head;
  head[0] = type;
  PutU32(head.data() + 1, static_cast<uint32_t>(payload.size()));
  FIELDKMS_RETURN_IF_ERROR(chunks_.Write(head));
  return chunks_.Write(payload);
}

absl::Status RecordWriter::Key(const WholeKey& whole) {
  ++summary_.keys;
  FIELDKMS_RETURN_IF_ERROR(Put(static_cast<uint8_t>(Type::kKey), AsBytes(ToJson(whole.key))));
  for (const KeyVersionRecord& version : whole.versions) {
    ++summary_.versions;
    FIELDKMS_RETURN_IF_ERROR(Put(static_cast<uint8_t>(Type::kVersion), AsBytes(ToJson(version))));
  }
  return absl::OkStatus();
}

absl::Status RecordWriter::Alias(const AliasRecord& alias) {
  ++summary_.aliases;
  return Put(static_cast<uint8_t>(Type::kAlias), AsBytes(ToJson(alias)));
}

absl::Status RecordWriter::Field(const FieldRecord& field) {
  ++summary_.fields;
  return Put(static_cast<uint8_t>(Type::kField), AsBytes(ToJson(field)));
}

absl::Status RecordWriter::Tenant(const TenantRecord& tenant) {
  ++summary_.tenants;
  return Put(static_cast<uint8_t>(Type::kTenant), AsBytes(ToJson(tenant)));
}

absl::Status RecordWriter::Kek(const BackupKek& kek) {
  ++summary_.keks;
  if (kek.key.size() != kKekSize) return Bug("a key-encryption key is not 32 bytes");
  WipedBuffer payload(kKekRecordSize);
  PutU32(payload.data(), kek.version);
  PutU64(payload.data() + 4, static_cast<uint64_t>(kek.create_time.time_since_epoch().count()));
  std::copy(kek.key.Expose().begin(), kek.key.Expose().end(), payload.begin() + 12);
  return Put(static_cast<uint8_t>(Type::kKek), payload);
}

absl::StatusOr<BackupSummary> RecordWriter::End(uint64_t change) {
  summary_.change = change;
  std::array<uint8_t, kEndSize> payload;
  PutU64(payload.data(), summary_.change);
  PutU64(payload.data() + 8, summary_.tenants);
  PutU64(payload.data() + 16, summary_.keks);
  PutU64(payload.data() + 24, summary_.keys);
  PutU64(payload.data() + 32, summary_.versions);
  PutU64(payload.data() + 40, summary_.aliases);
  PutU64(payload.data() + 48, summary_.fields);
  FIELDKMS_RETURN_IF_ERROR(Put(static_cast<uint8_t>(Type::kEnd), payload));
  return summary_;
}

absl::StatusOr<BackupSummary> ReadRecords(ChunkReader& chunks, const RecordVisitor& visitor) {
  return RecordReader(chunks, visitor).Run();
}

}  // namespace fieldkms
