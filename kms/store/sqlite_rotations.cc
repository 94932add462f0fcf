#include "kms/store/sqlite_rotations.h"

#include <chrono>
#include <string>

#include "crypto/status.h"
#include "kms/store/sqlite_columns.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

std::string SelectJobs(std::string_view where) {
  return "SELECT tenant, job_id, data_source, state, spec, progress, error, create_time, "
         "update_time, change FROM rotation_jobs " +
         std::string(where);
}

std::string SelectSchedules(std::string_view where) {
  return "SELECT tenant, schedule_id, spec, next_run, create_time, update_time, change "
         "FROM rotation_schedules " +
         std::string(where);
}

absl::StatusOr<RotationJobRecord> JobOf(const SqliteStatement& row) {
  RotationJobRecord job;
  job.tenant = row.ColumnBytes(0);
  job.job_id = row.ColumnBytes(1);
  job.data_source = row.ColumnBytes(2);
  FIELDKMS_ASSIGN_OR_RETURN(job.state, ToEnum<RotationState>(row.ColumnInt(3)));
  job.spec = row.ColumnBytes(4);
  job.progress = row.ColumnBytes(5);
  job.error = row.ColumnBytes(6);
  job.create_time = ToTime(row.ColumnInt(7));
  job.update_time = ToTime(row.ColumnInt(8));
  job.change = ToBits(row.ColumnInt(9));
  return job;
}

absl::StatusOr<RotationScheduleRecord> ScheduleOf(const SqliteStatement& row) {
  RotationScheduleRecord schedule;
  schedule.tenant = row.ColumnBytes(0);
  schedule.schedule_id = row.ColumnBytes(1);
  schedule.spec = row.ColumnBytes(2);
  schedule.next_run = ToTimeIfAny(row, 3);
  schedule.create_time = ToTime(row.ColumnInt(4));
  schedule.update_time = ToTime(row.ColumnInt(5));
  schedule.change = ToBits(row.ColumnInt(6));
  return schedule;
}

absl::StatusOr<ReplicaRecord> ReplicaOf(const SqliteStatement& row) {
  return ReplicaRecord{row.ColumnBytes(0), ToBits(row.ColumnInt(1)), ToTime(row.ColumnInt(2)),
                       std::chrono::seconds(row.ColumnInt(3))};
}

absl::StatusOr<WallTime> TimeOf(const SqliteStatement& row) { return ToTime(row.ColumnInt(0)); }

absl::StatusOr<WallTime> ReadCreateTime(SqliteConnection& db, std::string_view tenant,
                                        std::string_view job_id) {
  SqliteStatement statement =
      db.Use("SELECT create_time FROM rotation_jobs WHERE tenant = ? AND job_id = ?");
  return OrNotFound(One(statement.Text(tenant).Text(job_id), TimeOf), RotationNotFound);
}

}  // namespace

absl::StatusOr<std::optional<RotationJobRecord>> ReadRotationJob(SqliteConnection& db,
                                                                 std::string_view tenant,
                                                                 std::string_view job_id) {
  static const std::string sql = SelectJobs("WHERE tenant = ? AND job_id = ?");
  SqliteStatement statement = db.Use(sql);
  return One(statement.Text(tenant).Text(job_id), JobOf);
}

// One statement for each kind of filter, each with an index that has its order.
absl::StatusOr<std::vector<RotationJobRecord>> ReadRotationJobs(SqliteConnection& db,
                                                                std::string_view tenant,
                                                                const RotationJobFilter& filter,
                                                                size_t limit) {
  std::string sql = SelectJobs("WHERE tenant = ?");
  // In words that the index of open ones is found by.
  static_assert(static_cast<int>(RotationState::kPaused) == 3 && IsOpen(RotationState::kPaused) &&
                !IsOpen(RotationState::kDone));
  if (filter.open_only) sql += " AND state <= 3";
  // With a +, not by the index of data sources: those that are open are the fewer.
  if (filter.data_source)
    sql += filter.open_only ? " AND +data_source = ?" : " AND data_source = ?";
  WallTime before;
  if (!filter.before_job_id.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(before, ReadCreateTime(db, tenant, filter.before_job_id));
    sql += " AND (create_time, job_id) < (?, ?)";
  }
  sql += " ORDER BY create_time DESC, job_id DESC LIMIT ?";
  SqliteStatement statement = db.Use(sql);
  statement.Text(tenant);
  if (filter.data_source) statement.Text(*filter.data_source);
  if (!filter.before_job_id.empty()) statement.Int(FromTime(before)).Text(filter.before_job_id);
  return All(statement.Int(FromBound(limit)), JobOf);
}

