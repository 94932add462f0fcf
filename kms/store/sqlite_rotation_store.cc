#include "kms/store/sqlite_rotation_store.h"

#include "crypto/status.h"
#include "kms/store/sqlite_changes.h"
#include "kms/store/sqlite_columns.h"
#include "kms/store/sqlite_rotations.h"
#include "kms/store/sqlite_tenants.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

using Db = SqliteConnection;

}  // namespace

template <class Body>
absl::Status SqliteRotationStore::Do(Deadline deadline, const Body& body) {
  const auto write = [&](Db& db) -> absl::StatusOr<bool> {
    FIELDKMS_RETURN_IF_ERROR(body(db));
    return true;
  };
  return work_.Write<bool>(deadline, Shred::kNo, write).status();
}

absl::StatusOr<RotationJobRecord> SqliteRotationStore::PutRotationJob(const RotationJobRecord& job,
                                                                      Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckRotationJob(job));
  const auto body = [&](Db& db) -> absl::StatusOr<RotationJobRecord> {
    FIELDKMS_RETURN_IF_ERROR(NeedTenant(db, job.tenant));
    FIELDKMS_ASSIGN_OR_RETURN(const uint64_t number, NextChangeNumber(db));
    return WriteRotationJob(db, job, number);
  };
  return work_.Write<RotationJobRecord>(deadline, Shred::kNo, body);
}

absl::StatusOr<RotationJobRecord> SqliteRotationStore::GetRotationJob(std::string_view tenant,
                                                                      std::string_view job_id,
                                                                      Deadline deadline) {
  return work_.Read(deadline, [&](Db& db) {
    return OrNotFound(ReadRotationJob(db, tenant, job_id), RotationNotFound);
  });
}

absl::StatusOr<std::vector<RotationJobRecord>> SqliteRotationStore::ListRotationJobs(
    std::string_view tenant, const RotationJobFilter& filter, size_t limit, Deadline deadline) {
  return work_.Read(deadline, [&](Db& db) { return ReadRotationJobs(db, tenant, filter, limit); });
}

absl::StatusOr<RotationScheduleRecord> SqliteRotationStore::PutRotationSchedule(
    const RotationScheduleRecord& schedule, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckRotationSchedule(schedule));
  const auto body = [&](Db& db) -> absl::StatusOr<RotationScheduleRecord> {
    FIELDKMS_RETURN_IF_ERROR(NeedTenant(db, schedule.tenant));
    FIELDKMS_ASSIGN_OR_RETURN(const uint64_t number, NextChangeNumber(db));
    return WriteRotationSchedule(db, schedule, number);
  };
  return work_.Write<RotationScheduleRecord>(deadline, Shred::kNo, body);
}

absl::StatusOr<RotationScheduleRecord> SqliteRotationStore::GetRotationSchedule(
    std::string_view tenant, std::string_view schedule_id, Deadline deadline) {
  return work_.Read(deadline, [&](Db& db) {
    return OrNotFound(ReadRotationSchedule(db, tenant, schedule_id), ScheduleNotFound);
  });
}

absl::StatusOr<std::vector<RotationScheduleRecord>> SqliteRotationStore::ListRotationSchedules(
    std::string_view tenant, std::string_view after_schedule_id, size_t limit, Deadline deadline) {
  return work_.Read(deadline, [&](Db& db) {
    return ReadRotationSchedules(db, tenant, after_schedule_id, limit);
  });
}

absl::Status SqliteRotationStore::DeleteRotationSchedule(std::string_view tenant,
                                                         std::string_view schedule_id,
                                                         uint64_t change, Deadline deadline) {
  return Do(deadline, [&](Db& db) -> absl::Status {
    FIELDKMS_RETURN_IF_ERROR(NextChangeNumber(db).status());
    return fieldkms::DeleteRotationSchedule(db, tenant, schedule_id, change);
  });
}

absl::StatusOr<std::vector<RotationScheduleRecord>> SqliteRotationStore::ListDueRotationSchedules(
    WallTime now, size_t limit, Deadline deadline) {
  return work_.Read(deadline, [&](Db& db) { return ReadDueRotationSchedules(db, now, limit); });
}

absl::Status SqliteRotationStore::PutReplica(const ReplicaRecord& replica, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckReplica(replica));
  return Do(deadline, [&](Db& db) { return WriteReplica(db, replica); });
}

absl::StatusOr<std::vector<ReplicaRecord>> SqliteRotationStore::ListReplicas(Deadline deadline) {
  return work_.Read(deadline, ReadReplicas);
}

absl::Status SqliteRotationStore::DropReplica(std::string_view replica_id, Deadline deadline) {
  return Do(deadline, [&](Db& db) { return DeleteReplica(db, replica_id); });
}

absl::Status SqliteRotationStore::ForgetReplicas(WallTime before, Deadline deadline) {
  return Do(deadline, [&](Db& db) { return DeleteReplicasBefore(db, before); });
}

}  // namespace fieldkms
