#include "kms/backup/store_copy.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "crypto/hex.h"
#include "crypto/sha256.h"
#include "crypto/status.h"
#include "kms/backup/stager.h"
#include "kms/backup/store_compare.h"
#include "kms/backup/store_scan.h"
#include "kms/keyring/root_binding.h"

namespace fieldkms {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr size_t kPage = 500;
constexpr size_t kIdBytes = 16;
constexpr char kUnfinished[] = "the copy is not complete yet";

// How far a copy is, as its operation's cursor: at first which tenants were copied whole
// since change `from` of the source, then up to which change all is there.
struct Progress {
  bool scanned = false;
  uint64_t from = 0;
  std::string after;  // the last tenant
};
std::string TextOf(const Progress& progress) {
  return (progress.scanned ? "1/" : "0/") + std::to_string(progress.from) + '/' + progress.after;
}
std::optional<Progress> ParseProgress(std::string_view text) {
  Progress progress;
  if (!text.starts_with("0/") && !text.starts_with("1/")) return std::nullopt;
  progress.scanned = text.front() == '1';
  text.remove_prefix(2);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), progress.from);
  if (error != std::errc() || end == text.data() + text.size() || *end != '/') {
    return std::nullopt;
  }
  progress.after = std::string(end + 1, text.data() + text.size());
  return progress;
}

absl::Status NotEmpty() {
  return Error(absl::StatusCode::kAlreadyExists, Reason::kTenantExists,
               "the target is neither empty nor an unfinished copy of this store: nothing is "
               "written over it",
               "to");
}

class Copy {
 public:
  Copy(Store& source, Store& target, const Clock& clock, const CopyRequest& request)
      : source_(source), target_(target), clock_(clock), request_(request) {}

  absl::StatusOr<CopyReport> Run(const RootKey& root) {
    FIELDKMS_RETURN_IF_ERROR(Begin(root));
    if (!progress_.scanned) FIELDKMS_RETURN_IF_ERROR(CopyTenants());
    const absl::Status caught_up = CatchUp();
    // A source that does not rest is frozen with more left to do.
    if (!caught_up.ok() && !(request_.final && absl::IsAborted(caught_up))) return caught_up;
    if (request_.final) {
      FIELDKMS_RETURN_IF_ERROR(source_.SetFrozen(true, Soon()));
      FIELDKMS_RETURN_IF_ERROR(CatchUp());
    }
    report_.change = progress_.from;
    if (!request_.final) return report_;
    FIELDKMS_ASSIGN_OR_RETURN(const Compared compared,
                              CompareStores(source_, target_, clock_, request_.on_compared));
    FIELDKMS_RETURN_IF_ERROR(CopyAndCompareVault());
    report_.compared = compared.keys;
    report_.tenants = compared.tenants;
    operation_.error.clear();
    FIELDKMS_RETURN_IF_ERROR(Save(OperationState::kDone));
    // As it is now: a root that was moved meanwhile has wrapped it, and all keys, anew.
    FIELDKMS_ASSIGN_OR_RETURN(const std::string binding, BindingOfSource());
    FIELDKMS_RETURN_IF_ERROR(target_.SetRootBinding("", binding, Soon()));
    report_.complete = true;
    return report_;
  }

 private:
  Deadline Soon() const { return clock_.Steady() + kPatience; }

  absl::Status CopyAndCompareVault() {
    // The same for both: what expires meanwhile is copied.
    const WallTime now = clock_.Now();
    FIELDKMS_RETURN_IF_ERROR(
        CopyVault(source_, target_, clock_, now, request_.on_vault_copied).status());
    FIELDKMS_ASSIGN_OR_RETURN(
        report_.vault, CompareVaults(source_, target_, clock_, now, request_.on_vault_compared));
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> BindingOfSource() {
    FIELDKMS_ASSIGN_OR_RETURN(auto binding, source_.GetRootBinding(Soon()));
    if (!binding) {
      return Error(absl::StatusCode::kFailedPrecondition, Reason::kStoreUnavailable,
                   "the source was never used by a service: there is nothing to copy");
    }
    return *std::move(binding);
  }

  // Finds out what the target is.
  absl::Status Begin(const RootKey& root) {
    FIELDKMS_ASSIGN_OR_RETURN(const std::string binding, BindingOfSource());
    FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes value,
                              root.Unwrap(binding, kRootBindingContext, Soon()));
    FIELDKMS_ASSIGN_OR_RETURN(const auto theirs, target_.GetRootBinding(Soon()));
    if (theirs) return NotEmpty();
    FIELDKMS_ASSIGN_OR_RETURN(operation_.operation_id, IdOf(value));
    const auto before = target_.GetOperation(operation_.operation_id, Soon());
    if (before.ok()) return GoOn(*before);
    if (ReasonOf(before.status()) != Reason::kOperationNotFound) return before.status();
    FIELDKMS_ASSIGN_OR_RETURN(const auto tenants, target_.ListTenants("", 1, Soon()));
    if (!tenants.empty()) return NotEmpty();
    FIELDKMS_ASSIGN_OR_RETURN(progress_.from, source_.GetChangeNumber(Soon()));
    operation_.kind = OperationKind::kRestore;
    operation_.error = kUnfinished;
    operation_.owner = request_.by;
    operation_.create_time = operation_.owner_until = clock_.Now();
    return Save(OperationState::kFailed);
  }

