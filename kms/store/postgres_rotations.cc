#include "kms/store/postgres_rotations.h"

#include <chrono>
#include <cstdint>
#include <string>

#include "kms/postgres/value.h"
#include "kms/store/postgres_records.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

constexpr char kSelectJob[] =
    "SELECT tenant, job_id, data_source, state, spec, progress, error, create_time, update_time, "
    "change FROM fieldkms_store.rotation_jobs ";
constexpr char kSelectSchedule[] =
    "SELECT tenant, schedule_id, spec, next_run, create_time, update_time, change "
    "FROM fieldkms_store.rotation_schedules ";

RotationJobRecord JobOf(const pqxx::row& row) {
  RotationJobRecord job;
  job.tenant = TextOf(row[0]);
  job.job_id = TextOf(row[1]);
  job.data_source = TextOf(row[2]);
  job.state = EnumIn<RotationState>(row[3]);
  job.spec = BytesOf(row[4]);
  job.progress = BytesOf(row[5]);
  job.error = BytesOf(row[6]);
  job.create_time = TimeOf(row[7]);
  job.update_time = TimeOf(row[8]);
  job.change = row[9].as<uint64_t>();
  return job;
}

RotationScheduleRecord ScheduleOf(const pqxx::row& row) {
  RotationScheduleRecord schedule;
  schedule.tenant = TextOf(row[0]);
  schedule.schedule_id = TextOf(row[1]);
  schedule.spec = BytesOf(row[2]);
  schedule.next_run = TimeIfAny(row[3]);
  schedule.create_time = TimeOf(row[4]);
  schedule.update_time = TimeOf(row[5]);
  schedule.change = row[6].as<uint64_t>();
  return schedule;
}

ReplicaRecord ReplicaOf(const pqxx::row& row) {
  return {TextOf(row[0]), row[1].as<uint64_t>(), TimeOf(row[2]),
          std::chrono::seconds(row[3].as<int64_t>())};
}

std::optional<RotationJobRecord> ReadJobBefore(PostgresTransaction& db,
                                               const RotationJobRecord& wanted) {
  return ReadRotationJob(db, wanted.tenant, wanted.job_id);
}

RotationJobRecord UpsertJob(PostgresTransaction& db, RotationJobRecord job) {
  const pqxx::result rows = db.Run(
      "INSERT INTO fieldkms_store.rotation_jobs (tenant, job_id, data_source, state, spec, "
      "progress, error, create_time, update_time, change) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
      "ON CONFLICT (tenant, job_id) DO UPDATE SET state = excluded.state, spec = excluded.spec, "
      "progress = excluded.progress, error = excluded.error, update_time = excluded.update_time, "
      "change = excluded.change RETURNING data_source, create_time",
      {job.tenant, job.job_id, job.data_source, static_cast<int>(job.state), ByteaValue(job.spec),
       ByteaValue(job.progress), ByteaValue(job.error), job.create_time, job.update_time,
       job.change});
  job.data_source = TextOf(rows[0][0]);
  job.create_time = TimeOf(rows[0][1]);
  return job;
}

bool IsSameJob(const RotationJobRecord& stored, const RotationJobRecord& wanted) {
  return stored.state == wanted.state && stored.spec == wanted.spec &&
         stored.progress == wanted.progress && stored.error == wanted.error &&
         stored.update_time == wanted.update_time;
}

std::optional<RotationScheduleRecord> ReadScheduleBefore(PostgresTransaction& db,
                                                         const RotationScheduleRecord& wanted) {
  return ReadRotationSchedule(db, wanted.tenant, wanted.schedule_id);
}

RotationScheduleRecord UpsertSchedule(PostgresTransaction& db, RotationScheduleRecord schedule) {
  const pqxx::result rows = db.Run(
      "INSERT INTO fieldkms_store.rotation_schedules (tenant, schedule_id, spec, next_run, "
      "create_time, update_time, change) VALUES ($1, $2, $3, $4, $5, $6, $7) "
      "ON CONFLICT (tenant, schedule_id) DO UPDATE SET spec = excluded.spec, "
      "next_run = excluded.next_run, update_time = excluded.update_time, "
      "change = excluded.change RETURNING create_time",
      {schedule.tenant, schedule.schedule_id, ByteaValue(schedule.spec), schedule.next_run,
       schedule.create_time, schedule.update_time, schedule.change});
  schedule.create_time = TimeOf(rows[0][0]);
  return schedule;
}