absl::StatusOr<RotationJobRecord> WriteRotationJob(SqliteConnection& db,
                                                   const RotationJobRecord& job, uint64_t number) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto old, ReadRotationJob(db, job.tenant, job.job_id));
  if ((old ? old->change : 0) != job.change) return EtagMismatch();
  RotationJobRecord written = job;
  written.change = number;
  if (old) written.data_source = old->data_source;
  if (old) written.create_time = old->create_time;
  FIELDKMS_RETURN_IF_ERROR(
      db.Use("INSERT INTO rotation_jobs (tenant, job_id, data_source, state, spec, progress, "
             "error, create_time, update_time, change) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
             "ON CONFLICT (tenant, job_id) DO UPDATE SET state = excluded.state, "
             "spec = excluded.spec, progress = excluded.progress, error = excluded.error, "
             "update_time = excluded.update_time, change = excluded.change")
          .Text(written.tenant)
          .Text(written.job_id)
          .Text(written.data_source)
          .Int(static_cast<int64_t>(written.state))
          .Blob(written.spec)
          .Blob(written.progress)
          .Blob(written.error)
          .Int(FromTime(written.create_time))
          .Int(FromTime(written.update_time))
          .Int(FromBits(written.change))
          .Run());
  return written;
}

absl::StatusOr<std::optional<RotationScheduleRecord>> ReadRotationSchedule(
    SqliteConnection& db, std::string_view tenant, std::string_view schedule_id) {
  static const std::string sql = SelectSchedules("WHERE tenant = ? AND schedule_id = ?");
  SqliteStatement statement = db.Use(sql);
  return One(statement.Text(tenant).Text(schedule_id), ScheduleOf);
}

absl::StatusOr<std::vector<RotationScheduleRecord>> ReadRotationSchedules(
    SqliteConnection& db, std::string_view tenant, std::string_view after_schedule_id,
    size_t limit) {
  static const std::string sql =
      SelectSchedules("WHERE tenant = ? AND schedule_id > ? ORDER BY schedule_id LIMIT ?");
  SqliteStatement statement = db.Use(sql);
  return All(statement.Text(tenant).Text(after_schedule_id).Int(FromBound(limit)), ScheduleOf);
}

absl::StatusOr<std::vector<RotationScheduleRecord>> ReadDueRotationSchedules(SqliteConnection& db,
                                                                             WallTime now,
                                                                             size_t limit) {
  static const std::string sql =
      SelectSchedules("WHERE next_run <= ? ORDER BY next_run, schedule_id, tenant LIMIT ?");
  SqliteStatement statement = db.Use(sql);
  return All(statement.Int(FromTime(now)).Int(FromBound(limit)), ScheduleOf);
}

absl::StatusOr<RotationScheduleRecord> WriteRotationSchedule(SqliteConnection& db,
                                                             const RotationScheduleRecord& schedule,
                                                             uint64_t number) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto old,
                            ReadRotationSchedule(db, schedule.tenant, schedule.schedule_id));
  if ((old ? old->change : 0) != schedule.change) return EtagMismatch();
  RotationScheduleRecord written = schedule;
  written.change = number;
  if (old) written.create_time = old->create_time;
  SqliteStatement statement = db.Use(
      "INSERT INTO rotation_schedules (tenant, schedule_id, spec, next_run, create_time, "
      "update_time, change) VALUES (?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (tenant, schedule_id) DO UPDATE SET spec = excluded.spec, "
      "next_run = excluded.next_run, update_time = excluded.update_time, "
      "change = excluded.change");
  statement.Text(written.tenant).Text(written.schedule_id).Blob(written.spec);
  FIELDKMS_RETURN_IF_ERROR(TimeIfAny(statement, written.next_run)
                               .Int(FromTime(written.create_time))
                               .Int(FromTime(written.update_time))
                               .Int(FromBits(written.change))
                               .Run());
  return written;
}

absl::Status DeleteRotationSchedule(SqliteConnection& db, std::string_view tenant,
                                    std::string_view schedule_id, uint64_t change) {
  FIELDKMS_ASSIGN_OR_RETURN(const auto there, ReadRotationSchedule(db, tenant, schedule_id));
  if (!there) return ScheduleNotFound();
  if (there->change != change) return EtagMismatch();
  return db.Use("DELETE FROM rotation_schedules WHERE tenant = ? AND schedule_id = ?")
      .Text(tenant)
      .Text(schedule_id)
      .Run();
}

absl::StatusOr<std::vector<ReplicaRecord>> ReadReplicas(SqliteConnection& db) {
  SqliteStatement statement =
      db.Use("SELECT replica_id, change, seen, stale_seconds FROM replicas ORDER BY replica_id");
  return All(statement, ReplicaOf);
}

absl::Status WriteReplica(SqliteConnection& db, const ReplicaRecord& replica) {
  return db
      .Use(
          "INSERT OR REPLACE INTO replicas (replica_id, change, seen, stale_seconds) "
          "VALUES (?, ?, ?, ?)")
      .Text(replica.replica_id)
      .Int(FromBound(replica.change))
      .Int(FromTime(replica.seen))
      .Int(replica.stale_limit.count())
      .Run();
}

absl::Status DeleteReplica(SqliteConnection& db, std::string_view replica_id) {
  return db.Use("DELETE FROM replicas WHERE replica_id = ?").Text(replica_id).Run();
}

absl::Status DeleteReplicasBefore(SqliteConnection& db, WallTime before) {
  return db.Use("DELETE FROM replicas WHERE seen < ?").Int(FromTime(before)).Run();
}

}  // namespace fieldkms
