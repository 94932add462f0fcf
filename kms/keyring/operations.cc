#include "kms/keyring/operations.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <span>
#include <utility>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/keyring/core.h"
#include "kms/keyring/fingerprint.h"
#include "kms/keyring/rewrap_kek.h"
#include "kms/keyring/wrap.h"

namespace fieldkms {
namespace {

using std::chrono::seconds;

constexpr size_t kIdBytes = 16;
constexpr size_t kVersionsAtOnce = 500;
constexpr size_t kOperationsSeen = 1'000;
// Who runs an operation says so with each batch; who is silent for this long is gone.
constexpr seconds kClaim{30};
constexpr seconds kPatience{8};  // for one batch, or one KEK; less than a shutdown may take

// One step of an operation: writes what it can, moves the cursor, and says whether that
// was the last.
using Step = absl::StatusOr<bool> (*)(KeyringCore& core, OperationRecord& operation);

// Where an operation is: in which sweep over all that there is, after which record, and
// how many of the sweep did not open. "" at its beginning.
struct Cursor {
  uint32_t sweep = 1;
  uint64_t damaged = 0;
  std::string after;  // a tenant, or "key id:version"
};
std::string TextOf(const Cursor& cursor) {
  return std::to_string(cursor.sweep) + '/' + std::to_string(cursor.damaged) + '/' + cursor.after;
}
Cursor ParseCursor(const std::string& text) {
  Cursor cursor;
  const size_t first = text.find('/');
  const size_t second = text.find('/', first + 1);
  if (first == std::string::npos || second == std::string::npos) return cursor;
  std::from_chars(text.data(), text.data() + first, cursor.sweep);
  std::from_chars(text.data() + first + 1, text.data() + second, cursor.damaged);
  cursor.after = text.substr(second + 1);
  return cursor;
}

struct VersionPlace {
  uint64_t key_id = 0;
  uint32_t version = 0;
};
VersionPlace ParsePlace(const std::string& text) {
  VersionPlace place;
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return place;
  std::from_chars(text.data(), text.data() + colon, place.key_id, 16);
  std::from_chars(text.data() + colon + 1, text.data() + text.size(), place.version);
  return place;
}

absl::Status SomeDamaged(uint64_t count, std::string_view what) {
  return Error(absl::StatusCode::kDataLoss, Reason::kStoreCorrupt,
               std::to_string(count) + " " + std::string(what) +
                   " do not open and were left as they are; the others are done");
}

bool IsDamage(const absl::Status& status) {
  return status.code() == absl::StatusCode::kDataLoss || ReasonOf(status) == Reason::kRootWrongKey;
}

absl::StatusOr<RewrappedVersion> Rewrap(KeyringCore& core, const KeyAndVersion& old,
                                        const LoadedKek& kek, Deadline deadline) {
  const KeyRecord& key = old.key;
  FIELDKMS_ASSIGN_OR_RETURN(const KekCache::KekPtr from,
                            core.keks.Get(key.tenant, old.version.kek_version, deadline));
  const DekPlace place{key.tenant, key.key_id, old.version.version, key.purpose};
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes dek,
                            UnwrapDek(from->key, old.version.wrapped, place));
  RewrappedVersion made{key.key_id, old.version.version, old.version.wrapped, kek.version, {}};
  FIELDKMS_ASSIGN_OR_RETURN(made.wrapped, WrapDek(kek.key, dek, place));
  return made;
}

// The end of a sweep over a tenant's versions: done if nothing is left under an old KEK,
// else swept again for what was made under it meanwhile, and stands behind the cursor.
absl::StatusOr<bool> EndKekSweep(KeyringCore& core, OperationRecord& operation,
                                 const Cursor& cursor, uint32_t kek, Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(const uint64_t left,
                            core.store.CountVersionsBelowKek(operation.tenant, kek, deadline));
  operation.cursor = TextOf({cursor.sweep + 1, 0, {}});
  if (left > 0 && left <= cursor.damaged) return SomeDamaged(left, "key versions");
  return left == 0;
}

absl::StatusOr<bool> RotateKekStep(KeyringCore& core, OperationRecord& operation) {
  const Deadline deadline = core.clock.Steady() + kPatience;
  Cursor cursor = ParseCursor(operation.cursor);
  const VersionPlace after = ParsePlace(cursor.after);
  const std::string& tenant = operation.tenant;
  FIELDKMS_ASSIGN_OR_RETURN(const TenantRecord record, core.store.GetTenant(tenant, deadline));
  FIELDKMS_ASSIGN_OR_RETURN(
      const std::vector<KeyAndVersion> old,
      core.store.ListVersionsBelowKek(tenant, record.primary_kek, after.key_id, after.version,
                                      kVersionsAtOnce, deadline));
  if (old.empty()) return EndKekSweep(core, operation, cursor, record.primary_kek, deadline);
  FIELDKMS_ASSIGN_OR_RETURN(const KekCache::KekPtr kek,
                            core.keks.Get(tenant, record.primary_kek, deadline));
  std::vector<RewrappedVersion> made;
  for (const KeyAndVersion& version : old) {
    absl::StatusOr<RewrappedVersion> again = Rewrap(core, version, *kek, deadline);
    if (again.ok()) {
      made.push_back(*std::move(again));
    } else if (IsDamage(again.status())) {
      ++cursor.damaged;
    } else {
      return std::move(again).status();
    }
  }
  FIELDKMS_ASSIGN_OR_RETURN(const size_t written,
                            core.store.RewrapKeyVersions(tenant, made, deadline));
  operation.done += written;
  cursor.after =
      FormatKeyId(old.back().key.key_id) + ':' + std::to_string(old.back().version.version);
  operation.cursor = TextOf(cursor);
  return false;
}

// Two sweeps: the second is for tenants that were made behind the cursor of the first, or
// by a replica that still wrapped with the old root.
constexpr uint32_t kRootSweeps = 2;

absl::StatusOr<bool> EndRootSweep(KeyringCore& core, OperationRecord& operation,
                                  const Cursor& cursor, Deadline deadline) {
  if (cursor.sweep < kRootSweeps) {
    operation.cursor = TextOf({cursor.sweep + 1, 0, {}});
    return false;
  }
  FIELDKMS_RETURN_IF_ERROR(core.binding.Rewrap(deadline));
  if (cursor.damaged > 0) return SomeDamaged(cursor.damaged, "tenant keys");
  return true;
}

absl::StatusOr<bool> RotateRootStep(KeyringCore& core, OperationRecord& operation) {
  const Deadline deadline = core.clock.Steady() + kPatience;
  Cursor cursor = ParseCursor(operation.cursor);
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<TenantRecord> next,
                            core.store.ListTenants(cursor.after, 1, deadline));
  if (next.empty()) return EndRootSweep(core, operation, cursor, deadline);
  const std::string& tenant = next.front().tenant;
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<KekRecord> keks,
                            core.store.ListKeks(tenant, deadline));
  for (const KekRecord& kek : keks) {
    const absl::Status status = RewrapKek(core.store, core.root, core.clock, tenant, kek);
    if (IsDamage(status)) ++cursor.damaged;
    if (!status.ok() && !IsDamage(status)) return status;
    if (status.ok() && cursor.sweep == 1) ++operation.done;
  }
  operation.total = std::max(operation.total, operation.done);
  cursor.after = tenant;
  operation.cursor = TextOf(cursor);
  return false;
}

