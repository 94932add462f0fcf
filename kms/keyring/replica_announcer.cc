#include "kms/keyring/replica_announcer.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace fieldkms {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

// So often a replica says of new changes that they are in force: a store that is changed all the
// time is not to be written to once more for each change.
constexpr milliseconds kShortestPause{500};
constexpr hours kForgetPause{1};
constexpr days kForgetAfter{1};

}  // namespace

ReplicaAnnouncer::ReplicaAnnouncer(Store& store, const Clock& clock, std::string replica_id,
                                   seconds stale_limit)
    : store_(store),
      clock_(clock),
      id_(std::move(replica_id)),
      pause_(milliseconds(stale_limit) / 4),
      limit_(stale_limit + std::chrono::ceil<seconds>(pause_)) {}

absl::Status ReplicaAnnouncer::Announce(uint64_t change, Moment asked, Deadline deadline) {
  not_before_ = clock_.Steady() + kShortestPause;
  const absl::Status put =
      store_.rotations().PutReplica({id_, change, asked.wall, limit_}, deadline);
  if (!put.ok()) return put;
  announced_ = change;
  word_until_ = asked.steady + limit_;
  next_ = asked.steady + pause_;
  return absl::OkStatus();
}

absl::Status ReplicaAnnouncer::AnnounceIfDue(uint64_t change, Moment asked, Deadline deadline) {
  const auto now = clock_.Steady();
  if (now < not_before_ || (announced_ == change && now < next_)) return absl::OkStatus();
  const absl::Status announced = Announce(change, asked, deadline);
  if (announced.ok() && now >= forget_) {
    forget_ = now + kForgetPause;
    Forget(asked.wall, deadline);
  }
  return announced;
}

// Those for whom a day has passed since the word of even the most patient one lost its force.
void ReplicaAnnouncer::Forget(WallTime now, Deadline deadline) {
  const auto replicas = store_.rotations().ListReplicas(deadline);
  if (!replicas.ok()) return;
  seconds longest = limit_;
  for (const ReplicaRecord& replica : *replicas) longest = std::max(longest, replica.stale_limit);
  // What stays is in nobody's way, and is tried again.
  (void)store_.rotations().ForgetReplicas(now - longest - kForgetAfter, deadline);
}

absl::Status ReplicaAnnouncer::Leave(Deadline deadline) {
  return store_.rotations().DropReplica(id_, deadline);
}

}  // namespace fieldkms
