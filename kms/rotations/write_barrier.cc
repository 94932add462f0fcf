#include "kms/rotations/write_barrier.h"

#include <algorithm>

#include "kms/keyring/options.h"
#include "kms/proto/times.h"

namespace fieldkms {
namespace {

void WaitUntil(WallTime time, BarrierView* view) {
  view->passed_by = view->passed_by ? std::max(*view->passed_by, time) : time;
}

// When a replica that says nothing more seals nothing more.
WallTime OverAt(const ReplicaRecord& replica, WallTime barrier_begin) {
  // By its word; or, where it can read the store and no more write to it, by what it read last,
  // which was before the barrier.
  const WallTime by_word = replica.seen + replica.stale_limit;
  return std::max(by_word, barrier_begin + kUnannouncedLimit) + kReplicaClocks;
}

}  // namespace

BarrierView LookAtBarrier(const RotationJob& job, std::span<const ReplicaRecord> replicas,
                          std::optional<WallTime> lease_end, WallTime now) {
  const rotations::BarrierDetails& barrier = job.details.barrier();
  BarrierView view;
  if (barrier.has_pass_time()) {
    view.passed = view.heard = true;
    return view;
  }
  const WallTime begin = FromProto(barrier.begin_time());
  for (const ReplicaRecord& replica : replicas) {
    const WallTime over = OverAt(replica, begin);
    if (replica.change >= barrier.change() || over <= now) continue;
    ++view.silent_replicas;
    WaitUntil(over, &view);
  }
  view.heard = view.silent_replicas == 0;
  const WallTime heard = barrier.has_heard_time() ? FromProto(barrier.heard_time()) : now;
  if (view.heard && now < heard + kCallsEnd) WaitUntil(heard + kCallsEnd, &view);
  if (lease_end && now < *lease_end + kLeaseClocks) {
    view.last_lease_end = lease_end;
    WaitUntil(*lease_end + kLeaseClocks, &view);
  }
  view.passed = !view.passed_by;
  return view;
}

absl::StatusOr<bool> NoteBarrier(RotationJob* job, const BarrierView& view, uint64_t change,
                                 WallTime now) {
  rotations::BarrierDetails* const barrier = job->details.mutable_barrier();
  if (barrier->change() != change || barrier->has_pass_time()) return false;
  const bool first_heard = view.heard && !barrier->has_heard_time();
  if (first_heard) ToProto(now, barrier->mutable_heard_time());
  if (view.passed) ToProto(now, barrier->mutable_pass_time());
  return first_heard || view.passed;
}

}  // namespace fieldkms
