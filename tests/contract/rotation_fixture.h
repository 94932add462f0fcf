// Jobs and schedules for tests of RotationStore (kms/store/rotation_store.h).
#ifndef FIELDKMS_TESTS_CONTRACT_ROTATION_FIXTURE_H_
#define FIELDKMS_TESTS_CONTRACT_ROTATION_FIXTURE_H_

#include <gmock/gmock.h>

#include <string>
#include <string_view>
#include <vector>

#include "kms/store/store.h"
#include "tests/contract/record_matchers.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {

// Ids that are told apart, and ordered, by one hex digit.
inline std::string RotationId(char digit) { return std::string(32, digit); }

inline RotationJobRecord Job(std::string_view tenant, char digit, WallTime now) {
  RotationJobRecord job;
  job.job_id = RotationId(digit);
  job.tenant = tenant;
  job.data_source = "billing";
  job.create_time = now;
  job.update_time = now;
  return job;
}
inline RotationScheduleRecord Schedule(std::string_view tenant, char digit, WallTime now) {
  RotationScheduleRecord schedule;
  schedule.schedule_id = RotationId(digit);
  schedule.tenant = tenant;
  schedule.spec = "monthly";
  schedule.create_time = now;
  schedule.update_time = now;
  return schedule;
}
inline ReplicaRecord Replica(char digit, WallTime seen) {
  return {RotationId(digit), 0, seen, std::chrono::seconds(60)};
}

// What a test needs before it starts: a test that cannot have it has failed.
inline RotationJobRecord HaveJob(Store& store, const RotationJobRecord& job) {
  auto put = store.rotations().PutRotationJob(job, kNoDeadline);
  EXPECT_OK(put);
  return put.ok() ? *std::move(put) : RotationJobRecord();
}
inline RotationScheduleRecord HaveSchedule(Store& store, const RotationScheduleRecord& schedule) {
  auto put = store.rotations().PutRotationSchedule(schedule, kNoDeadline);
  EXPECT_OK(put);
  return put.ok() ? *std::move(put) : RotationScheduleRecord();
}

// The digits of the ids that RotationId made.
inline std::string DigitsOf(const std::vector<RotationJobRecord>& jobs) {
  std::string digits;
  for (const RotationJobRecord& job : jobs) digits += job.job_id.at(0);
  return digits;
}
inline std::string DigitsOf(const std::vector<RotationScheduleRecord>& schedules) {
  std::string digits;
  for (const RotationScheduleRecord& schedule : schedules) digits += schedule.schedule_id.at(0);
  return digits;
}

inline auto NoJob() { return StatusIs(absl::StatusCode::kNotFound, Reason::kRotationNotFound); }
inline auto NoSchedule() {
  return StatusIs(absl::StatusCode::kNotFound, Reason::kScheduleNotFound);
}
inline auto Mismatch() { return StatusIs(absl::StatusCode::kAborted, Reason::kEtagMismatch); }

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_CONTRACT_ROTATION_FIXTURE_H_
