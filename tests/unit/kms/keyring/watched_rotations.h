// A rotation store whose calls about replicas, and writes, are announced to a Watch.
#ifndef FIELDKMS_TESTS_UNIT_KMS_KEYRING_WATCHED_ROTATIONS_H_
#define FIELDKMS_TESTS_UNIT_KMS_KEYRING_WATCHED_ROTATIONS_H_

#include <string_view>
#include <vector>

#include "crypto/status.h"
#include "kms/store/rotation_store.h"
#include "tests/unit/kms/keyring/watch.h"

namespace fieldkms::testing {

// Under the names of the methods, and "PutRotationJob done", where a hook's error stands for an
// answer that is lost. Both are somebody else's.
class WatchedRotations final : public RotationStore {
 public:
  WatchedRotations(RotationStore& store, Watch& watch) : store_(store), watch_(watch) {}

  absl::StatusOr<RotationJobRecord> PutRotationJob(const RotationJobRecord& job,
                                                   Deadline deadline) override {
    FIELDKMS_RETURN_IF_ERROR(watch_.Call("PutRotationJob"));
    auto put = store_.PutRotationJob(job, deadline);
    FIELDKMS_RETURN_IF_ERROR(watch_.Call("PutRotationJob done"));
    return put;
  }
  absl::StatusOr<RotationJobRecord> GetRotationJob(std::string_view tenant, std::string_view job_id,
                                                   Deadline deadline) override {
    return store_.GetRotationJob(tenant, job_id, deadline);
  }
  absl::StatusOr<std::vector<RotationJobRecord>> ListRotationJobs(std::string_view tenant,
                                                                  const RotationJobFilter& filter,
                                                                  size_t limit,
                                                                  Deadline deadline) override {
    return store_.ListRotationJobs(tenant, filter, limit, deadline);
  }
  absl::StatusOr<RotationScheduleRecord> PutRotationSchedule(const RotationScheduleRecord& schedule,
                                                             Deadline deadline) override {
    FIELDKMS_RETURN_IF_ERROR(watch_.Call("PutRotationSchedule"));
    return store_.PutRotationSchedule(schedule, deadline);
  }
  absl::StatusOr<RotationScheduleRecord> GetRotationSchedule(std::string_view tenant,
                                                             std::string_view schedule_id,
                                                             Deadline deadline) override {
    return store_.GetRotationSchedule(tenant, schedule_id, deadline);
  }
  absl::StatusOr<std::vector<RotationScheduleRecord>> ListRotationSchedules(
      std::string_view tenant, std::string_view after_schedule_id, size_t limit,
      Deadline deadline) override {
    return store_.ListRotationSchedules(tenant, after_schedule_id, limit, deadline);
  }
  absl::Status DeleteRotationSchedule(std::string_view tenant, std::string_view schedule_id,
                                      uint64_t change, Deadline deadline) override {
    return store_.DeleteRotationSchedule(tenant, schedule_id, change, deadline);
  }
  absl::StatusOr<std::vector<RotationScheduleRecord>> ListDueRotationSchedules(
      WallTime now, size_t limit, Deadline deadline) override {
    return store_.ListDueRotationSchedules(now, limit, deadline);
  }
  absl::Status PutReplica(const ReplicaRecord& replica, Deadline deadline) override {
    FIELDKMS_RETURN_IF_ERROR(watch_.Call("PutReplica"));
    return store_.PutReplica(replica, deadline);
  }
  absl::StatusOr<std::vector<ReplicaRecord>> ListReplicas(Deadline deadline) override {
    return store_.ListReplicas(deadline);
  }
  absl::Status DropReplica(std::string_view replica_id, Deadline deadline) override {
    return store_.DropReplica(replica_id, deadline);
  }
  absl::Status ForgetReplicas(WallTime before, Deadline deadline) override {
    FIELDKMS_RETURN_IF_ERROR(watch_.Call("ForgetReplicas"));
    return store_.ForgetReplicas(before, deadline);
  }

 private:
  RotationStore& store_;
  Watch& watch_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_UNIT_KMS_KEYRING_WATCHED_ROTATIONS_H_
