// The limits of a job, with everything filled in that it leaves open.
#ifndef FIELDKMS_ROTATION_LIMITS_H_
#define FIELDKMS_ROTATION_LIMITS_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "fieldkms/v1/rotation_service.pb.h"

namespace fieldkms::rotation {

// A part of each day, UTC, in which workers rest: from `from` on, until `until`, which is outside,
// and of the next day where it is before `from`.
struct QuietPart {
  std::chrono::minutes from;
  std::chrono::minutes until;
  friend bool operator==(const QuietPart&, const QuietPart&) = default;
};

// As v1::RotationLimits has them. A value above its limit is too much; one at it is not.
struct ResolvedLimits {
  bool unlimited = false;
  std::chrono::microseconds batch_time{300'000};
  uint32_t most_batch_rows = 600;
  uint64_t most_rows_per_second = 0;  // 0: no limit
  std::chrono::milliseconds most_replication_lag{5'000};
  uint64_t most_slot_bytes = uint64_t{1} << 30;
  uint32_t most_lock_waits = 8;
  uint32_t most_active_sessions = 32;
  uint32_t most_dead_percent = 20;
  uint32_t most_forced_checkpoint_percent = 50;
  uint32_t critical_active_sessions = 0;  // 0: never. At this many, too.
  std::vector<QuietPart> quiet_hours{};
  uint64_t most_quarantined = 1'000;
  uint32_t most_busy_percent = 35;
  friend bool operator==(const ResolvedLimits&, const ResolvedLimits&) = default;
};

// ResolveLimits takes the defaults that rotation_service.proto documents for what is 0 or unset,
// and the nearest allowed value for what no service should have let through. `server_cores`: of the
// database server, if they are known.
ResolvedLimits ResolveLimits(const v1::RotationLimits& limits,
                             std::optional<uint32_t> server_cores);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_LIMITS_H_
