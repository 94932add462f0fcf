// Whether envelopes are what a job brings values to. Pure functions.
#ifndef FIELDKMS_ROTATION_ENVELOPE_TARGET_H_
#define FIELDKMS_ROTATION_ENVELOPE_TARGET_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "rotation/table_sql.h"

namespace fieldkms::rotation {

// The key id of an envelope, 8 bytes; "": it is no envelope.
std::string KeyIdIn(std::string_view envelope);

// Whether it is sealed under the target's key, and its version or a later one.
bool IsOfTarget(std::string_view envelope, const Target& target);

// kUnavailable, kPrimaryChanged: what a replica of the service answers that has not heard of the
// target version yet is under an older one. Another try may mend it.
absl::Status NotHeardOfTarget();

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_ENVELOPE_TARGET_H_
