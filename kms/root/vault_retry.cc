#include "kms/root/vault_retry.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "crypto/bytes.h"
#include "crypto/random.h"
#include "kms/root/vault_error.h"

namespace fieldkms {
namespace {

using std::chrono::milliseconds;

// Random between 0 and `limit`. Without randomness, all of it.
milliseconds Jitter(milliseconds limit) {
  std::array<uint8_t, 4> random;
  if (!RandomBytes(random).ok()) return limit;
  return milliseconds(GetU32(random.data()) % static_cast<uint32_t>(limit.count() + 1));
}

bool MayHelp(const absl::StatusOr<VaultReply>& result) {
  return result.ok() ? IsTransient(result->status) : absl::IsUnavailable(result.status());
}

milliseconds PauseAfter(const absl::StatusOr<VaultReply>& result, int attempt) {
  const milliseconds jitter = Jitter(std::min(kLongestPause, kFirstPause * (1 << attempt)));
  if (!result.ok()) return jitter;
  return std::max(jitter, milliseconds(result->retry_after.value_or(std::chrono::seconds(0))));
}

void PauseOnMachine(Deadline until) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  never.wait_until(lock, until, [] { return false; });
}

}  // namespace

VaultTime RealTime() { return {&SystemClock(), &PauseOnMachine}; }

absl::StatusOr<VaultReply> WithRetries(const VaultTime& time, Deadline deadline,
                                       const std::function<absl::StatusOr<VaultReply>()>& attempt) {
  for (int n = 0;; ++n) {
    absl::StatusOr<VaultReply> result = attempt();
    if (!MayHelp(result) || n + 1 == kVaultAttempts) return result;
    const milliseconds pause = PauseAfter(result, n);
    const Deadline now = time.clock->Steady();
    if (pause > kLongestPause || pause >= deadline - now) return result;
    time.pause(now + pause);
  }
}

}  // namespace fieldkms
