// Replica: what a running service is, and stands on.
#ifndef FIELDKMS_KMS_SERVICE_REPLICA_H_
#define FIELDKMS_KMS_SERVICE_REPLICA_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kms/clock.h"
#include "kms/observe/call_stats.h"
#include "kms/root/root_health.h"
#include "kms/root/root_key.h"
#include "kms/rotations/schedule_runner.h"

namespace fieldkms {

// Of the audit trail.
struct AuditCounts {
  uint64_t records = 0;
  uint64_t signed_records = 0;  // under the newest checkpoint
  std::optional<uint64_t>
      exported_records;  // under the newest that all places have, if there are any
};

// Of what watches the audit trail for suspicious calls.
struct WatchCounts {
  std::vector<std::pair<std::string_view, uint64_t>> alarms;  // raised, by rule
  uint64_t unwatched_records = 0;                             // that there was no room for
  std::optional<uint64_t> undelivered;  // alarms that a webhook never had, if there is one
};

// Fixed at start. Nothing is owned.
struct Replica {
  std::string version;  // of the service, such as "0.1.0"
  std::string id;       // 32 lower-case hex digits, new with each start
  WallTime start_time;
  std::string store_kind;  // such as "sqlite"
  const RootKey& root;
  std::function<RootHealth()> root_health = {};          // empty: the root is not watched
  std::function<ScheduleCounts()> schedule_counts = {};  // empty: no schedules are run
  std::function<std::vector<MethodCounts>()> call_counts = {};
  std::function<AuditCounts()> audit_counts = {};
  std::function<WatchCounts()> watch_counts = {};  // empty: nothing is watched
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_REPLICA_H_
