#include "kms/keyring/kek_cache.h"

#include <utility>

#include "crypto/status.h"
#include "kms/keyring/wrap.h"

namespace fieldkms {

absl::StatusOr<KekCache::KekPtr> KekCache::Get(std::string_view tenant, uint32_t version,
                                               Deadline deadline) {
  const std::string name = std::string(tenant) + '/' + std::to_string(version);
  if (KekPtr kek = Find(name)) return kek;
  return flights_.Do(name, deadline, [&]() -> absl::StatusOr<KekPtr> {
    if (KekPtr kek = Find(name)) return kek;
    FIELDKMS_ASSIGN_OR_RETURN(KekPtr kek, Fetch(tenant, version, deadline));
    const std::lock_guard lock(mutex_);
    return keks_.emplace(name, std::move(kek)).first->second;
  });
}

KekCache::KekPtr KekCache::Find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = keks_.find(name);
  return found != keks_.end() ? found->second : nullptr;
}

absl::StatusOr<KekCache::KekPtr> KekCache::Fetch(std::string_view tenant, uint32_t version,
                                                 Deadline deadline) {
  auto record = store_.GetKek(tenant, version, deadline);
  // It is asked for because a tenant or a key names it.
  if (absl::IsNotFound(record.status())) return WrappedKeyDamaged("tenant key");
  FIELDKMS_RETURN_IF_ERROR(record.status());
  auto material = root_.Unwrap(record->wrapped, KekContext(tenant, version), deadline);
  // The root is the right one: it opened the store's binding.
  if (ReasonOf(material.status()) == Reason::kRootWrongKey) return WrappedKeyDamaged("tenant key");
  FIELDKMS_RETURN_IF_ERROR(material.status());
  if (material->size() != kKekSize) return WrappedKeyDamaged("tenant key");
  FIELDKMS_ASSIGN_OR_RETURN(XaesKey key, XaesKey::Create(*std::move(material)));
  return std::make_shared<const XaesKey>(std::move(key));
}

}  // namespace fieldkms
