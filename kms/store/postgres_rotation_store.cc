#include "kms/store/postgres_rotation_store.h"

#include <optional>
#include <string>
#include <utility>

#include "crypto/status.h"
#include "kms/postgres/value.h"
#include "kms/store/postgres_mutation.h"
#include "kms/store/postgres_records.h"
#include "kms/store/postgres_rotations.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

using Db = PostgresTransaction;
using Jobs = std::vector<RotationJobRecord>;
using Schedules = std::vector<RotationScheduleRecord>;

template <class Record>
absl::StatusOr<Record> Put(PostgresTransactions& transactions,
                           const NumberedRecords<Record>& records, const Record& wanted,
                           Deadline deadline) {
  return ResultOf<Record>(transactions, &PostgresTransactions::Write, wanted.tenant, deadline,
                          [&](Db& db) -> absl::StatusOr<Record> {
                            if (!ReadTenant(db, wanted.tenant)) return TenantNotFound();
                            return PutNumbered(db, records, wanted);
                          });
}

}  // namespace

template <class T, class Body>
absl::StatusOr<T> PostgresRotationStore::Read(std::string_view tenant, Deadline deadline,
                                              const Body& body) {
  return ResultOf<T>(transactions_, &PostgresTransactions::Read, tenant, deadline, body);
}

absl::StatusOr<RotationJobRecord> PostgresRotationStore::PutRotationJob(
    const RotationJobRecord& job, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckRotationJob(job));
  return Put(transactions_, kRotationJobs, job, deadline);
}

absl::StatusOr<RotationJobRecord> PostgresRotationStore::GetRotationJob(std::string_view tenant,
                                                                        std::string_view job_id,
                                                                        Deadline deadline) {
  return Read<RotationJobRecord>(tenant, deadline,
                                 [&](Db& db) -> absl::StatusOr<RotationJobRecord> {
                                   auto found = ReadRotationJob(db, tenant, job_id);
                                   if (!found) return RotationNotFound();
                                   return *std::move(found);
                                 });
}

absl::StatusOr<Jobs> PostgresRotationStore::ListRotationJobs(std::string_view tenant,
                                                             const RotationJobFilter& filter,
                                                             size_t limit, Deadline deadline) {
  return Read<Jobs>(tenant, deadline,
                    [&](Db& db) { return ReadRotationJobs(db, tenant, filter, limit); });
}

absl::StatusOr<RotationScheduleRecord> PostgresRotationStore::PutRotationSchedule(
    const RotationScheduleRecord& schedule, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckRotationSchedule(schedule));
  return Put(transactions_, kRotationSchedules, schedule, deadline);
}

absl::StatusOr<RotationScheduleRecord> PostgresRotationStore::GetRotationSchedule(
    std::string_view tenant, std::string_view schedule_id, Deadline deadline) {
  return Read<RotationScheduleRecord>(tenant, deadline,
                                      [&](Db& db) -> absl::StatusOr<RotationScheduleRecord> {
                                        auto found = ReadRotationSchedule(db, tenant, schedule_id);
                                        if (!found) return ScheduleNotFound();
                                        return *std::move(found);
                                      });
}

absl::StatusOr<Schedules> PostgresRotationStore::ListRotationSchedules(
    std::string_view tenant, std::string_view after_schedule_id, size_t limit, Deadline deadline) {
  return Read<Schedules>(tenant, deadline, [&](Db& db) -> absl::StatusOr<Schedules> {
    return ReadRotationSchedules(db, tenant, after_schedule_id, limit);
  });
}

absl::Status PostgresRotationStore::DeleteRotationSchedule(std::string_view tenant,
                                                           std::string_view schedule_id,
                                                           uint64_t change, Deadline deadline) {
  return transactions_.Write(deadline, [&](Db& db) -> absl::Status {
    FIELDKMS_RETURN_IF_ERROR(NextChange(db).status());
    db.ActFor(tenant);
    const auto there = ReadRotationSchedule(db, tenant, schedule_id);
    if (!there && db.in_doubt()) {  // it was there before
      db.WriteNothing();
      return absl::OkStatus();
    }
    if (!there) return ScheduleNotFound();
    if (there->change != change) return EtagMismatch();
    fieldkms::DeleteRotationSchedule(db, tenant, schedule_id);
    return absl::OkStatus();
  });
}

// The function names them, and they are read tenant by tenant.
absl::StatusOr<Schedules> PostgresRotationStore::ListDueRotationSchedules(WallTime now,
                                                                          size_t limit,
                                                                          Deadline deadline) {
  return Read<Schedules>("", deadline, [&](Db& db) -> absl::StatusOr<Schedules> {
    const pqxx::result rows =
        db.Run("SELECT tenant, schedule_id FROM fieldkms_store.due_rotation_schedules($1, $2)",
               {now, LimitValue(limit)});
    Schedules due;
    for (const auto& row : rows) {
      const std::string tenant = TextOf(row[0]);
      db.ActFor(tenant);
      auto found = ReadRotationSchedule(db, tenant, TextOf(row[1]));
      if (found) due.push_back(*std::move(found));
    }
    return due;
  });
}

// To run these again does no harm: a commit in doubt needs no look at what it did.
absl::Status PostgresRotationStore::PutReplica(const ReplicaRecord& replica, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckReplica(replica));
  return transactions_.Write(deadline, [&](Db& db) {
    UpsertReplica(db, replica);
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<ReplicaRecord>> PostgresRotationStore::ListReplicas(Deadline deadline) {
  using Replicas = std::vector<ReplicaRecord>;
  return Read<Replicas>("", deadline,
                        [](Db& db) -> absl::StatusOr<Replicas> { return ReadReplicas(db); });
}

absl::Status PostgresRotationStore::DropReplica(std::string_view replica_id, Deadline deadline) {
  return transactions_.Write(deadline, [&](Db& db) {
    db.Run("DELETE FROM fieldkms_store.replicas WHERE replica_id = $1", {replica_id});
    return absl::OkStatus();
  });
}

absl::Status PostgresRotationStore::ForgetReplicas(WallTime before, Deadline deadline) {
  return transactions_.Write(deadline, [&](Db& db) {
    db.Run("DELETE FROM fieldkms_store.replicas WHERE seen < $1", {before});
    return absl::OkStatus();
  });
}

}  // namespace fieldkms
