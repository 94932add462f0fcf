#include "kms/keyring/change_follower.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "crypto/status.h"

namespace fieldkms {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr size_t kChangesAtOnce = 1'000;
// The thread looks up this often whether it should end.
constexpr milliseconds kLongestWait{200};
constexpr seconds kReadPatience{5};
constexpr seconds kRootPatience{8};  // less than a shutdown may take
constexpr milliseconds kRefreshPause{1'000};

}  // namespace

ChangeFollower::ChangeFollower(KeyringCore& core, uint64_t from) : core_(core), change_(from) {
  NoteSeen(core.clock.Steady());
}

ChangeFollower::~ChangeFollower() { Stop(); }

absl::Status ChangeFollower::Announce(std::string replica_id, Deadline deadline) {
  announcer_.emplace(core_.store, core_.clock, std::move(replica_id), core_.options.stale_limit);
  return announcer_->Announce(change(), ReplicaAnnouncer::Now(core_.clock), deadline);
}

void ChangeFollower::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopping_.notify_all();
  if (following_.joinable()) following_.join();
  if (refreshing_.joinable()) refreshing_.join();
}

void ChangeFollower::Start() {
  if (started_.exchange(true)) return;
  following_ = std::thread([this] { Follow(); });
  refreshing_ = std::thread([this] { Refresh(); });
}

absl::Status ChangeFollower::Leave(Deadline deadline) {
  return announcer_ ? announcer_->Leave(deadline) : absl::OkStatus();
}

SteadyTime ChangeFollower::store_seen() const {
  return SteadyTime(SteadyTime::duration(store_seen_.load(std::memory_order_relaxed)));
}

SteadyTime ChangeFollower::fresh_until() const {
  return SteadyTime(SteadyTime::duration(fresh_until_.load(std::memory_order_relaxed)));
}

void ChangeFollower::NoteSeen(SteadyTime asked) {
  SteadyTime fresh_until = asked + core_.options.stale_limit;
  if (announcer_) {
    fresh_until =
        std::min(fresh_until, std::max(announcer_->word_until(), asked + kUnannouncedLimit));
  }
  store_seen_.store(asked.time_since_epoch().count(), std::memory_order_relaxed);
  fresh_until_.store(fresh_until.time_since_epoch().count(), std::memory_order_relaxed);
}

absl::Status ChangeFollower::FollowOnce(Deadline until) {
  // What the store says is true of some moment after this one.
  const ReplicaAnnouncer::Moment asked = ReplicaAnnouncer::Now(core_.clock);
  FIELDKMS_ASSIGN_OR_RETURN(const uint64_t newest, core_.store.WaitForChange(change(), until));
  if (newest < change()) {
    // The store is an older one than before, restored or failed over to: nothing that was
    // loaded from the other is known to be true of it.
    core_.loader.Forget();
    if (core_.listener != nullptr) core_.listener->OnAllChanged();
    change_.store(newest, std::memory_order_relaxed);
  }
  FIELDKMS_RETURN_IF_ERROR(CatchUp(newest));
  if (announcer_) {
    // A store that takes nothing is still followed; see kUnannouncedLimit.
    (void)announcer_->AnnounceIfDue(change(), asked, core_.clock.Steady() + kReadPatience);
  }
  NoteSeen(asked.steady);
  return absl::OkStatus();
}

absl::Status ChangeFollower::CatchUp(uint64_t newest) {
  while (change() < newest) {
    const Deadline deadline = core_.clock.Steady() + kReadPatience;
    FIELDKMS_ASSIGN_OR_RETURN(const std::vector<Change> changes,
                              core_.store.ReadChanges(change(), kChangesAtOnce, deadline));
    for (size_t i = 0; i < changes.size(); ++i) {
      FIELDKMS_RETURN_IF_ERROR(Hear(changes[i]));
      // A number may stand on many records: it was heard when the last of them was.
      const bool last = i + 1 == changes.size() || changes[i + 1].number != changes[i].number;
      if (last) change_.store(changes[i].number, std::memory_order_relaxed);
    }
    // Of numbers that stand on no record any more, there is nothing to hear.
    if (changes.size() < kChangesAtOnce) {
      change_.store(std::max(change(), newest), std::memory_order_relaxed);
    }
  }
  return absl::OkStatus();
}

absl::Status ChangeFollower::Hear(const Change& change) {
  switch (change.kind) {
    case ChangeKind::kTenant:
      break;
    case ChangeKind::kKey:
      return core_.loader.HearOfKey(change.tenant, change.key_id,
                                    core_.clock.Steady() + kReadPatience);
    case ChangeKind::kAlias:
      core_.loader.HearOfAlias(change.tenant, change.name);
      break;
    case ChangeKind::kField:
      if (core_.listener != nullptr) core_.listener->OnFieldChanged(change.tenant, change.name);
      break;
  }
  return absl::OkStatus();
}

absl::Status ChangeFollower::RefreshOnce() {
  return core_.keks.RefreshDue(core_.clock.Steady() + kRootPatience);
}

void ChangeFollower::Follow() {
  const milliseconds wait = std::min(core_.options.poll, kLongestWait);
  while (Pause(milliseconds(0))) {
    const absl::Status status = FollowOnce(core_.clock.Steady() + wait);
    // Who could not be reached is asked again with the next poll.
    if (!status.ok() && !Pause(core_.options.poll)) return;
  }
}

void ChangeFollower::Refresh() {
  while (Pause(kRefreshPause)) {
    // What cannot be refreshed shows in the root's health, and where it ends, in calls.
    (void)RefreshOnce();
  }
}

bool ChangeFollower::Pause(milliseconds time) {
  std::unique_lock lock(mutex_);
  stopping_.wait_for(lock, time, [this] { return stop_; });
  return !stop_;
}

}  // namespace fieldkms
