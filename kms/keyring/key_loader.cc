#include "kms/keyring/key_loader.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/keyring/wrap.h"

namespace fieldkms {
namespace {

// How often a load reads again because its key changed meanwhile.
constexpr int kLoadAttempts = 16;
// Evicting takes a part of the bound at once: each time, all threads derive anew.
constexpr size_t kEvictedPart = 32;
constexpr size_t kOrderSlack = 1024;

using Versions = std::vector<std::shared_ptr<const LoadedVersion>>;

void Put(Versions& versions, std::shared_ptr<const LoadedVersion> version) {
  const auto at = std::find_if(versions.begin(), versions.end(), [&](const auto& other) {
    return other->version >= version->version;
  });
  if (at != versions.end() && (*at)->version == version->version) {
    *at = std::move(version);
  } else {
    versions.insert(at, std::move(version));
  }
}

void Put(std::vector<std::string>& aliases, std::string_view name) {
  if (std::find(aliases.begin(), aliases.end(), name) == aliases.end()) aliases.emplace_back(name);
}

std::shared_ptr<LoadedKey> NewKey() {
  auto key = std::make_shared<LoadedKey>();
  key->used = std::make_shared<std::atomic<bool>>(false);
  return key;
}

absl::Status ChangesTooFast() {
  return Error(absl::StatusCode::kUnavailable, Reason::kOverloaded,
               "the key changes faster than it can be loaded");
}

}  // namespace

bool KeyLoader::IsLoaded(const LoadedKey* key, uint32_t version) const {
  if (key == nullptr) return false;
  const LoadedVersion* loaded = version == 0 ? key->Primary() : key->Find(version);
  if (loaded == nullptr) return false;
  return !loaded->life || loaded->life->Serves(clock_.Steady());
}

absl::Status KeyLoader::LoadByName(std::string_view tenant, std::string_view name,
                                   Deadline deadline) {
  const std::string flight = std::string(tenant) + '/' + std::string(name);
  return loads_.Do(flight, deadline, [&]() -> absl::Status {
    if (IsLoaded(cell_.Current()->FindByName(tenant, name), 0)) return absl::OkStatus();
    return Load({[&] { return store_.GetKeyWithPrimary(tenant, name, deadline); }, 0, name},
                deadline);
  });
}

absl::Status KeyLoader::LoadById(std::string_view tenant, uint64_t key_id, uint32_t version,
                                 Deadline deadline) {
  // Two slashes: no flight by name has this name.
  const std::string flight =
      std::string(tenant) + "//" + FormatKeyId(key_id) + '/' + std::to_string(version);
  return loads_.Do(flight, deadline, [&]() -> absl::Status {
    const std::shared_ptr<const KeySnapshot> loaded = cell_.Current();
    const LoadedKey* key = loaded->FindById(key_id);
    if (key != nullptr && key->record.tenant != tenant) return DecryptError(Reason::kOtherTenant);
    if (IsLoaded(key, version)) return absl::OkStatus();
    const auto read = [&] { return store_.GetKeyWithVersion(tenant, key_id, version, deadline); };
    absl::Status status = Load({read, version, {}}, deadline);
    if (ReasonOf(status) != Reason::kKeyNotFound) return status;
    const absl::Status elsewhere = store_.TenantOfKey(key_id, deadline).status();
    if (elsewhere.ok()) return DecryptError(Reason::kOtherTenant);
    return absl::IsNotFound(elsewhere) ? DecryptError(Reason::kKeyIdUnknown) : elsewhere;
  });
}

absl::Status KeyLoader::Load(const Wanted& wanted, Deadline deadline) {
  for (int attempt = 0; attempt < kLoadAttempts; ++attempt) {
    const uint64_t heard = heard_.load();
    bool published = false;
    FIELDKMS_ASSIGN_OR_RETURN(const KeyRecord record, LoadOnce(wanted, &published, deadline));
    if (!published) continue;
    if (heard_.load() == heard) return absl::OkStatus();
    FIELDKMS_ASSIGN_OR_RETURN(const KeyAndVersion now, wanted.read());
    if (now.key.key_id == record.key_id && now.key.change == record.change) return absl::OkStatus();
    Drop(record.key_id);
  }
  return ChangesTooFast();
}

absl::StatusOr<KeyRecord> KeyLoader::LoadOnce(const Wanted& wanted, bool* published,
                                              Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(KeyAndVersion found, wanted.read());
  // Versions have no gaps.
  if (wanted.version > found.key.primary_version) return DecryptError(Reason::kKeyVersionUnknown);
  if (found.version.version == 0) return WrappedKeyDamaged("key version");
  auto loaded = Unwrap(found, deadline);
  if (ReasonOf(loaded.status()) == Reason::kMemoryLock) {
    Evict(most_versions_ / kEvictedPart + 1);
    loaded = Unwrap(found, deadline);
  }
  if (!loaded.ok()) return std::move(loaded).status();
  *published = Publish(found.key, *std::move(loaded), wanted.name);
  return std::move(found.key);
}

absl::StatusOr<std::shared_ptr<const LoadedVersion>> KeyLoader::Unwrap(const KeyAndVersion& found,
                                                                       Deadline deadline) {
  const auto& [key, version] = found;
  auto loaded = std::make_shared<LoadedVersion>();
  loaded->version = version.version;
  loaded->state = version.state;
  if (version.state != VersionState::kEnabled) return loaded;
  FIELDKMS_ASSIGN_OR_RETURN(const KekCache::KekPtr kek,
                            keks_.Get(key.tenant, version.kek_version, deadline));
  const DekPlace place{key.tenant, key.key_id, version.version, key.purpose};
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes dek, UnwrapDek(kek->key, version.wrapped, place));
  FIELDKMS_ASSIGN_OR_RETURN(loaded->material, MakeMaterial(key.purpose, std::move(dek)));
  loaded->life = kek->life;
  return loaded;
}