  absl::Status GoOn(const OperationRecord& before) {
    const auto progress = ParseProgress(before.cursor);
    if (!progress) return NotEmpty();
    operation_ = before;
    operation_.owner = request_.by;
    operation_.error = kUnfinished;
    progress_ = *progress;
    return absl::OkStatus();
  }

  // The value of the binding is the store's own, whatever root key wraps it.
  static absl::StatusOr<std::string> IdOf(const SecretBytes& value) {
    FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes named, Named(value));
    FIELDKMS_ASSIGN_OR_RETURN(const auto digest, Sha256(named.Expose()));
    return EncodeHex(ByteView(digest).first(kIdBytes));
  }
  static absl::StatusOr<SecretBytes> Named(const SecretBytes& value) {
    constexpr std::string_view kName = "fieldkms/copy/1";
    FIELDKMS_ASSIGN_OR_RETURN(SecretBytes named,
                              SecretBytes::Allocate(kName.size() + value.size()));
    std::copy(kName.begin(), kName.end(), named.ExposeMutable().begin());
    std::copy(value.Expose().begin(), value.Expose().end(),
              named.ExposeMutable().subspan(kName.size()).begin());
    return named;
  }

  absl::Status Save(OperationState state) {
    operation_.state = state;
    operation_.cursor = TextOf(progress_);
    operation_.done = operation_.total = operation_.done + copied_since_;
    operation_.update_time = clock_.Now();
    copied_since_ = 0;
    FIELDKMS_ASSIGN_OR_RETURN(operation_, target_.PutOperation(operation_, Soon()));
    return absl::OkStatus();
  }

  absl::Status CopyTenants() {
    while (true) {
      FIELDKMS_ASSIGN_OR_RETURN(const std::vector<TenantRecord> page,
                                source_.ListTenants(progress_.after, kPage, Soon()));
      if (page.empty()) break;
      for (const TenantRecord& tenant : page) {
        ScanRequest one;
        one.tenants = {tenant.tenant};
        FIELDKMS_RETURN_IF_ERROR(Scan(one).status());
        progress_.after = tenant.tenant;
        FIELDKMS_RETURN_IF_ERROR(Save(OperationState::kFailed));
      }
    }
    progress_.scanned = true;
    progress_.after.clear();
    return Save(OperationState::kFailed);
  }

  absl::Status CatchUp() {
    ScanRequest changes;
    changes.after = progress_.from;
    FIELDKMS_ASSIGN_OR_RETURN(changes.known, TenantsOfTarget());
    FIELDKMS_ASSIGN_OR_RETURN(progress_.from, Scan(changes));
    return Save(OperationState::kFailed);
  }

  absl::StatusOr<std::set<std::string>> TenantsOfTarget() {
    std::set<std::string> tenants;
    std::string after;
    while (true) {
      FIELDKMS_ASSIGN_OR_RETURN(const std::vector<TenantRecord> page,
                                target_.ListTenants(after, kPage, Soon()));
      if (page.empty()) break;
      for (const TenantRecord& tenant : page) tenants.insert(tenant.tenant);
      after = page.back().tenant;
    }
    report_.tenants = tenants.size();
    return tenants;
  }

  absl::StatusOr<uint64_t> Scan(const ScanRequest& what) {
    FIELDKMS_ASSIGN_OR_RETURN(Stager stager, Stager::Begin(target_, clock_));
    ScanVisitor visitor;
    visitor.on_key = [&](const WholeKey& whole) {
      ++copied_since_;
      ++report_.keys;
      if (request_.on_copied) request_.on_copied(report_.keys);
      return stager.Take(whole);
    };
    visitor.on_alias = [&](const AliasRecord& alias) { return stager.Take(alias); };
    visitor.on_field = [&](const FieldRecord& field) { return stager.Take(field); };
    visitor.on_tenant = [&](const WholeTenant& whole) -> absl::Status {
      FIELDKMS_ASSIGN_OR_RETURN(const uint64_t above, source_.GetChangeNumber(Soon()));
      return stager.Apply({whole}, ImportMode::kReplace, above);
    };
    auto scanned = ScanStore(source_, clock_, what, visitor);
    if (!scanned.ok()) stager.Drop();
    return scanned;
  }

  Store& source_;
  Store& target_;
  const Clock& clock_;
  const CopyRequest& request_;
  OperationRecord operation_;
  Progress progress_;
  uint64_t copied_since_ = 0;  // it was saved
  CopyReport report_;
};

}  // namespace

absl::StatusOr<CopyReport> CopyStore(Store& source, Store& target, const RootKey& root,
                                     const Clock& clock, const CopyRequest& request) {
  return Copy(source, target, clock, request).Run(root);
}

}  // namespace fieldkms
