#include "kms/backup/take_backup.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "crypto/status.h"
#include "kms/backup/store_scan.h"
#include "kms/keyring/operator_trace.h"
#include "kms/keyring/wrap.h"

namespace fieldkms {
namespace {

constexpr std::chrono::seconds kRootPatience{30};
constexpr std::chrono::seconds kPatience{30};

absl::Status WriteTenant(RecordWriter& records, const RootKey& root, const Clock& clock,
                         const WholeTenant& whole) {
  FIELDKMS_RETURN_IF_ERROR(records.Tenant(whole.tenant));
  for (const KekRecord& kek : whole.keks) {
    BackupKek plain{kek.version, kek.create_time, {}};
    FIELDKMS_ASSIGN_OR_RETURN(plain.key,
                              root.Unwrap(kek.wrapped, KekContext(whole.tenant.tenant, kek.version),
                                          clock.Steady() + kRootPatience));
    FIELDKMS_RETURN_IF_ERROR(records.Kek(plain));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> HasVault(Store& store, const Clock& clock, const BackupRequest& request) {
  const auto soon = [&] { return clock.Steady() + kPatience; };
  if (!request.tenants) {
    FIELDKMS_ASSIGN_OR_RETURN(const bool has_tokens, store.tokens().HasTokens(soon()));
    FIELDKMS_ASSIGN_OR_RETURN(const bool has_subjects, store.subjects().HasSubjects(soon()));
    return has_tokens || has_subjects;
  }
  for (const std::string& tenant : *request.tenants) {
    FIELDKMS_ASSIGN_OR_RETURN(
        const auto tokens, store.tokens().ScanTokens(tenant, std::nullopt, 1, clock.Now(), soon()));
    FIELDKMS_ASSIGN_OR_RETURN(const auto subjects,
                              store.subjects().ListSubjects(tenant, "", 1, soon()));
    if (!tokens.empty() || !subjects.empty()) return true;
  }
  return false;
}

// What is left out unseen is missed when it is too late.
absl::Status RefuseVault(Store& store, const Clock& clock, const BackupRequest& request) {
  if (request.without_vault) return absl::OkStatus();
  FIELDKMS_ASSIGN_OR_RETURN(const bool has, HasVault(store, clock, request));
  if (!has) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kStoreUnavailable,
               "the tenants have data subjects or vaulted tokens, which no backup holds: back up "
               "the store's database for those, and give --without-tokens for a backup of the rest",
               "without-tokens");
}

absl::StatusOr<BackupSummary> Write(Store& store, const RootKey& root, const Clock& clock,
                                    const BackupRequest& request) {
  FIELDKMS_RETURN_IF_ERROR(RefuseVault(store, clock, request));
  FIELDKMS_ASSIGN_OR_RETURN(const std::unique_ptr<BackupWriter> writer,
                            BackupWriter::Start(request.recipients, clock.Now(), request.sink));
  RecordWriter& records = writer->records();
  uint64_t keys = 0;
  const ScanVisitor visitor = {
      [&](const WholeKey& whole) {
        ++keys;
        if (request.on_progress) request.on_progress(keys);
        return records.Key(whole);
      },
      [&](const AliasRecord& alias) { return records.Alias(alias); },
      [&](const FieldRecord& field) { return records.Field(field); },
      [&](const WholeTenant& whole) { return WriteTenant(records, root, clock, whole); }};
  FIELDKMS_ASSIGN_OR_RETURN(const uint64_t change,
                            ScanStore(store, clock, {request.tenants, std::nullopt, {}}, visitor));
  FIELDKMS_ASSIGN_OR_RETURN(const BackupSummary summary, writer->Finish(change));
  FIELDKMS_RETURN_IF_ERROR(RefuseVault(store, clock, request));  // also what came meanwhile
  FIELDKMS_RETURN_IF_ERROR(request.publish());
  return summary;
}

}  // namespace

absl::StatusOr<BackupSummary> TakeBackup(Store& store, const RootKey& root, const Clock& clock,
                                         const BackupRequest& request) {
  FIELDKMS_ASSIGN_OR_RETURN(
      OperatorTrace trace,
      OperatorTrace::Begin(store, clock, OperationKind::kBackup, request.tenants, request.by));
  absl::StatusOr<BackupSummary> summary = Write(store, root, clock, request);
  if (!summary.ok()) {
    trace.Failed(summary.status());
    return summary;
  }
  FIELDKMS_RETURN_IF_ERROR(trace.Done(summary->keys));
  return summary;
}

}  // namespace fieldkms
