// What a trail has of the last hours, for an ActivityWatch that begins.
#ifndef FIELDKMS_KMS_WATCH_TRAIL_HISTORY_H_
#define FIELDKMS_KMS_WATCH_TRAIL_HISTORY_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "kms/clock.h"
#include "kms/watch/activity_watch.h"

namespace fieldkms {

struct HistoryRange {
  WallTime since;
  WallTime until;                    // before it: what comes later is watched as it comes
  uint64_t most_bytes = UINT64_MAX;  // of the trail's end
};

// Gives the trail's records of the range to `watch`, and forgets their alarms. Ends early where
// `stop` is true. Errors: those of reading (trail_files.h).
absl::Status LearnFromTrail(const std::string& trail, const HistoryRange& range,
                            const std::atomic<bool>& stop, ActivityWatch& watch);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_WATCH_TRAIL_HISTORY_H_
