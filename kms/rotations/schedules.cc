#include "kms/rotations/schedules.h"

#include <string>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/keyring/fingerprint.h"
#include "kms/rotations/rotation_keys.h"
#include "kms/rotations/rotation_spec.h"

namespace fieldkms {
namespace {

constexpr size_t kIdBytes = 16;
constexpr int kAttempts = 16;

absl::Status Busy() {
  return Error(absl::StatusCode::kAborted, Reason::kEtagMismatch,
               "others are changing the schedule all the time");
}

// Tells a schedule by what it is to do.
absl::StatusOr<std::string> PrintOf(std::string_view tenant, const v1::RotationSchedule& wanted) {
  return FingerprintOf({"CreateSchedule", tenant, WithDefaults(wanted.spec()).SerializeAsString(),
                        wanted.cron(), wanted.rotate_after().SerializeAsString(),
                        wanted.within().SerializeAsString()});
}

// As it was made for an earlier attempt of the request, or kRequestIdReused.
absl::StatusOr<RotationSchedule> SameOrReused(RotationSchedule schedule, std::string_view print) {
  if (schedule.details.fingerprint() == print) return schedule;
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kRequestIdReused,
               "the request id was used for another schedule", "request_id");
}

}  // namespace

absl::StatusOr<RotationSchedule> Schedules::Create(std::string_view tenant,
                                                   const v1::RotationSchedule& wanted,
                                                   std::string_view request_id, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  FIELDKMS_RETURN_IF_ERROR(CheckSchedule(wanted));
  FIELDKMS_ASSIGN_OR_RETURN(const std::string id_bytes,
                            FingerprintOf({"rotation schedule", tenant, request_id}));
  const std::string id = EncodeHex(AsBytes(id_bytes).first(kIdBytes));
  FIELDKMS_ASSIGN_OR_RETURN(const std::string print, PrintOf(tenant, wanted));
  auto before = Get({tenant, id}, deadline);
  if (before.ok()) return SameOrReused(*std::move(before), print);
  if (ReasonOf(before.status()) != Reason::kScheduleNotFound) return before.status();
  FIELDKMS_ASSIGN_OR_RETURN(
      const RotationStart start,
      ReadRotationStart(store_, tenant, wanted.spec(), "schedule.spec", deadline));
  const ScheduleKey key{start.target.key_id(), start.target.key_version()};
  FIELDKMS_ASSIGN_OR_RETURN(RotationSchedule schedule, NewSchedule(wanted, key, clock_.Now()));
  schedule.record.schedule_id = id;
  schedule.record.tenant = tenant;
  schedule.details.set_fingerprint(print);
  const auto put = store_.rotations().PutRotationSchedule(ScheduleToRecord(schedule), deadline);
  if (put.ok()) return ScheduleFromRecord(*put);
  if (ReasonOf(put.status()) != Reason::kEtagMismatch) return put.status();
  // Another attempt of the request was quicker.
  FIELDKMS_ASSIGN_OR_RETURN(RotationSchedule made, Get({tenant, id}, deadline));
  return SameOrReused(std::move(made), print);
}

absl::StatusOr<RotationSchedule> Schedules::Suspend(const ScheduleRef& ref, bool suspended,
                                                    Deadline deadline) {
  return Change(
      ref,
      [&](RotationSchedule* schedule) { return SetSuspended(schedule, suspended, clock_.Now()); },
      deadline);
}

absl::Status Schedules::Delete(const ScheduleRef& ref, Deadline deadline) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    FIELDKMS_ASSIGN_OR_RETURN(const RotationSchedule schedule, Get(ref, deadline));
    const absl::Status deleted = store_.rotations().DeleteRotationSchedule(
        ref.tenant, ref.schedule_id, schedule.record.change, deadline);
    if (ReasonOf(deleted) != Reason::kEtagMismatch) return deleted;
  }
  return Busy();
}

absl::StatusOr<RotationSchedule> Schedules::Get(const ScheduleRef& ref, Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(
      RotationScheduleRecord record,
      store_.rotations().GetRotationSchedule(ref.tenant, ref.schedule_id, deadline));
  return ScheduleFromRecord(std::move(record));
}

absl::StatusOr<std::vector<RotationSchedule>> Schedules::List(std::string_view tenant,
                                                              std::string_view after, size_t limit,
                                                              Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(
      std::vector<RotationScheduleRecord> records,
      store_.rotations().ListRotationSchedules(tenant, after, limit, deadline));
  std::vector<RotationSchedule> schedules;
  schedules.reserve(records.size());
  for (RotationScheduleRecord& record : records) {
    FIELDKMS_ASSIGN_OR_RETURN(RotationSchedule schedule, ScheduleFromRecord(std::move(record)));
    schedules.push_back(std::move(schedule));
  }
  return schedules;
}

absl::StatusOr<RotationSchedule> Schedules::Change(const ScheduleRef& ref, const Rule& rule,
                                                   Deadline deadline) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    FIELDKMS_ASSIGN_OR_RETURN(RotationSchedule schedule, Get(ref, deadline));
    FIELDKMS_ASSIGN_OR_RETURN(const bool changed, rule(&schedule));
    if (!changed) return schedule;
    const auto put = store_.rotations().PutRotationSchedule(ScheduleToRecord(schedule), deadline);
    if (put.ok()) return ScheduleFromRecord(*put);
    if (ReasonOf(put.status()) != Reason::kEtagMismatch) return put.status();
  }
  return Busy();
}

}  // namespace fieldkms
