#include "kms/keyring/key_snapshot.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "crypto/random.h"
#include "kms/keyring/siphash.h"

namespace fieldkms {
namespace {

// Longer than any tenant id, a slash and any key name together (crypto/names.h).
constexpr size_t kLongestName = 256;

SipHashKey DrawHashKey() {
  std::array<uint8_t, 16> bytes{};
  // Without randomness nothing else works; the table then merely has a known key.
  (void)RandomBytes(bytes);
  return {GetU64(bytes.data()), GetU64(bytes.data() + 8)};
}

std::string NameOf(std::string_view tenant, std::string_view name) {
  return std::string(tenant) + '/' + std::string(name);
}

}  // namespace

// One round a word and three at the end are what hash tables elsewhere take.
uint64_t TrieHash::operator()(std::string_view name) const {
  static const SipHashKey key = DrawHashKey();
  return SipHash<1, 3>(key, name);
}

absl::StatusOr<KeyMaterial> MakeMaterial(KeyPurpose purpose, SecretBytes key) {
  switch (purpose) {
    case KeyPurpose::kMac:
      return MacKey::Create(std::move(key));
    case KeyPurpose::kFpe:
      return Ff1Key::Create(std::move(key));
    case KeyPurpose::kBlindIndex:
      return key;
    case KeyPurpose::kEncrypt:
    case KeyPurpose::kToken:
    case KeyPurpose::kSignAudit:
      break;
  }
  return XaesKey::Create(std::move(key));
}

const LoadedVersion* LoadedKey::Find(uint32_t version) const {
  const auto found = std::lower_bound(
      versions.begin(), versions.end(), version,
      [](const std::shared_ptr<const LoadedVersion>& v, uint32_t n) { return v->version < n; });
  return found != versions.end() && (*found)->version == version ? found->get() : nullptr;
}

const LoadedVersion* LoadedKey::Primary() const {
  // Nearly always the last.
  if (!versions.empty() && versions.back()->version == record.primary_version) {
    return versions.back().get();
  }
  return Find(record.primary_version);
}

const LoadedKey* KeySnapshot::FindByName(std::string_view tenant, std::string_view name) const {
  // Joined on the stack: this runs for every value that is sealed.
  std::array<char, kLongestName> joined;
  const size_t size = tenant.size() + 1 + name.size();
  if (size > joined.size()) return nullptr;
  std::copy(tenant.begin(), tenant.end(), joined.begin());
  joined[tenant.size()] = '/';
  std::copy(name.begin(), name.end(), joined.begin() + tenant.size() + 1);
  const auto* found = by_name_.Find(std::string_view(joined.data(), size));
  return found != nullptr ? found->get() : nullptr;
}

const LoadedKey* KeySnapshot::FindById(uint64_t key_id) const {
  const auto* found = by_id_.Find(key_id);
  return found != nullptr ? found->get() : nullptr;
}

std::shared_ptr<const KeySnapshot> KeySnapshot::With(std::shared_ptr<const LoadedKey> key) const {
  const LoadedKey* holder = FindByName(key->record.tenant, key->record.name);
  if (holder != nullptr && holder->record.key_id != key->record.key_id) {
    // It was known by this name, as an alias that has ended since.
    return Without(holder->record.key_id)->With(std::move(key));
  }
  auto next = std::make_shared<KeySnapshot>(*this);
  const LoadedKey* old = FindById(key->record.key_id);
  next->versions_ += key->versions.size();
  if (old != nullptr) next->versions_ -= old->versions.size();
  const KeyRecord& record = key->record;  // lives on in the maps
  for (const std::string& alias : key->aliases) {
    next->by_name_ = next->by_name_.With(NameOf(record.tenant, alias), key);
  }
  next->by_name_ = next->by_name_.With(NameOf(record.tenant, record.name), key);
  next->by_id_ = next->by_id_.With(record.key_id, std::move(key));
  return next;
}

std::shared_ptr<const KeySnapshot> KeySnapshot::Without(uint64_t key_id) const {
  auto next = std::make_shared<KeySnapshot>(*this);
  const LoadedKey* old = FindById(key_id);
  if (old == nullptr) return next;
  next->versions_ -= old->versions.size();
  for (const std::string& alias : old->aliases) {
    next->by_name_ = next->by_name_.Without(NameOf(old->record.tenant, alias));
  }
  next->by_name_ = next->by_name_.Without(NameOf(old->record.tenant, old->record.name));
  next->by_id_ = next->by_id_.Without(key_id);
  return next;
}

size_t KeySnapshot::size() const { return by_id_.size(); }

}  // namespace fieldkms
