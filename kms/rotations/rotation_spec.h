// The rules of what a rotation job may be asked to do. They are the API's
// (fieldkms/v1/rotation_service.proto), where defaults and ranges are stated.
#ifndef FIELDKMS_KMS_ROTATIONS_ROTATION_SPEC_H_
#define FIELDKMS_KMS_ROTATIONS_ROTATION_SPEC_H_

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fieldkms/v1/rotation_service.pb.h"

namespace fieldkms {

inline constexpr size_t kMaxRotationTables = 1'000;
inline constexpr size_t kMaxTableColumns = 1'600;  // PostgreSQL's own limit
inline constexpr size_t kMaxSqlName = 63;          // bytes; PostgreSQL's own limit
inline constexpr size_t kMaxRotationRequest = 192u << 10;
inline constexpr size_t kMaxQuietHours = 16;
inline constexpr uint32_t kMaxVerifySample = 1'000'000;

// Both return kInvalidField for the first field that breaks a rule, in proto spelling below
// `field`: "spec.tables[3].schema". Whether keys exist is asked elsewhere.
absl::Status CheckRotationSpec(const v1::RotationSpec& spec, std::string_view field);
absl::Status CheckRotationLimits(const v1::RotationLimits& limits, std::string_view field);

// The name of a database: 1 to 64 bytes of [a-z0-9._-], a letter first.
absl::Status CheckDataSource(std::string_view name, std::string_view field);

// Whether `transform` brings what is there from older versions of a key to its primary one: all do
// but ENCRYPT and DECRYPT, which no version gets old by, and no new one calls for.
bool FollowsVersions(v1::RotationTransform transform);

// `spec`, which is checked, with its defaults, but for those of limits, and without fields that
// this release does not know.
v1::RotationSpec WithDefaults(v1::RotationSpec spec);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROTATIONS_ROTATION_SPEC_H_
