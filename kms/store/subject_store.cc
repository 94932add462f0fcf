#include "kms/store/subject_store.h"

#include <limits>

#include "crypto/status.h"

namespace fieldkms {

namespace {

absl::Status CheckSubject(const SubjectRecord& record) {
  if (record.subject.empty() || record.subject.size() > kMaxSubjectId) {
    return InvalidField("subject", "is not 1 to 256 bytes");
  }
  if (record.handle.size() != kSubjectHandleSize) {
    return InvalidField("handle", "is not 16 bytes");
  }
  if (record.secret.size() != kSubjectSecretSize) {
    return InvalidField("secret", "is not 32 bytes");
  }
  return absl::OkStatus();
}

absl::Status CheckFieldId(uint64_t field_id) {
  if (field_id == 0) return InvalidField("field_id", "is 0, which no field has");
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckSubjectUse(const SubjectUse& use) {
  FIELDKMS_RETURN_IF_ERROR(CheckSubject(use.fresh));
  if (use.fresh.hold) return InvalidField("hold", "is not for a new subject");
  return CheckFieldId(use.field_id);
}

absl::Status CheckWholeSubject(const WholeSubject& whole) {
  FIELDKMS_RETURN_IF_ERROR(CheckSubject(whole.subject));
  if (whole.subject.hold) FIELDKMS_RETURN_IF_ERROR(CheckLegalHold(*whole.subject.hold));
  for (size_t i = 0; i < whole.field_ids.size(); ++i) {
    FIELDKMS_RETURN_IF_ERROR(CheckFieldId(whole.field_ids[i]));
    if (i > 0 && whole.field_ids[i] <= whole.field_ids[i - 1]) {
      return InvalidField("field_ids", "are not in ascending order");
    }
  }
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
