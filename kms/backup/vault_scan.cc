#include "kms/backup/vault_scan.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::chrono::seconds kPatience{30};  // for one page
constexpr size_t kPage = 1'000;

}  // namespace

absl::Status ScanVault(Store& store, const Clock& clock, std::string_view tenant, WallTime now,
                       const VaultVisitor& visitor) {
  std::string after;
  while (true) {
    FIELDKMS_ASSIGN_OR_RETURN(
        const std::vector<WholeSubject> page,
        store.subjects().ScanSubjects(tenant, after, kPage, clock.Steady() + kPatience));
    if (page.empty()) break;
    FIELDKMS_RETURN_IF_ERROR(visitor.on_subjects(page));
    after = page.back().subject.subject;
  }
  std::optional<TokenPlace> place;
  while (true) {
    FIELDKMS_ASSIGN_OR_RETURN(
        const std::vector<PlacedToken> page,
        store.tokens().ScanTokens(tenant, place, kPage, now, clock.Steady() + kPatience));
    if (page.empty()) return absl::OkStatus();
    FIELDKMS_RETURN_IF_ERROR(visitor.on_tokens(page));
    place = TokenPlace{page.back().first, page.back().second.token};
  }
}

}  // namespace fieldkms