// Null for what an operator's command does.
Step StepOf(OperationKind kind) {
  switch (kind) {
    case OperationKind::kRotateKek:
      return RotateKekStep;
    case OperationKind::kRotateRoot:
      return RotateRootStep;
    case OperationKind::kBackup:
    case OperationKind::kRestore:
      return nullptr;
  }
  return nullptr;
}

// What no later attempt makes good ends the operation.
bool IsFinal(const absl::Status& status) {
  return status.code() == absl::StatusCode::kDataLoss ||
         status.code() == absl::StatusCode::kInternal ||
         ReasonOf(status) == Reason::kRootWrongKey || ReasonOf(status) == Reason::kTenantNotFound;
}

}  // namespace

absl::StatusOr<OperationRecord> NewOperation(OperationKind kind, std::string_view tenant,
                                             const Mutation& mutation, const Clock& clock) {
  FIELDKMS_ASSIGN_OR_RETURN(
      const std::string id,
      FingerprintOf({"operation", tenant, mutation.request_id, mutation.fingerprint}));
  OperationRecord operation;
  operation.operation_id = EncodeHex(AsBytes(id).first(kIdBytes));
  operation.kind = kind;
  operation.tenant = tenant;
  operation.create_time = operation.update_time = operation.owner_until = clock.Now();
  return operation;
}

