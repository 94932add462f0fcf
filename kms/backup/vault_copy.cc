#include "kms/backup/vault_copy.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "crypto/status.h"
#include "kms/backup/store_compare.h"
#include "kms/backup/vault_scan.h"

namespace fieldkms {
namespace {

constexpr std::chrono::seconds kPatience{30};  // for one page
constexpr size_t kPage = 500;                  // of tenants
constexpr size_t kDropAtOnce = 10'000;

// `body(tenant)`, an absl::Status, for each tenant of a store.
template <class Body>
absl::Status ForTenants(Store& store, const Clock& clock, const Body& body) {
  std::string after;
  while (true) {
    FIELDKMS_ASSIGN_OR_RETURN(const std::vector<TenantRecord> page,
                              store.ListTenants(after, kPage, clock.Steady() + kPatience));
    if (page.empty()) return absl::OkStatus();
    for (const TenantRecord& tenant : page) FIELDKMS_RETURN_IF_ERROR(body(tenant.tenant));
    after = page.back().tenant;
  }
}

// Tokens first: with a subject they would go one by one.
absl::Status Drop(Store& store, const Clock& clock, const std::string& tenant) {
  uint64_t dropped = 1;
  while (dropped > 0) {
    FIELDKMS_ASSIGN_OR_RETURN(
        dropped, store.tokens().DropTokens(tenant, kDropAtOnce, clock.Steady() + kPatience));
  }
  dropped = 1;
  while (dropped > 0) {
    FIELDKMS_ASSIGN_OR_RETURN(
        dropped, store.subjects().DropSubjects(tenant, kDropAtOnce, clock.Steady() + kPatience));
  }
  return absl::OkStatus();
}

class Counter {
 public:
  explicit Counter(const VaultProgress& on_progress) : on_progress_(on_progress) {}
  void Add(std::span<const WholeSubject> page) { Add(counts_.subjects, page.size()); }
  void Add(std::span<const PlacedToken> page) { Add(counts_.tokens, page.size()); }
  const VaultCounts& counts() const { return counts_; }

 private:
  void Add(uint64_t& count, size_t more) {
    count += more;
    if (on_progress_) on_progress_(counts_.subjects + counts_.tokens);
  }

  const VaultProgress& on_progress_;
  VaultCounts counts_;
};

// Compares what it is told of one store with what the other has in the same place.
class Comparison {
 public:
  Comparison(Store& other, const Clock& clock, const std::string& tenant, WallTime now)
      : other_(other), clock_(clock), tenant_(tenant), now_(now) {}

  absl::Status Subjects(std::span<const WholeSubject> page) {
    FIELDKMS_RETURN_IF_ERROR(SameSubjects(page, page.size()));
    subject_ = page.back().subject.subject;
    return absl::OkStatus();
  }
  absl::Status Tokens(std::span<const PlacedToken> page) {
    FIELDKMS_RETURN_IF_ERROR(SameTokens(page, page.size()));
    token_ = TokenPlace{page.back().first, page.back().second.token};
    return absl::OkStatus();
  }
  // That the other has nothing more.
  absl::Status End() {
    FIELDKMS_RETURN_IF_ERROR(SameSubjects({}, 1));
    return SameTokens({}, 1);
  }

 private:
  absl::Status SameSubjects(std::span<const WholeSubject> page, size_t limit) {
    FIELDKMS_ASSIGN_OR_RETURN(
        const std::vector<WholeSubject> same,
        other_.subjects().ScanSubjects(tenant_, subject_, limit, clock_.Steady() + kPatience));
    if (!std::ranges::equal(page, same)) return CopyDiffers(tenant_, "data subjects");
    return absl::OkStatus();
  }
  absl::Status SameTokens(std::span<const PlacedToken> page, size_t limit) {
    FIELDKMS_ASSIGN_OR_RETURN(
        const std::vector<PlacedToken> same,
        other_.tokens().ScanTokens(tenant_, token_, limit, now_, clock_.Steady() + kPatience));
    if (!std::ranges::equal(page, same)) return CopyDiffers(tenant_, "vaulted tokens");
    return absl::OkStatus();
  }

  Store& other_;
  const Clock& clock_;
  const std::string& tenant_;
  const WallTime now_;
  std::string subject_;
  std::optional<TokenPlace> token_;
};

}  // namespace

absl::StatusOr<VaultCounts> CopyVault(Store& source, Store& target, const Clock& clock,
                                      WallTime now, const VaultProgress& on_progress) {
  Counter counter(on_progress);
  const auto drop = [&](const std::string& tenant) { return Drop(target, clock, tenant); };
  const auto copy = [&](const std::string& tenant) {
    VaultVisitor visitor;
    visitor.on_subjects = [&](std::span<const WholeSubject> page) {
      counter.Add(page);
      return target.subjects().CopySubjects(tenant, page, clock.Steady() + kPatience);
    };
    visitor.on_tokens = [&](std::span<const PlacedToken> page) {
      counter.Add(page);
      return target.tokens().CopyTokens(tenant, page, clock.Steady() + kPatience);
    };
    return ScanVault(source, clock, tenant, now, visitor);
  };
  FIELDKMS_RETURN_IF_ERROR(ForTenants(target, clock, drop));
  FIELDKMS_RETURN_IF_ERROR(ForTenants(source, clock, copy));
  FIELDKMS_ASSIGN_OR_RETURN(const auto marks,
                            source.subjects().ErasureMarks(clock.Steady() + kPatience));
  for (const auto& [log, number] : marks) {
    FIELDKMS_RETURN_IF_ERROR(target.subjects().MarkErased(log, number, clock.Steady() + kPatience));
  }
  return counter.counts();
}

absl::StatusOr<VaultCounts> CompareVaults(Store& one, Store& other, const Clock& clock,
                                          WallTime now, const VaultProgress& on_progress) {
  Counter counter(on_progress);
  const auto compare = [&](const std::string& tenant) -> absl::Status {
    Comparison comparison(other, clock, tenant, now);
    VaultVisitor visitor;
    visitor.on_subjects = [&](std::span<const WholeSubject> page) {
      counter.Add(page);
      return comparison.Subjects(page);
    };
    visitor.on_tokens = [&](std::span<const PlacedToken> page) {
      counter.Add(page);
      return comparison.Tokens(page);
    };
    FIELDKMS_RETURN_IF_ERROR(ScanVault(one, clock, tenant, now, visitor));
    return comparison.End();
  };
  FIELDKMS_RETURN_IF_ERROR(ForTenants(one, clock, compare));
  FIELDKMS_ASSIGN_OR_RETURN(const auto marks,
                            one.subjects().ErasureMarks(clock.Steady() + kPatience));
  FIELDKMS_ASSIGN_OR_RETURN(const auto same,
                            other.subjects().ErasureMarks(clock.Steady() + kPatience));
  if (marks != same) return CopyDiffers("any", "erasure marks");
  return counter.counts();
}

}  // namespace fieldkms
