#include "kms/backup/restore.h"

#include <chrono>
#include <memory>
#include <span>
#include <tuple>
#include <utility>

#include "crypto/hex.h"
#include "crypto/status.h"
#include "crypto/xaes_gcm.h"
#include "kms/backup/stager.h"
#include "kms/keyring/operator_trace.h"
#include "kms/keyring/rewrap_kek.h"
#include "kms/keyring/root_binding.h"
#include "kms/keyring/wrap.h"

namespace fieldkms {
namespace {

constexpr std::chrono::seconds kPatience{30};

// KEKs by tenant and version, ready to open versions.
using Keks = std::map<std::pair<std::string, uint32_t>, XaesKey>;

absl::StatusOr<Keks> KeksOf(const BackupContents& contents) {
  Keks keks;
  for (const auto& [name, tenant] : contents.tenants) {
    for (const BackupKek& kek : tenant.keks) {
      FIELDKMS_ASSIGN_OR_RETURN(SecretBytes copy, SecretBytes::CopyOf(kek.key.Expose()));
      FIELDKMS_ASSIGN_OR_RETURN(XaesKey key, XaesKey::Create(std::move(copy)));
      keks.emplace(std::pair(name, kek.version), std::move(key));
    }
  }
  return keks;
}

// Whether all versions of a key open where they belong.
absl::Status CheckVersions(const Keks& keks, const WholeKey& whole) {
  const KeyRecord& key = whole.key;
  for (const KeyVersionRecord& version : whole.versions) {
    if (version.wrapped.empty()) continue;
    const auto kek = keks.find({key.tenant, version.kek_version});
    if (kek == keks.end()) return BackupDamaged();
    const DekPlace place{key.tenant, key.key_id, version.version, key.purpose};
    const absl::Status opened = UnwrapDek(kek->second, version.wrapped, place).status();
    if (ReasonOf(opened) == Reason::kStoreCorrupt) {
      return Error(absl::StatusCode::kDataLoss, Reason::kBackupInvalid,
                   "the backup is as it was written, but holds a key of tenant " + key.tenant +
                       " that was damaged in the store before");
    }
    FIELDKMS_RETURN_IF_ERROR(opened);
  }
  return absl::OkStatus();
}

// ReadBackup, which reads to the end of the file, and the digest of what was read.
absl::StatusOr<std::pair<BackupSummary, BackupDigest>> ReadDigested(const OpenBackup& open,
                                                                    const BackupSecrets& secrets,
                                                                    const RecordVisitor& visitor) {
  FIELDKMS_ASSIGN_OR_RETURN(const ByteSource source, open());
  Sha256Stream stream;
  FIELDKMS_ASSIGN_OR_RETURN(const BackupSummary summary,
                            ReadBackup(DigestingSource(source, &stream), secrets, visitor));
  FIELDKMS_ASSIGN_OR_RETURN(const BackupDigest digest, stream.Finish());
  return std::pair(summary, digest);
}

absl::Status AnotherFile(const BackupDigest& digest) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kBackupInvalid,
               "the file is not the backup that is expected: its digest is " + EncodeHex(digest),
               "expect-digest");
}

// The first reading: all of the file is as it was written.
absl::StatusOr<BackupContents> ReadContents(const OpenBackup& open, const BackupSecrets& secrets,
                                            const std::optional<BackupDigest>& expected) {
  BackupContents contents;
  RecordVisitor visitor;
  visitor.on_tenant = [&](const TenantRecord& record, std::vector<BackupKek> keks) {
    contents.tenants[record.tenant] = {record, std::move(keks)};
    return absl::OkStatus();
  };
  FIELDKMS_ASSIGN_OR_RETURN(const auto read, ReadDigested(open, secrets, visitor));
  std::tie(contents.summary, contents.digest) = read;
  if (expected && contents.digest != *expected) return AnotherFile(contents.digest);
  return contents;
}

// The second: all but `on_tenant` are told of all, each key after its versions were opened.
absl::Status ReadKeys(const OpenBackup& open, const BackupSecrets& secrets,
                      const BackupContents& contents, const RecordVisitor& then,
                      const KeyProgress& on_progress) {
  FIELDKMS_ASSIGN_OR_RETURN(const Keks keks, KeksOf(contents));
  uint64_t keys = 0;
  RecordVisitor visitor;
  visitor.on_key = [&](const WholeKey& whole) -> absl::Status {
    FIELDKMS_RETURN_IF_ERROR(CheckVersions(keks, whole));
    ++keys;
    if (on_progress) on_progress(keys);
    return then.on_key ? then.on_key(whole) : absl::OkStatus();
  };
  visitor.on_alias = then.on_alias;
  visitor.on_field = then.on_field;
  FIELDKMS_ASSIGN_OR_RETURN(const auto read, ReadDigested(open, secrets, visitor));
  // It may have been replaced since the first reading.
  return read.second == contents.digest ? absl::OkStatus() : AnotherFile(read.second);
}

