// The rows of rotations of a PostgreSQL store: jobs, schedules and replicas; see
// postgres_records.h and rotation_store.h. Those of replicas are for a transaction that acts for
// nobody.
#ifndef FIELDKMS_KMS_STORE_POSTGRES_ROTATIONS_H_
#define FIELDKMS_KMS_STORE_POSTGRES_ROTATIONS_H_

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kms/store/postgres_mutation.h"
#include "kms/store/postgres_transaction.h"
#include "kms/store/rotation_store.h"

namespace fieldkms {

// For PutNumbered.
extern const NumberedRecords<RotationJobRecord> kRotationJobs;
extern const NumberedRecords<RotationScheduleRecord> kRotationSchedules;

std::optional<RotationJobRecord> ReadRotationJob(PostgresTransaction& db, std::string_view tenant,
                                                 std::string_view job_id);
// Error: RotationNotFound(), where filter.before_job_id is not there.
absl::StatusOr<std::vector<RotationJobRecord>> ReadRotationJobs(PostgresTransaction& db,
                                                                std::string_view tenant,
                                                                const RotationJobFilter& filter,
                                                                size_t limit);

std::optional<RotationScheduleRecord> ReadRotationSchedule(PostgresTransaction& db,
                                                           std::string_view tenant,
                                                           std::string_view schedule_id);
std::vector<RotationScheduleRecord> ReadRotationSchedules(PostgresTransaction& db,
                                                          std::string_view tenant,
                                                          std::string_view after_schedule_id,
                                                          size_t limit);
void DeleteRotationSchedule(PostgresTransaction& db, std::string_view tenant,
                            std::string_view schedule_id);

void UpsertReplica(PostgresTransaction& db, const ReplicaRecord& replica);
std::vector<ReplicaRecord> ReadReplicas(PostgresTransaction& db);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_POSTGRES_ROTATIONS_H_
