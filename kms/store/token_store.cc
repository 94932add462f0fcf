#include "kms/store/token_store.h"

#include "crypto/status.h"
#include "kms/store/subject_store.h"

namespace fieldkms {

absl::Status CheckTokenRecord(const TokenRecord& record) {
  if (record.token.empty() || record.token.size() > kMaxTokenBytes) {
    return InvalidField("token", "is not 1 to 1,024 bytes");
  }
  if (record.lookup.size() > kMaxLookupBytes) {
    return InvalidField("lookup", "is longer than 64 bytes");
  }
  if (record.convergent && record.lookup.empty()) {
    return InvalidField("lookup", "is empty, and a convergent token needs one");
  }
  if (record.convergent && record.single_use) {
    return InvalidField("single_use", "is not for a convergent token");
  }
  if (record.sealed.empty()) return InvalidField("sealed", "is empty");
  if (record.metadata.size() > kMaxTokenMetadata) {
    return InvalidField("metadata", "is longer than 4,096 bytes");
  }
  if (!record.subject.empty() && record.subject.size() != kSubjectHandleSize) {
    return InvalidField("subject", "is not the 16 bytes of a handle");
  }
  return absl::OkStatus();
}

absl::Status CheckPlacedToken(const PlacedToken& token) {
  if (token.first == 0) return InvalidField("field_id", "is 0, which no field has");
  return CheckTokenRecord(token.second);
}

bool IsLater(const std::optional<WallTime>& one, const std::optional<WallTime>& other) {
  return other && (!one || *one > *other);
}

}  // namespace fieldkms
