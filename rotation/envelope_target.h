// Whether envelopes are what a job brings values to. Pure functions.
#ifndef FIELDKMS_ROTATION_ENVELOPE_TARGET_H_
#define FIELDKMS_ROTATION_ENVELOPE_TARGET_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "rotation/table_sql.h"

namespace fieldkms::rotation {

// What an envelope is sealed under.
struct SealedUnder {
  std::string key_id;  // 8 bytes
  uint32_t version = 0;
};
// None: it is no envelope.
std::optional<SealedUnder> SealedUnderOf(std::string_view envelope);

// Whether that is the target's key, and its version or a later one.
bool IsOfTarget(const SealedUnder& under, const Target& target);
bool IsOfTarget(std::string_view envelope, const Target& target);

// kUnavailable, kPrimaryChanged: what a replica of the service answers that has not heard of the
// target version yet is under an older one. Another try may mend it.
absl::Status NotHeardOfTarget();

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_ENVELOPE_TARGET_H_