bool IsSameSchedule(const RotationScheduleRecord& stored, const RotationScheduleRecord& wanted) {
  return stored.spec == wanted.spec && stored.next_run == wanted.next_run &&
         stored.update_time == wanted.update_time;
}

// Appends a parameter and returns its name in the statement.
std::string Next(std::vector<PostgresValue>& values, PostgresValue value) {
  values.push_back(std::move(value));
  return "$" + std::to_string(values.size());
}

}  // namespace

const NumberedRecords<RotationJobRecord> kRotationJobs = {ReadJobBefore, UpsertJob, IsSameJob};
const NumberedRecords<RotationScheduleRecord> kRotationSchedules = {ReadScheduleBefore,
                                                                    UpsertSchedule, IsSameSchedule};

std::optional<RotationJobRecord> ReadRotationJob(PostgresTransaction& db, std::string_view tenant,
                                                 std::string_view job_id) {
  static const std::string sql = std::string(kSelectJob) + "WHERE tenant = $1 AND job_id = $2";
  return RecordIfAny(db.Run(sql, {tenant, job_id}), JobOf);
}

// One statement for each kind of filter, each with an index that has its order.
absl::StatusOr<std::vector<RotationJobRecord>> ReadRotationJobs(PostgresTransaction& db,
                                                                std::string_view tenant,
                                                                const RotationJobFilter& filter,
                                                                size_t limit) {
  std::vector<PostgresValue> values = {tenant};
  std::string sql = std::string(kSelectJob) + "WHERE tenant = $1";
  // In words that the index of open ones is found by.
  static_assert(static_cast<int>(RotationState::kPaused) == 3 && IsOpen(RotationState::kPaused) &&
                !IsOpen(RotationState::kDone));
  if (filter.open_only) sql += " AND state <= 3";
  if (filter.data_source) sql += " AND data_source = " + Next(values, *filter.data_source);
  if (!filter.before_job_id.empty()) {
    const pqxx::result before = db.Run(
        "SELECT create_time FROM fieldkms_store.rotation_jobs WHERE tenant = $1 AND job_id = $2",
        {tenant, filter.before_job_id});
    if (before.empty()) return RotationNotFound();
    const std::string time = Next(values, TimeOf(before[0][0]));
    sql +=
        " AND (create_time, job_id) < (" + time + ", " + Next(values, filter.before_job_id) + ")";
  }
  sql += " ORDER BY create_time DESC, job_id DESC LIMIT " + Next(values, LimitValue(limit));
  return RecordsOf(db.Run(sql, values), JobOf);
}

std::optional<RotationScheduleRecord> ReadRotationSchedule(PostgresTransaction& db,
                                                           std::string_view tenant,
                                                           std::string_view schedule_id) {
  static const std::string sql =
      std::string(kSelectSchedule) + "WHERE tenant = $1 AND schedule_id = $2";
  return RecordIfAny(db.Run(sql, {tenant, schedule_id}), ScheduleOf);
}

std::vector<RotationScheduleRecord> ReadRotationSchedules(PostgresTransaction& db,
                                                          std::string_view tenant,
                                                          std::string_view after_schedule_id,
                                                          size_t limit) {
  static const std::string sql =
      std::string(kSelectSchedule) +
      "WHERE tenant = $1 AND schedule_id > $2 ORDER BY schedule_id LIMIT $3";
  return RecordsOf(db.Run(sql, {tenant, after_schedule_id, LimitValue(limit)}), ScheduleOf);
}

void DeleteRotationSchedule(PostgresTransaction& db, std::string_view tenant,
                            std::string_view schedule_id) {
  db.Run("DELETE FROM fieldkms_store.rotation_schedules WHERE tenant = $1 AND schedule_id = $2",
         {tenant, schedule_id});
}

void UpsertReplica(PostgresTransaction& db, const ReplicaRecord& replica) {
  db.Run(
      "INSERT INTO fieldkms_store.replicas (replica_id, change, seen, stale_seconds) "
      "VALUES ($1, $2, $3, $4) ON CONFLICT (replica_id) DO UPDATE SET change = excluded.change, "
      "seen = excluded.seen, stale_seconds = excluded.stale_seconds",
      {replica.replica_id, BigintValue(replica.change), replica.seen, replica.stale_limit});
}

std::vector<ReplicaRecord> ReadReplicas(PostgresTransaction& db) {
  return RecordsOf(db.Run("SELECT replica_id, change, seen, stale_seconds "
                          "FROM fieldkms_store.replicas ORDER BY replica_id",
                          {}),
                   ReplicaOf);
}

}  // namespace fieldkms
