#include "kms/keyring/key_loader.h"

#include <algorithm>
#include <string>
#include <utility>

#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/keyring/wrap.h"

namespace fieldkms {
namespace {

// A key with `version` in it, as of the later of both records; null if `old` has
// it all. A record is taken only with its primary version.
std::shared_ptr<const LoadedKey> Merge(const LoadedKey* old, const KeyRecord& record,
                                       std::shared_ptr<const LoadedVersion> version) {
  auto merged = old != nullptr ? std::make_shared<LoadedKey>(*old) : std::make_shared<LoadedKey>();
  const bool new_version = merged->Find(version->version) == nullptr;
  if (new_version) {
    const auto after =
        std::find_if(merged->versions.begin(), merged->versions.end(),
                     [&](const auto& other) { return other->version > version->version; });
    merged->versions.insert(after, std::move(version));
  }
  const bool later = old == nullptr || record.primary_version > old->record.primary_version;
  const bool new_record = later && merged->Find(record.primary_version) != nullptr;
  if (new_record) merged->record = record;
  return new_version || new_record ? merged : nullptr;
}

}  // namespace

absl::Status KeyLoader::LoadByName(std::string_view tenant, std::string_view name,
                                   Deadline deadline) {
  const std::string flight = std::string(tenant) + '/' + std::string(name);
  return records_.Do(flight, deadline, [&]() -> absl::Status {
    if (cell_.Current()->FindByName(tenant, name) != nullptr) return absl::OkStatus();
    FIELDKMS_ASSIGN_OR_RETURN(const KeyRecord record, store_.GetKey(tenant, name, deadline));
    return LoadVersion(record, record.primary_version, deadline);
  });
}

absl::Status KeyLoader::LoadById(std::string_view tenant, uint64_t key_id, uint32_t version,
                                 Deadline deadline) {
  // Two slashes: no flight by name has this name.
  const std::string flight =
      std::string(tenant) + "//" + FormatKeyId(key_id) + '/' + std::to_string(version);
  return records_.Do(flight, deadline, [&]() -> absl::Status {
    const std::shared_ptr<const KeySnapshot> loaded = cell_.Current();
    const LoadedKey* key = loaded->FindById(key_id);
    if (key != nullptr && key->record.tenant != tenant) return DecryptError(Reason::kOtherTenant);
    if (key != nullptr && key->Find(version) != nullptr) return absl::OkStatus();
    const auto record = store_.GetKeyById(key_id, deadline);
    if (absl::IsNotFound(record.status())) return DecryptError(Reason::kKeyIdUnknown);
    FIELDKMS_RETURN_IF_ERROR(record.status());
    if (record->tenant != tenant) return DecryptError(Reason::kOtherTenant);
    // The primary first: a loaded key is never without it.
    FIELDKMS_RETURN_IF_ERROR(LoadVersion(*record, record->primary_version, deadline));
    if (version > record->primary_version) return DecryptError(Reason::kKeyVersionUnknown);
    return LoadVersion(*record, version, deadline);
  });
}

absl::Status KeyLoader::CatchUp(const KeyRecord& record, Deadline deadline) {
  const std::shared_ptr<const KeySnapshot> loaded = cell_.Current();
  const LoadedKey* key = loaded->FindById(record.key_id);
  if (key == nullptr || key->record.primary_version >= record.primary_version) {
    return absl::OkStatus();
  }
  return LoadVersion(record, record.primary_version, deadline);
}

void KeyLoader::Publish(const KeyRecord& record, std::shared_ptr<const LoadedVersion> version) {
  cell_.Update([&](const KeySnapshot& current) -> std::shared_ptr<const KeySnapshot> {
    auto merged = Merge(current.FindById(record.key_id), record, std::move(version));
    return merged ? current.With(std::move(merged)) : nullptr;
  });
}

absl::Status KeyLoader::LoadVersion(const KeyRecord& record, uint32_t version, Deadline deadline) {
  const std::string flight = FormatKeyId(record.key_id) + '/' + std::to_string(version);
  return versions_.Do(flight, deadline, [&] { return FetchVersion(record, version, deadline); });
}

absl::Status KeyLoader::FetchVersion(const KeyRecord& record, uint32_t version, Deadline deadline) {
  const std::shared_ptr<const KeySnapshot> loaded = cell_.Current();
  const LoadedKey* key = loaded->FindById(record.key_id);
  if (key != nullptr && key->Find(version) != nullptr) return absl::OkStatus();
  const auto wrapped = store_.GetKeyVersion(record.key_id, version, deadline);
  // Versions have no gaps, so one up to the primary is missing from the store.
  if (absl::IsNotFound(wrapped.status())) return WrappedKeyDamaged("key version");
  FIELDKMS_RETURN_IF_ERROR(wrapped.status());
  FIELDKMS_ASSIGN_OR_RETURN(const std::shared_ptr<const XaesKey> kek,
                            keks_.Get(record.tenant, wrapped->kek_version, deadline));
  const DekPlace place{record.tenant, record.key_id, version, record.purpose};
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes dek, UnwrapDek(*kek, wrapped->wrapped, place));
  FIELDKMS_ASSIGN_OR_RETURN(XaesKey material, XaesKey::Create(std::move(dek)));
  Publish(record, std::make_shared<const LoadedVersion>(
                      LoadedVersion{version, wrapped->state, std::move(material)}));
  return absl::OkStatus();
}

}  // namespace fieldkms
