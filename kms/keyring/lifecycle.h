// The rules of the life of a key, as pure functions of its record, its versions, what
// is asked for and the time. They make the KeyChange that a Store applies.
//
//   version:  ENABLED ⇄ DISABLED;  both → DESTROY_SCHEDULED → DESTROYED
//             DESTROY_SCHEDULED → DISABLED by cancelling
//   key:      seals with its primary version, if that is enabled; opens with every
//             enabled version from min_decrypt_version on
//
// The primary version is destroyed only together with the whole key.
#ifndef FIELDKMS_KMS_KEYRING_LIFECYCLE_H_
#define FIELDKMS_KMS_KEYRING_LIFECYCLE_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/store/store.h"

namespace fieldkms {

// Limits, stated in the API.
inline constexpr std::chrono::days kMinDestroyWaiting{1};
inline constexpr std::chrono::days kDefaultDestroyWaiting{30};
inline constexpr std::chrono::days kMaxDestroyWaiting{90};
inline constexpr std::chrono::seconds kMinRotationPeriod = std::chrono::hours(1);
inline constexpr std::chrono::seconds kMaxRotationPeriod = std::chrono::days(3650);
inline constexpr std::chrono::seconds kMaxLease = std::chrono::hours(1);
inline constexpr size_t kMaxLabels = 32;
inline constexpr size_t kMaxLabelName = 63;    // [a-z0-9] first, then [a-z0-9._-]
inline constexpr size_t kMaxLabelValue = 256;  // printable UTF-8 of any kind

// The name of a purpose, as in the API: "ENCRYPT".
std::string_view PurposeName(KeyPurpose purpose);

// What a new key is to be.
struct KeySpec {
  std::string tenant;
  std::string name;
  KeyPurpose purpose = KeyPurpose::kEncrypt;
  KeyOrigin origin = KeyOrigin::kGenerated;
  uint8_t suite = 0;  // 0: 2 where leased or imported, else 1
  bool exportable = false;
  bool audit_per_operation = false;
  std::chrono::seconds rotation_period{0};
  LeasePolicy lease;
  std::map<std::string, std::string> labels;
};

// What is to change of a key; what is not set stays.
struct KeyPatch {
  std::optional<std::map<std::string, std::string>> labels;
  std::optional<std::chrono::seconds> rotation_period;
  std::optional<uint32_t> min_decrypt_version;
  std::optional<LeasePolicy> lease;
  std::optional<bool> audit_per_operation;
};

// NewKey checks a spec and makes the record, without id, of a key whose version 1 is
// made at `now`. Errors: kInvalidArgument, kInvalidField, naming the field; suite 1 or 2
// for ENCRYPT keys; a lease policy only for those, and not with audit_per_operation;
// no period for an imported key.
absl::StatusOr<KeyRecord> NewKey(const KeySpec& spec, WallTime now);

// `primary`: the key's primary version. A new period counts from when that was made, so
// that a key may be due at once. Errors: kInvalidField; kFailedPrecondition, kKeyState, for
// a min_decrypt_version above the primary, or a period of a key that has ended.
absl::StatusOr<KeyChange> PatchKey(KeyRecord key, const KeyPatch& patch,
                                   const KeyVersionRecord& primary);

// AddVersion makes `next` (whose number is the primary's plus one) the primary. The
// next rotation is due a period from now. Errors: kFailedPrecondition, kKeyState, where
// the key has ended, has as many versions as there can be, or is of another origin:
// an imported key gets new versions by import only.
absl::StatusOr<KeyChange> AddVersion(KeyRecord key, const KeyVersionRecord& primary,
                                     KeyVersionRecord next, WallTime now);

// States. `version` is that of the store. Errors: kFailedPrecondition, kKeyState, where
// the state does not allow it; kVersionIsPrimary. What is as asked for already is no error
// and changes nothing but the key's number.
absl::StatusOr<KeyChange> Enable(KeyRecord key, KeyVersionRecord version);
absl::StatusOr<KeyChange> Disable(KeyRecord key, KeyVersionRecord version);

// `versions`: the one, or all of the key, which then ends. Those destroyed before stay so.
// kInvalidField for a waiting period outside its limits.
absl::StatusOr<KeyChange> ScheduleDestroy(KeyRecord key, std::span<const KeyVersionRecord> versions,
                                          bool whole_key, std::chrono::days waiting, WallTime now);
absl::StatusOr<KeyChange> CancelDestroy(KeyRecord key, std::span<const KeyVersionRecord> versions);
// Drops the wrapped bytes of a version whose time has come. kFailedPrecondition,
// kKeyState, if it has not or was cancelled.
absl::StatusOr<KeyChange> Destroy(KeyRecord key, KeyVersionRecord version, WallTime now);

// Whether a key may seal, and whether it may open what `version` sealed: OK, or
// kFailedPrecondition, kKeyState, saying which rule forbids it.
absl::Status MaySeal(VersionState primary);
absl::Status MayOpen(const KeyRecord& key, uint32_t version, VersionState state);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_LIFECYCLE_H_
