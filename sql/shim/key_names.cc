#include "sql/shim/key_names.h"

#include <utility>

#include "crypto/status.h"

namespace fieldkms::shim {
namespace {

// The service may come back with another store behind it.
constexpr std::chrono::seconds kLasts{30};
constexpr std::chrono::seconds kAskedAgain{1};
constexpr size_t kMostTenants = 256;
constexpr int kPage = 1'000;

}  // namespace

absl::StatusOr<std::shared_ptr<const NamesById>> KeyNames::Of(
    const std::string& tenant, const std::function<bool(const NamesById&)>& enough) {
  const Time now = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(tenant);
    if (known != known_.end()) {
      const auto age = now - known->second.asked;
      if (age < kAskedAgain || (age < kLasts && enough(*known->second.names))) {
        return known->second.names;
      }
    }
  }
  FIELDKMS_ASSIGN_OR_RETURN(std::shared_ptr<const NamesById> names, Ask(tenant));
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kMostTenants) known_.clear();
  known_[tenant] = {names, now};
  return names;
}

absl::StatusOr<std::shared_ptr<const NamesById>> KeyNames::Ask(const std::string& tenant) {
  auto names = std::make_shared<NamesById>();
  v1::ListKeysRequest request;
  request.set_tenant(tenant);
  request.set_page_size(kPage);
  do {
    FIELDKMS_ASSIGN_OR_RETURN(const v1::ListKeysResponse page, client_.ListKeys(request));
    for (const v1::Key& key : page.keys()) names->emplace(key.key_id(), key.name());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return names;
}

}  // namespace fieldkms::shim
