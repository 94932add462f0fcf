// Enumerations of records from the numbers that stand in a store.
#ifndef FIELDKMS_KMS_STORE_RECORD_ENUMS_H_
#define FIELDKMS_KMS_STORE_RECORD_ENUMS_H_

#include <cstdint>
#include <optional>

#include "kms/store/records.h"
#include "kms/store/rotation_store.h"

namespace fieldkms {

// The last of an enumeration, whose numbers are 1 to that, without gaps.
template <class Enum>
inline constexpr Enum kLastOf = Enum::kNone;
template <>
inline constexpr KeyPurpose kLastOf<KeyPurpose> = KeyPurpose::kSignAudit;
template <>
inline constexpr VersionState kLastOf<VersionState> = VersionState::kDestroyed;
template <>
inline constexpr KeyOrigin kLastOf<KeyOrigin> = KeyOrigin::kImported;
template <>
inline constexpr OperationKind kLastOf<OperationKind> = OperationKind::kRestore;
template <>
inline constexpr OperationState kLastOf<OperationState> = OperationState::kFailed;
template <>
inline constexpr RotationState kLastOf<RotationState> = RotationState::kCancelled;

// nullopt for a number that this release does not know.
template <class Enum>
constexpr std::optional<Enum> EnumOf(int64_t number) {
  if (number < 1 || number > static_cast<int64_t>(kLastOf<Enum>)) return std::nullopt;
  return static_cast<Enum>(number);
}

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_RECORD_ENUMS_H_
