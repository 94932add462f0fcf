#include "kms/keyring/root_migration.h"

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "crypto/secret_bytes.h"
#include "crypto/status.h"
#include "kms/keyring/operator_trace.h"
#include "kms/keyring/rewrap_kek.h"
#include "kms/keyring/root_binding.h"
#include "kms/keyring/wrap.h"

namespace fieldkms {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr size_t kPage = 500;
constexpr size_t kOperationsSeen = 1'000;
constexpr char kProbeContext[] = "fieldkms/probe/1";

using IsOld =
    std::function<absl::StatusOr<bool>(std::string_view wrapped, std::string_view context)>;
using OnKek = std::function<absl::Status(const TenantRecord& tenant, const KekRecord& kek)>;

absl::Status ForEachKek(Store& store, const Clock& clock, const OnKek& on_kek) {
  std::string after;
  while (true) {
    FIELDKMS_ASSIGN_OR_RETURN(const std::vector<TenantRecord> tenants,
                              store.ListTenants(after, kPage, clock.Steady() + kPatience));
    if (tenants.empty()) return absl::OkStatus();
    for (const TenantRecord& tenant : tenants) {
      FIELDKMS_ASSIGN_OR_RETURN(const std::vector<KekRecord> keks,
                                store.ListKeks(tenant.tenant, clock.Steady() + kPatience));
      for (const KekRecord& kek : keks) FIELDKMS_RETURN_IF_ERROR(on_kek(tenant, kek));
    }
    after = tenants.back().tenant;
  }
}

absl::StatusOr<RootCheck> Check(Store& store, const Clock& clock, const IsOld& is_old) {
  RootCheck check;
  std::string last;
  const absl::Status seen = ForEachKek(
      store, clock, [&](const TenantRecord& tenant, const KekRecord& kek) -> absl::Status {
        ++check.keks;
        if (tenant.tenant != last) ++check.tenants;
        last = tenant.tenant;
        FIELDKMS_ASSIGN_OR_RETURN(const bool old,
                                  is_old(kek.wrapped, KekContext(tenant.tenant, kek.version)));
        if (old) ++check.old_keks;
        return absl::OkStatus();
      });
  FIELDKMS_RETURN_IF_ERROR(seen);
  FIELDKMS_ASSIGN_OR_RETURN(const auto binding, store.GetRootBinding(clock.Steady() + kPatience));
  if (binding) {
    FIELDKMS_ASSIGN_OR_RETURN(check.old_binding, is_old(*binding, kRootBindingContext));
  }
  return check;
}

absl::Status CheckOpensOnly(const RootKey& root, const RootKey& other, const Clock& clock) {
  const Deadline deadline = clock.Steady() + kPatience;
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes probe, SecretBytes::Random(kKekSize));
  FIELDKMS_ASSIGN_OR_RETURN(const std::string wrapped, root.Wrap(probe, kProbeContext, deadline));
  FIELDKMS_RETURN_IF_ERROR(root.Unwrap(wrapped, kProbeContext, deadline).status());
  const absl::Status opened = other.Unwrap(wrapped, kProbeContext, deadline).status();
  if (ReasonOf(opened) == Reason::kRootWrongKey) return absl::OkStatus();
  FIELDKMS_RETURN_IF_ERROR(opened);
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootWrongKey,
               "both roots are one: each opens what the other wraps");
}

absl::Status CheckNoneRuns(Store& store, const Clock& clock) {
  FIELDKMS_ASSIGN_OR_RETURN(
      const std::vector<OperationRecord> running,
      store.ListOperations(/*running_only=*/true, kOperationsSeen, clock.Steady() + kPatience));
  for (const OperationRecord& operation : running) {
    if (operation.kind != OperationKind::kRotateRoot) continue;
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kOperationRunning,
                 "operation " + operation.operation_id + " rotates the root: wait for its end");
  }
  return absl::OkStatus();
}

absl::Status MoveKek(Store& store, const DualRoot& roots, const Clock& clock,
                     const TenantRecord& tenant, const KekRecord& kek) {
  const absl::Status status = RewrapKek(store, roots, clock, tenant.tenant, kek);
  if (ReasonOf(status) != Reason::kRootWrongKey) return status;
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootWrongKey,
               "neither the new root nor the old one opens a key of tenant " + tenant.tenant +
                   ": it was damaged, or is of a third root");
}

absl::StatusOr<uint64_t> Move(Store& store, const DualRoot& roots, const Clock& clock,
                              const std::function<void(uint64_t)>& on_progress) {
  uint64_t seen = 0;
  uint64_t moved = 0;
  const absl::Status all = ForEachKek(
      store, clock, [&](const TenantRecord& tenant, const KekRecord& kek) -> absl::Status {
        FIELDKMS_ASSIGN_OR_RETURN(const bool old,
                                  roots.IsOld(kek.wrapped, KekContext(tenant.tenant, kek.version),
                                              clock.Steady() + kPatience));
        if (old) FIELDKMS_RETURN_IF_ERROR(MoveKek(store, roots, clock, tenant, kek));
        if (old) ++moved;
        ++seen;
        if (on_progress) on_progress(seen);
        return absl::OkStatus();
      });
  FIELDKMS_RETURN_IF_ERROR(all);
  FIELDKMS_ASSIGN_OR_RETURN(const auto binding, store.GetRootBinding(clock.Steady() + kPatience));
  if (!binding) return moved;
  FIELDKMS_ASSIGN_OR_RETURN(const bool old,
                            roots.IsOld(*binding, kRootBindingContext, clock.Steady() + kPatience));
  if (old) FIELDKMS_RETURN_IF_ERROR(RootBinding(store, roots).Rewrap(clock.Steady() + kPatience));
  return moved;
}

}  // namespace

absl::Status CheckDifferent(const RootKey& one, const RootKey& other, const Clock& clock) {
  FIELDKMS_RETURN_IF_ERROR(CheckOpensOnly(one, other, clock));
  return CheckOpensOnly(other, one, clock);
}

absl::StatusOr<RootCheck> CheckRoot(Store& store, const RootKey& root, const Clock& clock) {
  return Check(store, clock,
               [&](std::string_view wrapped, std::string_view context) -> absl::StatusOr<bool> {
                 const absl::Status opened =
                     root.Unwrap(wrapped, context, clock.Steady() + kPatience).status();
                 if (ReasonOf(opened) == Reason::kRootWrongKey) return true;
                 FIELDKMS_RETURN_IF_ERROR(opened);
                 return false;
               });
}

absl::StatusOr<RootCheck> CheckRoot(Store& store, const DualRoot& roots, const Clock& clock) {
  return Check(store, clock, [&](std::string_view wrapped, std::string_view context) {
    return roots.IsOld(wrapped, context, clock.Steady() + kPatience);
  });
}

absl::StatusOr<uint64_t> MigrateRoot(Store& store, const DualRoot& roots, const Clock& clock,
                                     const std::string& by,
                                     const std::function<void(uint64_t keks)>& on_progress) {
  FIELDKMS_RETURN_IF_ERROR(CheckNoneRuns(store, clock));
  FIELDKMS_ASSIGN_OR_RETURN(
      OperatorTrace trace,
      OperatorTrace::Begin(store, clock, OperationKind::kRotateRoot, std::nullopt, by));
  absl::StatusOr<uint64_t> moved = Move(store, roots, clock, on_progress);
  if (!moved.ok()) {
    trace.Failed(moved.status());
    return moved;
  }
  FIELDKMS_RETURN_IF_ERROR(trace.Done(*moved));
  return moved;
}

}  // namespace fieldkms
