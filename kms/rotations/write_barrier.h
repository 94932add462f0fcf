// The write barrier of a job: from when on nothing can be sealed any more under versions older
// than those that it brings rows to. Pure functions; what they look at is read by Rotations.
//
// Who could still seal under an older one:
// - A replica that has not heard of the new one. When the job starts, its keys are read, and after
//   that the number of the store's newest change: a replica where all up to it is in force
//   (ReplicaRecord) seals under the new version, or a later one. One that says nothing is over when
//   it must have fenced itself (Keyring::CheckFresh), whatever became of it.
// - A call that was under way there: it ends within kCallsEnd.
// - The holder of a lease to seal, until that ends. Of older versions no new ones are given.
// - Where rows go from one key to another: whoever still uses the first one to seal; leases of it
//   are looked at, calls cannot be told from others. What they seal, the next job finds.
#ifndef FIELDKMS_KMS_ROTATIONS_WRITE_BARRIER_H_
#define FIELDKMS_KMS_ROTATIONS_WRITE_BARRIER_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/rotations/rotation_job.h"
#include "kms/store/rotation_store.h"

namespace fieldkms {

inline constexpr std::chrono::seconds kCallsEnd{2};
// By how much clocks of replicas may differ: of those that are silent, which costs nothing, and
// of those that give leases.
inline constexpr std::chrono::seconds kReplicaClocks{60};
inline constexpr std::chrono::seconds kLeaseClocks{5};

struct BarrierView {
  bool passed = false;
  // If not: when what it waits for is over at the latest, and what that is.
  std::optional<WallTime> passed_by;
  uint32_t silent_replicas = 0;
  std::optional<WallTime> last_lease_end;

  bool heard = false;  // by all replicas
};

// LookAtBarrier: where the barrier of a job that was started is at `now`. `lease_end`: when the
// last lease to seal under what is older ends, if there is one.
BarrierView LookAtBarrier(const RotationJob& job, std::span<const ReplicaRecord> replicas,
                          std::optional<WallTime> lease_end, WallTime now);

// NoteBarrier keeps what a look has found, so that it stays. Returns whether there is something to
// write. `change`: the barrier's that was looked at; of another, nothing is kept.
absl::StatusOr<bool> NoteBarrier(RotationJob* job, const BarrierView& view, uint64_t change,
                                 WallTime now);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROTATIONS_WRITE_BARRIER_H_
