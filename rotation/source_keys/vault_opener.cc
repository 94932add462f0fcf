#include "rotation/source_keys/vault_opener.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/status.h"
#include "kms/clock.h"
#include "kms/root/http_client.h"
#include "kms/root/vault_api.h"
#include "kms/root/vault_check.h"
#include "kms/root/vault_login.h"
#include "kms/root/vault_session.h"
#include "kms/root/vault_transit.h"
#include "kms/settings/config_file.h"
#include "rotation/source/plain_text.h"

namespace fieldkms::rotation {

#ifdef FIELDKMS_ROOT_VAULT

namespace {

constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::seconds kCallTimeout{30};
// Of one call: Vault takes bodies of 32 MiB by default.
constexpr size_t kMostItems = 250;
constexpr size_t kMostBytes = size_t{4} << 20;
constexpr size_t kMostResponse = size_t{16} << 20;

class VaultOpener : public SourceOpener {
 public:
  VaultOpener(VaultOpenerOptions options, std::unique_ptr<HttpClient> http)
      : options_(std::move(options)),
        api_(options_.vault.address, options_.vault.name_space, std::move(http)),
        login_(api_, options_.vault, time_),
        session_(login_, *time_.clock),
        transit_(options_.vault, api_, session_, time_) {}

  SourceKind kind() const override { return SourceKind::kVaultTransit; }
  size_t columns_beside() const override { return options_.roles.size(); }

  absl::StatusOr<std::vector<SourceValue>> Open(std::span<const SourceCell> cells) const override {
    std::vector<SourceValue> values(cells.size());
    std::vector<TransitItem> items;
    std::vector<size_t> places;
    size_t bytes = 0;
    for (size_t i = 0; i < cells.size(); ++i) {
      std::optional<TransitItem> item = ItemOf(cells[i], &values[i].bad);
      if (!item) continue;
      bytes += item->ciphertext.size();
      items.push_back(*std::move(item));
      places.push_back(i);
      if (items.size() < kMostItems && bytes < kMostBytes) continue;
      FIELDKMS_RETURN_IF_ERROR(OpenItems(items, places, &values));
      items.clear();
      places.clear();
      bytes = 0;
    }
    if (!items.empty()) FIELDKMS_RETURN_IF_ERROR(OpenItems(items, places, &values));
    return values;
  }

 private:
  std::optional<TransitItem> ItemOf(const SourceCell& cell, std::string_view* bad) const {
    if (!IsTransitText(cell.value)) {
      *bad = kSourceMalformed;
      return std::nullopt;
    }
    TransitItem item{std::string(cell.value), {}, {}};
    for (const auto& [role, to] : {std::pair(SourceRole::kAssociatedData, &item.associated_data),
                                   std::pair(SourceRole::kContext, &item.context)}) {
      if (!HasRole(options_.roles, role)) continue;
      std::optional<std::string> beside = BesideText(options_.roles, cell, role);
      if (!beside) {
        *bad = kSourceBeside;
        return std::nullopt;
      }
      *to = *std::move(beside);
    }
    return item;
  }

  absl::Status OpenItems(const std::vector<TransitItem>& items, const std::vector<size_t>& places,
                         std::vector<SourceValue>* values) const {
    const Deadline deadline = time_.clock->Steady() + kPatience;
    FIELDKMS_ASSIGN_OR_RETURN(auto opened, transit_.DecryptBatch(items, deadline));
    for (size_t i = 0; i < places.size(); ++i) {
      SourceValue& value = (*values)[places[i]];
      if (!opened[i]) {
        value.bad = kSourceNotOpened;
      } else if (options_.holds_text && !IsPlainText(*opened[i])) {
        value.bad = kSourceNoText;
      } else {
        value.value = *std::move(opened[i]);
      }
    }
    return absl::OkStatus();
  }

  const VaultOpenerOptions options_;
  const VaultTime time_ = RealTime();
  const VaultApi api_;
  const VaultLogin login_;
  mutable VaultSession session_;
  const VaultTransit transit_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<const SourceOpener>> MakeVaultOpener(VaultOpenerOptions options) {
  const auto* const token = std::get_if<VaultTokenFile>(&options.vault.auth);
  if (token == nullptr || token->path.empty()) return ConfigError("vault.token_file: is needed");
  options.vault.http.call_timeout = kCallTimeout;
  options.vault.http.max_response = kMostResponse;
  FIELDKMS_RETURN_IF_ERROR(CheckVaultOptions(options.vault));
  FIELDKMS_ASSIGN_OR_RETURN(std::unique_ptr<HttpClient> http, MakeHttpClient(options.vault.http));
  return std::make_unique<VaultOpener>(std::move(options), std::move(http));
}

#else

absl::StatusOr<std::unique_ptr<const SourceOpener>> MakeVaultOpener(VaultOpenerOptions) {
  return ConfigError("kind: this build has no client of Vault");
}

#endif  // FIELDKMS_ROOT_VAULT

}  // namespace fieldkms::rotation
