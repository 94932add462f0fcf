// Rotations in a SQLite store: jobs, schedules and replicas; see sqlite_tenants.h and
// rotation_store.h.
#ifndef FIELDKMS_KMS_STORE_SQLITE_ROTATIONS_H_
#define FIELDKMS_KMS_STORE_SQLITE_ROTATIONS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/store/rotation_store.h"
#include "kms/store/sqlite_connection.h"

namespace fieldkms {

absl::StatusOr<std::optional<RotationJobRecord>> ReadRotationJob(SqliteConnection& db,
                                                                 std::string_view tenant,
                                                                 std::string_view job_id);
// Error: RotationNotFound(), where filter.before_job_id is not there. Two statements: of what the
// first reads nothing ever changes.
absl::StatusOr<std::vector<RotationJobRecord>> ReadRotationJobs(SqliteConnection& db,
                                                                std::string_view tenant,
                                                                const RotationJobFilter& filter,
                                                                size_t limit);
absl::StatusOr<RotationJobRecord> WriteRotationJob(SqliteConnection& db,
                                                   const RotationJobRecord& job, uint64_t number);

absl::StatusOr<std::optional<RotationScheduleRecord>> ReadRotationSchedule(
    SqliteConnection& db, std::string_view tenant, std::string_view schedule_id);
absl::StatusOr<std::vector<RotationScheduleRecord>> ReadRotationSchedules(
    SqliteConnection& db, std::string_view tenant, std::string_view after_schedule_id,
    size_t limit);
absl::StatusOr<std::vector<RotationScheduleRecord>> ReadDueRotationSchedules(SqliteConnection& db,
                                                                             WallTime now,
                                                                             size_t limit);
absl::StatusOr<RotationScheduleRecord> WriteRotationSchedule(SqliteConnection& db,
                                                             const RotationScheduleRecord& schedule,
                                                             uint64_t number);
// `change`: see RotationStore::DeleteRotationSchedule.
absl::Status DeleteRotationSchedule(SqliteConnection& db, std::string_view tenant,
                                    std::string_view schedule_id, uint64_t change);

absl::StatusOr<std::vector<ReplicaRecord>> ReadReplicas(SqliteConnection& db);
absl::Status WriteReplica(SqliteConnection& db, const ReplicaRecord& replica);
absl::Status DeleteReplica(SqliteConnection& db, std::string_view replica_id);
absl::Status DeleteReplicasBefore(SqliteConnection& db, WallTime before);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_ROTATIONS_H_
