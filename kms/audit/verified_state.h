// What whoever verifies a trail keeps for the next time.
#ifndef FIELDKMS_KMS_AUDIT_VERIFIED_STATE_H_
#define FIELDKMS_KMS_AUDIT_VERIFIED_STATE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/merkle/compact_range.h"

namespace fieldkms {

// How far somebody has verified a log: whoever keeps it need not begin anew. To be kept where the
// trail's writers cannot write.
struct VerifiedUpTo {
  std::string origin;
  CompactRange tree;  // of the verified records, from 0
  uint64_t max_seq = 0;
};
std::string FormatVerified(const VerifiedUpTo& verified);
// Error: kInvalidArgument, kInvalidField, "state".
absl::StatusOr<VerifiedUpTo> ParseVerified(std::string_view text);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_AUDIT_VERIFIED_STATE_H_
