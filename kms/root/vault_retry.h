// Trying again, within a deadline.
#ifndef FIELDKMS_KMS_ROOT_VAULT_RETRY_H_
#define FIELDKMS_KMS_ROOT_VAULT_RETRY_H_

#include <chrono>
#include <functional>

#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/root/vault_api.h"

namespace fieldkms {

// Time as the Vault root sees it. `pause` returns at the deadline it is given.
struct VaultTime {
  const Clock* clock = &SystemClock();
  std::function<void(Deadline)> pause;
};
// The machine's.
VaultTime RealTime();

inline constexpr int kVaultAttempts = 3;
// The pause before attempt n + 1 is random between 0 and min(kLongestPause,
// kFirstPause · 2^n) ("full jitter"), but what the server asks for (Retry-After) at
// least. Where that is longer than kLongestPause, or than the deadline allows, there is
// no further attempt.
inline constexpr std::chrono::milliseconds kFirstPause{100};
inline constexpr std::chrono::milliseconds kLongestPause{2000};

// WithRetries returns the result of the first attempt that is neither kUnavailable nor
// a reply that IsTransient, or else of the last one.
absl::StatusOr<VaultReply> WithRetries(const VaultTime& time, Deadline deadline,
                                       const std::function<absl::StatusOr<VaultReply>()>& attempt);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_VAULT_RETRY_H_
