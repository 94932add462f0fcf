// RotationStore keeps the jobs that re-encrypt rows, the schedules that make jobs, and which
// replicas of the service there are. Specifications and progress are opaque here: kms/rotations
// writes and reads them. Nothing secret is among them, and no row's data.
//
// Contract of every implementation (tests/contract/rotation_store_test.cc):
// - A call that writes is atomic, and durable when it returns OK. An error other than
//   kUnavailable means that nothing was changed; after kUnavailable the caller reads and decides.
// - Jobs and schedules carry the number of the change that wrote them last (see Store: one above
//   the last of the whole store; WaitForChange wakes for it, ReadChanges leaves it out). Put…
//   writes a record if its change is still `change` of the given one (0: it is new), else fails
//   with kAborted, kEtagMismatch, and returns it as it is then, with its new number. Of one that
//   is there create_time and data_source stay as they are. A schedule that is deleted takes a
//   number, too.
// - A job or a schedule belongs to a tenant; a method that names one sees nothing of another, nor
//   hears whether another has that id. Put…: kNotFound, kTenantNotFound, for one that is not there;
//   reads find nothing of it.
// - Replicas have no change numbers, belong to no tenant, and are written by themselves only.
// - Records that are none (below): kInvalidArgument, kInvalidField, naming the field.
// - Safe for concurrent use, also by several processes where the backend allows it.
// - A frozen store (Store::SetFrozen) is read, and takes nothing but replicas: kUnavailable,
//   kStoreUnavailable.
// - Errors: those of Store; kRotationNotFound, kScheduleNotFound.
#ifndef FIELDKMS_KMS_STORE_ROTATION_STORE_H_
#define FIELDKMS_KMS_STORE_ROTATION_STORE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"

namespace fieldkms {

// Numbers are what stands in the store: never change one.
enum class RotationState : uint8_t {
  kPlanned = 1,    // made, and not started
  kRunning = 2,    // workers may work on it
  kPaused = 3,     // they may not, until it is resumed
  kDone = 4,       // verified: nothing is left under older versions
  kFailed = 5,     // it gave up, and can be started anew
  kCancelled = 6,  // what was done stays done
};
// Whether workers or operators have something left to do with it.
constexpr bool IsOpen(RotationState state) {
  return state == RotationState::kPlanned || state == RotationState::kRunning ||
         state == RotationState::kPaused;
}

inline constexpr size_t kMaxRotationSpec = 256 * 1024;
inline constexpr size_t kMaxRotationProgress = 1024 * 1024;
inline constexpr size_t kMaxRotationError = 4096;

struct RotationJobRecord {
  std::string job_id;  // 32 lower-case hex digits, drawn at random
  std::string tenant;
  std::string data_source;  // the name by which workers know a database; not empty
  RotationState state = RotationState::kPlanned;
  std::string spec;      // up to kMaxRotationSpec bytes, any
  std::string progress;  // up to kMaxRotationProgress bytes, any
  std::string error;     // why it failed, up to kMaxRotationError bytes; rules, never values
  WallTime create_time;
  WallTime update_time;
  uint64_t change = 0;
};

struct RotationScheduleRecord {
  std::string schedule_id;  // 32 lower-case hex digits, drawn at random
  std::string tenant;
  std::string spec;  // up to kMaxRotationSpec bytes, any
  // When it makes its next job; none while it is suspended.
  std::optional<WallTime> next_run;
  WallTime create_time;
  WallTime update_time;
  uint64_t change = 0;
};

// A running process of the service. One that ends in order takes its record away; that of one that
// died stays until it is forgotten.
struct ReplicaRecord {
  std::string replica_id;  // 32 lower-case hex digits
  // All changes up to this number are in force there: what it seals from now on, it seals as they
  // say.
  uint64_t change = 0;
  WallTime seen;  // when it said so, by its own clock
  // How long it may go on without the store; after that it answers nothing. Not negative.
  std::chrono::seconds stale_limit{0};
};
// What the methods below check of a record: kInvalidArgument, kInvalidField.
absl::Status CheckRotationJob(const RotationJobRecord& job);
absl::Status CheckRotationSchedule(const RotationScheduleRecord& schedule);
absl::Status CheckReplica(const ReplicaRecord& replica);

// Which jobs to list. Newest first: by create_time and then job_id, both descending.
struct RotationJobFilter {
  bool open_only = false;  // see IsOpen
  std::optional<std::string> data_source = {};
  std::string before_job_id = {};  // those after this one in the list; "": from the first
};

class RotationStore {
 public:
  virtual ~RotationStore() = default;

  virtual absl::StatusOr<RotationJobRecord> PutRotationJob(const RotationJobRecord& job,
                                                           Deadline deadline) = 0;
  virtual absl::StatusOr<RotationJobRecord> GetRotationJob(std::string_view tenant,
                                                           std::string_view job_id,
                                                           Deadline deadline) = 0;
  // `before_job_id` that is not there: kNotFound, kRotationNotFound.
  virtual absl::StatusOr<std::vector<RotationJobRecord>> ListRotationJobs(
      std::string_view tenant, const RotationJobFilter& filter, size_t limit,
      Deadline deadline) = 0;

  virtual absl::StatusOr<RotationScheduleRecord> PutRotationSchedule(
      const RotationScheduleRecord& schedule, Deadline deadline) = 0;
  virtual absl::StatusOr<RotationScheduleRecord> GetRotationSchedule(std::string_view tenant,
                                                                     std::string_view schedule_id,
                                                                     Deadline deadline) = 0;
  // In the order of their ids, after `after_schedule_id` ("" for the first).
  virtual absl::StatusOr<std::vector<RotationScheduleRecord>> ListRotationSchedules(
      std::string_view tenant, std::string_view after_schedule_id, size_t limit,
      Deadline deadline) = 0;
  // Takes one away if its change is still `change`; kAborted, kEtagMismatch.
  virtual absl::Status DeleteRotationSchedule(std::string_view tenant, std::string_view schedule_id,
                                              uint64_t change, Deadline deadline) = 0;
  // Those of all tenants whose next_run has come by `now`, longest due first.
  virtual absl::StatusOr<std::vector<RotationScheduleRecord>> ListDueRotationSchedules(
      WallTime now, size_t limit, Deadline deadline) = 0;

  // PutReplica writes or overwrites. ListReplicas: all, in the order of their ids. DropReplica: OK
  // also where there is none. ForgetReplicas drops those seen before `before`.
  virtual absl::Status PutReplica(const ReplicaRecord& replica, Deadline deadline) = 0;
  virtual absl::StatusOr<std::vector<ReplicaRecord>> ListReplicas(Deadline deadline) = 0;
  virtual absl::Status DropReplica(std::string_view replica_id, Deadline deadline) = 0;
  virtual absl::Status ForgetReplicas(WallTime before, Deadline deadline) = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_ROTATION_STORE_H_