absl::StatusOr<std::set<std::string>> Selected(const BackupContents& contents,
                                               const RestoreRequest& request) {
  std::set<std::string> selected;
  if (!request.tenants) {
    for (const auto& [name, tenant] : contents.tenants) selected.insert(name);
    return selected;
  }
  for (const std::string& tenant : *request.tenants) {
    if (!contents.tenants.contains(tenant)) {
      return Error(absl::StatusCode::kNotFound, Reason::kTenantNotFound,
                   "the backup has no tenant " + tenant, "tenant");
    }
  }
  return *request.tenants;
}

absl::Status CheckFree(Store& store, const Clock& clock, const std::set<std::string>& tenants) {
  for (const std::string& tenant : tenants) {
    const absl::Status found = store.GetTenant(tenant, clock.Steady() + kPatience).status();
    if (found.ok()) {
      return Error(absl::StatusCode::kAlreadyExists, Reason::kTenantExists,
                   "tenant " + tenant + " exists in this store: nothing was restored", "tenant");
    }
    if (ReasonOf(found) != Reason::kTenantNotFound) return found;
  }
  return absl::OkStatus();
}

// A tenant with its KEKs under this root, each seen to open.
absl::StatusOr<WholeTenant> Wrapped(const RootKey& root, const Clock& clock,
                                    const BackupContents::Tenant& tenant) {
  WholeTenant whole{tenant.record, {}};
  for (const BackupKek& kek : tenant.keks) {
    const Deadline deadline = clock.Steady() + kPatience;
    const std::string context = KekContext(tenant.record.tenant, kek.version);
    KekRecord record{kek.version, {}, kek.create_time};
    FIELDKMS_ASSIGN_OR_RETURN(record.wrapped, WrapKek(root, kek.key, context, deadline));
    whole.keks.push_back(std::move(record));
  }
  return whole;
}

// Returns how many keys it staged.
absl::StatusOr<uint64_t> StageAndApply(Stager& stager, const RootKey& root, const Clock& clock,
                                       const RestoreRequest& request,
                                       const BackupContents& contents,
                                       const std::set<std::string>& tenants) {
  RecordVisitor visitor;
  uint64_t staged = 0;
  visitor.on_key = [&](const WholeKey& whole) {
    if (!tenants.contains(whole.key.tenant)) return absl::OkStatus();
    ++staged;
    return stager.Take(whole);
  };
  visitor.on_alias = [&](const AliasRecord& alias) {
    return tenants.contains(alias.tenant) ? stager.Take(alias) : absl::OkStatus();
  };
  visitor.on_field = [&](const FieldRecord& field) {
    return tenants.contains(field.tenant) ? stager.Take(field) : absl::OkStatus();
  };
  FIELDKMS_RETURN_IF_ERROR(
      ReadKeys(request.open, request.secrets, contents, visitor, request.on_progress));
  std::vector<WholeTenant> whole;
  for (const std::string& tenant : tenants) {
    FIELDKMS_ASSIGN_OR_RETURN(WholeTenant one, Wrapped(root, clock, contents.tenants.at(tenant)));
    whole.push_back(std::move(one));
  }
  FIELDKMS_RETURN_IF_ERROR(stager.Apply(whole, ImportMode::kNew, 0));
  return staged;
}

}  // namespace

absl::StatusOr<BackupContents> VerifyBackup(const OpenBackup& open, const BackupSecrets& secrets,
                                            const KeyProgress& on_progress,
                                            const std::optional<BackupDigest>& expected) {
  FIELDKMS_ASSIGN_OR_RETURN(BackupContents contents, ReadContents(open, secrets, expected));
  FIELDKMS_RETURN_IF_ERROR(ReadKeys(open, secrets, contents, {}, on_progress));
  return contents;
}

absl::StatusOr<BackupContents> RestoreBackup(Store& store, const RootKey& root, const Clock& clock,
                                             const RestoreRequest& request) {
  FIELDKMS_ASSIGN_OR_RETURN(BackupContents contents,
                            ReadContents(request.open, request.secrets, request.expected));
  FIELDKMS_ASSIGN_OR_RETURN(const std::set<std::string> tenants, Selected(contents, request));
  FIELDKMS_RETURN_IF_ERROR(CheckFree(store, clock, tenants));
  RootBinding binding(store, root);
  FIELDKMS_RETURN_IF_ERROR(binding.Tie(clock.Steady() + kPatience));
  FIELDKMS_RETURN_IF_ERROR(binding.Check(clock.Steady() + kPatience));  // also if it was down
  FIELDKMS_ASSIGN_OR_RETURN(
      OperatorTrace trace,
      OperatorTrace::Begin(store, clock, OperationKind::kRestore, request.tenants, request.by));
  FIELDKMS_ASSIGN_OR_RETURN(Stager stager, Stager::Begin(store, clock));
  const auto restored = StageAndApply(stager, root, clock, request, contents, tenants);
  if (!restored.ok()) {
    trace.Failed(restored.status());
    stager.Drop();  // in doubt the next restore tells, by what is there
    return restored.status();
  }
  FIELDKMS_RETURN_IF_ERROR(trace.Done(*restored));
  return contents;
}

}  // namespace fieldkms