absl::StatusOr<std::optional<OperationRecord>> FindOperation(Store& store,
                                                             const OperationRecord& wanted,
                                                             Deadline deadline) {
  const auto before = store.GetOperation(wanted.operation_id, deadline);
  if (before.ok()) return std::optional<OperationRecord>(*before);
  if (ReasonOf(before.status()) != Reason::kOperationNotFound) return before.status();
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<OperationRecord> running,
                            store.ListOperations(/*running_only=*/true, kOperationsSeen, deadline));
  for (const OperationRecord& other : running) {
    if (other.kind == wanted.kind && other.tenant == wanted.tenant) {
      return Error(absl::StatusCode::kFailedPrecondition, Reason::kOperationRunning,
                   "operation " + other.operation_id + " does this already: wait for it");
    }
  }
  return std::optional<OperationRecord>();
}

absl::StatusOr<OperationRecord> PutNewOperation(Store& store, const OperationRecord& operation,
                                                Deadline deadline) {
  absl::StatusOr<OperationRecord> put = store.PutOperation(operation, deadline);
  if (ReasonOf(put.status()) != Reason::kEtagMismatch) return put;
  return store.GetOperation(operation.operation_id, deadline);
}

absl::Status RunOperation(KeyringCore& core, OperationRecord operation, std::string_view replica,
                          const std::atomic<bool>& stop) {
  const Step step = StepOf(operation.kind);
  if (step == nullptr) return absl::OkStatus();
  while (!stop.load() && operation.state == OperationState::kRunning) {
    const WallTime now = core.clock.Now();
    if (operation.owner != replica && operation.owner_until > now) return absl::OkStatus();
    const Deadline deadline = core.clock.Steady() + kPatience;
    operation.owner = replica;
    operation.owner_until = now + kClaim;
    operation.update_time = now;
    // Claimed, or told that another was quicker, before anything is done.
    absl::StatusOr<OperationRecord> mine = core.store.PutOperation(operation, deadline);
    if (ReasonOf(mine.status()) == Reason::kEtagMismatch) return absl::OkStatus();
    FIELDKMS_RETURN_IF_ERROR(mine.status());
    operation = *std::move(mine);
    const absl::StatusOr<bool> finished = step(core, operation);
    if (!finished.ok() && !IsFinal(finished.status())) return finished.status();
    if (!finished.ok()) {
      operation.state = OperationState::kFailed;
      operation.error = MessageOf(finished.status());
    } else if (*finished) {
      operation.state = OperationState::kDone;
    }
    operation.update_time = core.clock.Now();
    mine = core.store.PutOperation(operation, core.clock.Steady() + kPatience);
    if (ReasonOf(mine.status()) == Reason::kEtagMismatch) return absl::OkStatus();
    FIELDKMS_RETURN_IF_ERROR(mine.status());
    operation = *std::move(mine);
  }
  return absl::OkStatus();
}

}  // namespace fieldkms