// Adds a version to the key as of `record`. False: the snapshot has a later record, and
// what was read before it is not to be believed.
bool KeyLoader::Publish(const KeyRecord& record, std::shared_ptr<const LoadedVersion> version,
                        std::string_view name) {
  bool stale = false;
  bool is_new = false;
  cell_.Update([&](const KeySnapshot& current) -> std::shared_ptr<const KeySnapshot> {
    const LoadedKey* old = current.FindById(record.key_id);
    stale = old != nullptr && old->record.change > record.change;
    if (stale) return nullptr;
    is_new = old == nullptr;
    // Of an older record the states are not known as of this one: they are loaded again.
    const bool same = old != nullptr && old->record.change == record.change;
    auto key = same ? std::make_shared<LoadedKey>(*old) : NewKey();
    if (old != nullptr) {
      key->aliases = old->aliases;
      key->used = old->used;
    }
    key->record = record;
    Put(key->versions, std::move(version));
    if (!name.empty() && name != record.name) Put(key->aliases, name);
    return current.With(std::move(key));
  });
  if (is_new) Enqueue(record.key_id);
  if (cell_.Current()->versions() > most_versions_) Evict(most_versions_ / kEvictedPart + 1);
  return !stale;
}

void KeyLoader::Enqueue(uint64_t key_id) {
  const std::shared_ptr<const KeySnapshot> loaded = cell_.Current();
  const std::lock_guard lock(mutex_);
  order_.push_back(key_id);
  // Keys that were dropped stay behind in the order: thinned out when they are most of it.
  if (order_.size() < 2 * loaded->size() + kOrderSlack) return;
  std::sort(order_.begin(), order_.end());
  order_.erase(std::unique(order_.begin(), order_.end()), order_.end());
  std::erase_if(order_, [&](uint64_t id) { return loaded->FindById(id) == nullptr; });
}

absl::Status KeyLoader::HearOfKey(std::string_view tenant, uint64_t key_id, Deadline deadline) {
  heard_.fetch_add(1);
  for (int attempt = 0; attempt < kLoadAttempts; ++attempt) {
    const std::shared_ptr<const KeySnapshot> loaded = cell_.Current();
    const LoadedKey* key = loaded->FindById(key_id);
    if (key == nullptr || key->record.tenant != tenant) return absl::OkStatus();
    const absl::StatusOr<bool> done = Refresh(*key, deadline);
    if (!done.ok()) {
      Drop(key_id);
      return done.status();
    }
    if (*done) {
      Warm(tenant, key_id, deadline);
      return absl::OkStatus();
    }
  }
  Drop(key_id);
  return ChangesTooFast();
}

