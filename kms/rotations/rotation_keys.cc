#include "kms/rotations/rotation_keys.h"

#include <string>

#include "crypto/names.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

// A key that rows can be sealed under, by its name or an alias.
absl::StatusOr<KeyRecord> ReadKey(Store& store, std::string_view tenant, std::string_view name,
                                  std::string_view field, Deadline deadline) {
  const auto found = store.GetKeyWithPrimary(tenant, name, deadline);
  if (ReasonOf(found.status()) == Reason::kKeyNotFound) {
    return Error(absl::StatusCode::kNotFound, Reason::kKeyNotFound, MessageOf(found.status()),
                 field);
  }
  FIELDKMS_RETURN_IF_ERROR(found.status());
  if (found->key.purpose != KeyPurpose::kEncrypt) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kKeyPurpose,
                 "the key's purpose is not ENCRYPT", field);
  }
  if (found->version.state != VersionState::kEnabled) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kKeyState,
                 "the key's primary version is not enabled", field);
  }
  return found->key;
}

}  // namespace

absl::StatusOr<RotationStart> ReadRotationStart(Store& store, std::string_view tenant,
                                                const v1::RotationSpec& spec,
                                                std::string_view field, Deadline deadline) {
  const std::string prefix = std::string(field) + ".";
  FIELDKMS_ASSIGN_OR_RETURN(const KeyRecord source,
                            ReadKey(store, tenant, spec.key(), prefix + "key", deadline));
  KeyRecord key = source;
  if (spec.transform() == v1::ROTATION_TRANSFORM_REKEY) {
    const std::string destination = prefix + "destination_key";
    FIELDKMS_ASSIGN_OR_RETURN(
        key, ReadKey(store, tenant, spec.destination_key(), destination, deadline));
    if (key.key_id == source.key_id) {
      return InvalidField(destination, "is the key that rows are under");
    }
  }
  RotationStart start;
  start.target.set_source_key(source.name);
  start.target.set_source_key_id(FormatKeyId(source.key_id));
  start.target.set_key(key.name);
  start.target.set_key_id(FormatKeyId(key.key_id));
  start.target.set_key_version(key.primary_version);
  // After the keys: who has heard of all up to this change knows those versions, or later ones.
  FIELDKMS_ASSIGN_OR_RETURN(start.change, store.GetChangeNumber(deadline));
  return start;
}

}  // namespace fieldkms
