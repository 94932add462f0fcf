// RotationStore of a PostgreSQL store. Jobs and schedules are written one after another, as all
// that has a number (postgres_mutation.h); commits in doubt are run again
// (postgres_transaction.h), and what they would have written is looked for.
#ifndef FIELDKMS_KMS_STORE_POSTGRES_ROTATION_STORE_H_
#define FIELDKMS_KMS_STORE_POSTGRES_ROTATION_STORE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "kms/store/postgres_transaction.h"
#include "kms/store/rotation_store.h"

namespace fieldkms {

// Thread-safe; `transactions` outlives it.
class PostgresRotationStore final : public RotationStore {
 public:
  explicit PostgresRotationStore(PostgresTransactions* transactions)
      : transactions_(*transactions) {}

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
  // `body(db)`, an absl::StatusOr<T>, on behalf of a tenant ("": of none).
  template <class T, class Body>
  absl::StatusOr<T> Read(std::string_view tenant, Deadline deadline, const Body& body);

  PostgresTransactions& transactions_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_POSTGRES_ROTATION_STORE_H_
