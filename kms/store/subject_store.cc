#include "kms/store/subject_store.h"

#include <limits>

#include "crypto/status.h"

namespace fieldkms {

absl::Status CheckSubjectUse(const SubjectUse& use) {
  if (use.fresh.subject.empty() || use.fresh.subject.size() > kMaxSubjectId) {
    return InvalidField("subject", "is not 1 to 256 bytes");
  }
  if (use.fresh.handle.size() != kSubjectHandleSize) {
    return InvalidField("handle", "is not 16 bytes");
  }
  if (use.fresh.secret.size() != kSubjectSecretSize) {
    return InvalidField("secret", "is not 32 bytes");
  }
  if (use.fresh.hold) return InvalidField("hold", "is not for a new subject");
  if (use.field_id == 0) return InvalidField("field_id", "is 0, which no field has");
  return absl::OkStatus();
}

absl::Status CheckLegalHold(const LegalHold& hold) {
  if (hold.reason.empty() || hold.reason.size() > kMaxHoldReason) {
    return InvalidField("reason", "is not 1 to 1,024 bytes");
  }
  return absl::OkStatus();
}

absl::Status CheckErasureNumber(uint64_t number) {
  if (number > std::numeric_limits<int64_t>::max()) {
    return InvalidField("number", "is above 2^63 - 1");
  }
  return absl::OkStatus();
}

}  // namespace fieldkms
