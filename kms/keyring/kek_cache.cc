#include "kms/keyring/kek_cache.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "crypto/bytes.h"
#include "crypto/random.h"
#include "crypto/status.h"
#include "kms/keyring/wrap.h"

namespace fieldkms {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

}  // namespace

absl::StatusOr<KekCache::KekPtr> KekCache::Get(std::string_view tenant, uint32_t version,
                                               Deadline deadline) {
  const std::string name = std::string(tenant) + '/' + std::to_string(version);
  if (KekPtr kek = Find(name)) return kek;
  return flights_.Do(name, deadline, [&]() -> absl::StatusOr<KekPtr> {
    if (KekPtr kek = Find(name)) return kek;
    FIELDKMS_ASSIGN_OR_RETURN(KekPtr kek, Fetch(tenant, version, deadline));
    return Keep(name, std::move(kek));
  });
}

KekCache::KekPtr KekCache::Find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = keks_.find(name);
  if (found == keks_.end() || !found->second.kek->life->Serves(clock_.Steady())) return nullptr;
  return found->second.kek;
}

absl::StatusOr<SecretBytes> KekCache::Unwrap(std::string_view tenant, const KekRecord& record,
                                             Deadline deadline) {
  auto material = root_.Unwrap(record.wrapped, KekContext(tenant, record.version), deadline);
  if (ReasonOf(material.status()) == Reason::kRootWrongKey) {
    // Of the two, the root may be the wrong one, if it was down when the store was opened.
    FIELDKMS_RETURN_IF_ERROR(binding_.Check(deadline));
    return WrappedKeyDamaged("tenant key");
  }
  FIELDKMS_RETURN_IF_ERROR(material.status());
  if (material->size() != kKekSize) return WrappedKeyDamaged("tenant key");
  return material;
}

absl::StatusOr<KekCache::KekPtr> KekCache::Fetch(std::string_view tenant, uint32_t version,
                                                 Deadline deadline) {
  auto record = store_.GetKek(tenant, version, deadline);
  // It is asked for because a tenant or a key names it.
  if (absl::IsNotFound(record.status())) return WrappedKeyDamaged("tenant key");
  FIELDKMS_RETURN_IF_ERROR(record.status());
  const SteadyTime asked = clock_.Steady();
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes material, Unwrap(tenant, *record, deadline));
  FIELDKMS_ASSIGN_OR_RETURN(const auto digest, Sha256(material.Expose()));
  FIELDKMS_ASSIGN_OR_RETURN(XaesKey key, XaesKey::Create(std::move(material)));
  auto life = std::make_shared<KekLife>(asked + options_.root_limit);
  return std::make_shared<const LoadedKek>(
      LoadedKek{std::string(tenant), version, std::move(key), digest, std::move(life)});
}

// Of a KEK that had ended, the old entry lives on: the keys that are loaded under it
// serve again, all at once.
KekCache::KekPtr KekCache::Keep(const std::string& name, KekPtr kek) {
  const SteadyTime now = clock_.Steady();
  const std::lock_guard lock(mutex_);
  Entry& entry = keks_[name];
  if (entry.kek && ConstantTimeEqual(entry.kek->digest, kek->digest)) {
    entry.kek->life->Extend(now + options_.root_limit);
  } else {
    entry.kek = std::move(kek);
  }
  entry.due = NextDue(now);
  return entry.kek;
}

// Up to a fifth early, so that what was loaded together is not due together.
SteadyTime KekCache::NextDue(SteadyTime now) const {
  uint8_t byte = 0;
  (void)RandomBytes(MutableBytes(&byte, 1));
  return now + options_.root_refresh - options_.root_refresh * byte / 1280;
}

absl::Status KekCache::RefreshDue(Deadline deadline) {
  const SteadyTime now = clock_.Steady();
  std::vector<std::pair<std::string, KekPtr>> due;
  {
    const std::lock_guard lock(mutex_);
    for (auto it = keks_.begin(); it != keks_.end();) {
      Entry& entry = it->second;
      const bool in_use = now < entry.due || entry.kek->life->TakeUsed();
      if (now >= entry.due && in_use) due.emplace_back(it->first, entry.kek);
      const bool ended =
          !in_use && now >= entry.due + (options_.root_limit - options_.root_refresh);
      it = ended ? keks_.erase(it) : std::next(it);
    }
  }
  absl::Status first;
  for (const auto& [name, kek] : due) {
    auto again = Fetch(kek->tenant, kek->version, deadline);
    if (again.ok() && !ConstantTimeEqual((*again)->digest, kek->digest)) {
      again = Error(absl::StatusCode::kFailedPrecondition, Reason::kRootWrongKey,
                    "the root key unwraps a tenant key to another one than before");
    }
    if (again.ok()) {
      Keep(name, *std::move(again));
    } else {
      // Still in use, as far as the next round is concerned.
      if (!kek->life->Ended(now)) (void)kek->life->Serves(now);
      if (first.ok()) first = again.status();
    }
  }
  return first;
}

size_t KekCache::size() const {
  const std::lock_guard lock(mutex_);
  return keks_.size();
}

}  // namespace fieldkms
