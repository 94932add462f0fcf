#include "kms/rotations/rotation_keys.h"

#include <string>

#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/keyring/lifecycle.h"
#include "kms/rotations/rotation_spec.h"

namespace fieldkms {
namespace {

// The purpose of the keys that a job of `transform` works with.
KeyPurpose PurposeFor(v1::RotationTransform transform) {
  switch (transform) {
    case v1::ROTATION_TRANSFORM_REINDEX:
      return KeyPurpose::kBlindIndex;
    case v1::ROTATION_TRANSFORM_RETOKENIZE:
      return KeyPurpose::kFpe;
    default:
      return KeyPurpose::kEncrypt;
  }
}

std::string NameOf(v1::RotationTransform transform) {
  constexpr std::string_view kPrefix = "ROTATION_TRANSFORM_";
  return v1::RotationTransform_Name(transform).substr(kPrefix.size());
}

absl::Status WrongPurpose(v1::RotationTransform transform, std::string_view field) {
  const std::string needed(PurposeName(PurposeFor(transform)));
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kKeyPurpose,
               "the key's purpose is not " + needed + ", which " + NameOf(transform) + " needs",
               field);
}

// A key that values can be made under, by its name or an alias.
absl::StatusOr<KeyRecord> ReadKey(Store& store, std::string_view tenant, std::string_view name,
                                  v1::RotationTransform transform, std::string_view field,
                                  Deadline deadline) {
  const auto found = store.GetKeyWithPrimary(tenant, name, deadline);
  if (ReasonOf(found.status()) == Reason::kKeyNotFound) {
    return Error(absl::StatusCode::kNotFound, Reason::kKeyNotFound, MessageOf(found.status()),
                 field);
  }
  FIELDKMS_RETURN_IF_ERROR(found.status());
  if (found->key.purpose != PurposeFor(transform)) return WrongPurpose(transform, field);
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
  const v1::RotationTransform transform = WithDefaults(spec).transform();
  FIELDKMS_ASSIGN_OR_RETURN(const KeyRecord source, ReadKey(store, tenant, spec.key(), transform,
                                                            prefix + "key", deadline));
  KeyRecord key = source;
  if (transform == v1::ROTATION_TRANSFORM_REKEY) {
    const std::string destination = prefix + "destination_key";
    FIELDKMS_ASSIGN_OR_RETURN(
        key, ReadKey(store, tenant, spec.destination_key(), transform, destination, deadline));
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
