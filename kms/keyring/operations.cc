#include "kms/keyring/operations.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/keyring/core.h"
#include "kms/keyring/fingerprint.h"
#include "kms/keyring/wrap.h"

namespace fieldkms {
namespace {

using std::chrono::seconds;

constexpr size_t kIdBytes = 16;
constexpr size_t kVersionsAtOnce = 500;
constexpr size_t kTenantsAtOnce = 50;
constexpr size_t kOperationsSeen = 1'000;
// Who runs an operation says so with each batch; who is silent for this long is gone.
constexpr seconds kClaim{30};
constexpr seconds kPatience{20};  // for one batch; less than a claim

// One step of an operation: writes what it can, moves the cursor, and says whether that
// was the last.
using Step = absl::StatusOr<bool> (*)(KeyringCore& core, OperationRecord& operation,
                                      Deadline deadline);

// The cursor of a KEK's rotation: key id and version in hex; "" at its beginning.
struct KekCursor {
  uint64_t key_id = 0;
  uint32_t version = 0;
};
std::string TextOf(const KekCursor& cursor) {
  return FormatKeyId(cursor.key_id) + '/' + std::to_string(cursor.version);
}
KekCursor ParseCursor(const std::string& text) {
  KekCursor cursor;
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return cursor;
  const char* const end = text.data() + text.size();
  std::from_chars(text.data(), text.data() + slash, cursor.key_id, 16);
  std::from_chars(text.data() + slash + 1, end, cursor.version);
  return cursor;
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

absl::StatusOr<bool> RotateKekStep(KeyringCore& core, OperationRecord& operation,
                                   Deadline deadline) {
  const KekCursor after = ParseCursor(operation.cursor);
  const std::string& tenant = operation.tenant;
  FIELDKMS_ASSIGN_OR_RETURN(const TenantRecord record, core.store.GetTenant(tenant, deadline));
  FIELDKMS_ASSIGN_OR_RETURN(
      const std::vector<KeyAndVersion> old,
      core.store.ListVersionsBelowKek(tenant, record.primary_kek, after.key_id, after.version,
                                      kVersionsAtOnce, deadline));
  if (old.empty()) {
    // What was made under the old KEK while this ran stands behind the cursor.
    FIELDKMS_ASSIGN_OR_RETURN(const uint64_t left, core.store.CountVersionsBelowKek(
                                                       tenant, record.primary_kek, deadline));
    operation.cursor.clear();
    return left == 0;
  }
  FIELDKMS_ASSIGN_OR_RETURN(const KekCache::KekPtr kek,
                            core.keks.Get(tenant, record.primary_kek, deadline));
  std::vector<RewrappedVersion> made;
  for (const KeyAndVersion& version : old) {
    FIELDKMS_ASSIGN_OR_RETURN(made.emplace_back(), Rewrap(core, version, *kek, deadline));
  }
  FIELDKMS_ASSIGN_OR_RETURN(const size_t written,
                            core.store.RewrapKeyVersions(tenant, made, deadline));
  operation.done += written;
  operation.cursor = TextOf({old.back().key.key_id, old.back().version.version});
  return false;
}

absl::Status RewrapKeksOf(KeyringCore& core, std::string_view tenant,
                          std::vector<RewrappedKek>* made, Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<KekRecord> keks,
                            core.store.ListKeks(tenant, deadline));
  for (const KekRecord& kek : keks) {
    const std::string context = KekContext(tenant, kek.version);
    FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes material,
                              core.root.Unwrap(kek.wrapped, context, deadline));
    RewrappedKek again{std::string(tenant), kek.version, kek.wrapped, {}};
    FIELDKMS_ASSIGN_OR_RETURN(again.wrapped, core.root.Wrap(material, context, deadline));
    // Seen to open before the old one is let go.
    FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes same,
                              core.root.Unwrap(again.wrapped, context, deadline));
    if (!ConstantTimeEqual(same.Expose(), material.Expose())) {
      return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootWrongKey,
                   "the root key does not give back what it was given to wrap");
    }
    made->push_back(std::move(again));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> RotateRootStep(KeyringCore& core, OperationRecord& operation,
                                    Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<TenantRecord> tenants,
                            core.store.ListTenants(operation.cursor, kTenantsAtOnce, deadline));
  if (tenants.empty()) {
    FIELDKMS_RETURN_IF_ERROR(core.binding.Rewrap(deadline));
    return true;
  }
  std::vector<RewrappedKek> made;
  for (const TenantRecord& tenant : tenants) {
    FIELDKMS_RETURN_IF_ERROR(RewrapKeksOf(core, tenant.tenant, &made, deadline));
  }
  FIELDKMS_ASSIGN_OR_RETURN(const size_t written, core.store.RewrapKeks(made, deadline));
  operation.done += written;
  operation.total = std::max(operation.total, operation.done);
  operation.cursor = tenants.back().tenant;
  return false;
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

absl::Status RunOperation(KeyringCore& core, OperationRecord operation, std::string_view replica,
                          const std::atomic<bool>& stop) {
  const Step step = operation.kind == OperationKind::kRotateKek ? RotateKekStep : RotateRootStep;
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
    const absl::StatusOr<bool> finished = step(core, operation, deadline);
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
