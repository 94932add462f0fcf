// How a root key that is guarded (kms/root/guarded_root.h) is doing.
#ifndef FIELDKMS_KMS_ROOT_ROOT_HEALTH_H_
#define FIELDKMS_KMS_ROOT_ROOT_HEALTH_H_

#include <cstdint>
#include <string_view>

#include "crypto/status.h"
#include "kms/clock.h"

namespace fieldkms {

enum class BreakerState {
  kClosed,    // Calls pass.
  kOpen,      // Calls fail at once, until a backoff is over.
  kHalfOpen,  // One call passes, to find out whether the root is back.
};

// BreakerStateName returns "closed", "open" or "half-open".
std::string_view BreakerStateName(BreakerState state);

struct RootHealth {
  BreakerState state = BreakerState::kClosed;
  // The last failure of all, however long ago; kUnspecified if there was none.
  Reason last_error = Reason::kUnspecified;
  // Closed: since when calls pass. Otherwise since when they have not, through all
  // attempts since then.
  WallTime since;
  int consecutive_failures = 0;
  // Since the start: calls that reached the root, and those of them that failed by it.
  uint64_t calls = 0;
  uint64_t failures = 0;
  // Now: calls that the root is at, even where their callers have left; and callers
  // that wait for one of those to end.
  int in_flight = 0;
  int waiting = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_ROOT_HEALTH_H_