// False: the snapshot's key was another by then.
absl::StatusOr<bool> KeyLoader::Refresh(const LoadedKey& old, Deadline deadline) {
  const KeyRecord& was = old.record;
  auto key = NewKey();
  FIELDKMS_ASSIGN_OR_RETURN(key->record, store_.GetKeyById(was.tenant, was.key_id, deadline));
  if (key->record.change == was.change) return true;
  key->aliases = old.aliases;
  key->used = old.used;
  bool some_ended = false;
  for (const auto& version : old.versions) {
    FIELDKMS_ASSIGN_OR_RETURN(
        const KeyVersionRecord record,
        store_.GetKeyVersion(was.tenant, was.key_id, version->version, deadline));
    if (record.state == version->state) {
      key->versions.push_back(version);
    } else if (record.state != VersionState::kEnabled) {
      auto ended = std::make_shared<LoadedVersion>();
      ended->version = record.version;
      ended->state = record.state;
      key->versions.push_back(std::move(ended));
      some_ended = true;
    }
  }
  bool done = false;
  cell_.Update([&](const KeySnapshot& current) -> std::shared_ptr<const KeySnapshot> {
    const LoadedKey* now = current.FindById(was.key_id);
    done = now != nullptr && now->record.change == was.change &&
           now->versions.size() == old.versions.size() && now->aliases == old.aliases;
    return done ? current.With(std::move(key)) : nullptr;
  });
  if (done && some_ended) ForgetDerivedKeys();
  return done;
}

// Loads a primary version that is new, so that no caller has to. If that fails, the next
// caller tries, and is told why.
void KeyLoader::Warm(std::string_view tenant, uint64_t key_id, Deadline deadline) {
  const std::shared_ptr<const KeySnapshot> loaded = cell_.Current();
  const LoadedKey* key = loaded->FindById(key_id);
  if (key == nullptr || key->Primary() != nullptr) return;
  (void)LoadById(tenant, key_id, key->record.primary_version, deadline);
}

void KeyLoader::HearOfAlias(std::string_view tenant, std::string_view alias) {
  heard_.fetch_add(1);
  cell_.Update([&](const KeySnapshot& current) -> std::shared_ptr<const KeySnapshot> {
    const LoadedKey* key = current.FindByName(tenant, alias);
    // A key of that very name cannot be an alias as well.
    if (key == nullptr || key->record.name == alias) return nullptr;
    return current.Without(key->record.key_id);
  });
}

void KeyLoader::Forget() {
  heard_.fetch_add(1);
  cell_.Update([](const KeySnapshot&) { return std::make_shared<const KeySnapshot>(); });
  ForgetDerivedKeys();
}

void KeyLoader::Drop(uint64_t key_id) {
  cell_.Update([&](const KeySnapshot& current) -> std::shared_ptr<const KeySnapshot> {
    return current.FindById(key_id) != nullptr ? current.Without(key_id) : nullptr;
  });
  ForgetDerivedKeys();
}

// Evicts keys of `versions` versions or more, in the order in which they were loaded; one
// that was used since it was last passed is passed once more (the clock algorithm).
void KeyLoader::Evict(size_t versions) {
  const std::lock_guard lock(mutex_);
  cell_.Update([&](const KeySnapshot& current) {
    std::shared_ptr<const KeySnapshot> next;
    const size_t had = current.versions();
    const auto now = [&]() -> const KeySnapshot& { return next ? *next : current; };
    for (size_t looks = 2 * order_.size();
         looks > 0 && !order_.empty() && had - now().versions() < versions; --looks) {
      const uint64_t key_id = order_.front();
      order_.pop_front();
      const LoadedKey* key = now().FindById(key_id);
      if (key == nullptr) continue;
      if (key->used->exchange(false)) {
        order_.push_back(key_id);
      } else {
        next = now().Without(key_id);
      }
    }
    return next;
  });
  ForgetDerivedKeys();
}

}  // namespace fieldkms
