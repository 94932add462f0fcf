// RotationStore of a SQLite store.
#ifndef FIELDKMS_KMS_STORE_SQLITE_ROTATION_STORE_H_
#define FIELDKMS_KMS_STORE_SQLITE_ROTATION_STORE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "kms/store/rotation_store.h"
#include "kms/store/sqlite_work.h"

namespace fieldkms {

// Thread-safe; `work` outlives it.
class SqliteRotationStore final : public RotationStore {
 public:
  explicit SqliteRotationStore(SqliteWork* work) : work_(*work) {}

  absl::StatusOr<RotationJobRecord> PutRotationJob(const RotationJobRecord& job,
                                                   Deadline deadline) override;
  absl::StatusOr<RotationJobRecord> GetRotationJob(std::string_view tenant, std::string_view job_id,
                                                   Deadline deadline) override;
  absl::StatusOr<std::vector<RotationJobRecord>> ListRotationJobs(std::string_view tenant,
                                                                  const RotationJobFilter& filter,
                                                                  size_t limit,
                                                                  Deadline deadline) override;
  absl::StatusOr<RotationScheduleRecord> PutRotationSchedule(const RotationScheduleRecord& schedule,
                                                             Deadline deadline) override;
  absl::StatusOr<RotationScheduleRecord> GetRotationSchedule(std::string_view tenant,
                                                             std::string_view schedule_id,
                                                             Deadline deadline) override;
  absl::StatusOr<std::vector<RotationScheduleRecord>> ListRotationSchedules(
      std::string_view tenant, std::string_view after_schedule_id, size_t limit,
      Deadline deadline) override;
  absl::Status DeleteRotationSchedule(std::string_view tenant, std::string_view schedule_id,
                                      uint64_t change, Deadline deadline) override;
  absl::StatusOr<std::vector<RotationScheduleRecord>> ListDueRotationSchedules(
      WallTime now, size_t limit, Deadline deadline) override;
  absl::Status PutReplica(const ReplicaRecord& replica, Deadline deadline) override;
  absl::StatusOr<std::vector<ReplicaRecord>> ListReplicas(Deadline deadline) override;
  absl::Status DropReplica(std::string_view replica_id, Deadline deadline) override;
  absl::Status ForgetReplicas(WallTime before, Deadline deadline) override;

 private:
  // A write that has no outcome.
  template <class Body>
  absl::Status Do(Deadline deadline, const Body& body);

  SqliteWork& work_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_ROTATION_STORE_H_
