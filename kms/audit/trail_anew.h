// The way out for an operator whose trail is refused: set it aside and begin another, which says
// so.
#ifndef FIELDKMS_KMS_AUDIT_TRAIL_ANEW_H_
#define FIELDKMS_KMS_AUDIT_TRAIL_ANEW_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "kms/clock.h"

namespace fieldkms {

struct AnewRequest {
  std::string path;      // of the trail
  std::string key_path;  // of its signing key
  std::string operator_name;
  std::string reason;  // for whoever reads the trail, 1 to 1,000 bytes
};

struct AnewResult {
  std::string aside;            // the directory that has all files of the old trail, and its key
  std::string origin;           // of the old log; empty where its key is gone
  uint64_t signed_records = 0;  // of it, by its last checkpoint; 0 where there is none
};

// BeginAnew moves the old trail to PATH.aside-TIME and leaves a file whose first record says who
// did so, why, and how far the old trail was signed. The next start of the service takes it over
// under a new key and a new name. Nothing may be writing the trail. A crash leaves what is refused
// at the next start, until this is done again. Errors: InvalidField("reason"); kNotFound,
// kAuditUnavailable, where there is neither trail nor key; kUnavailable, kAuditUnavailable.
absl::StatusOr<AnewResult> BeginAnew(const AnewRequest& request, const Clock& clock);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_AUDIT_TRAIL_ANEW_H_
