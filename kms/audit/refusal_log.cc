#include "kms/audit/refusal_log.h"

#include <vector>

namespace fieldkms {
namespace {

// Beyond any uid: callers without one, and callers beyond the table.
constexpr uint64_t kUnknownCaller = uint64_t{1} << 32;
constexpr uint64_t kOtherCallers = kUnknownCaller + 1;

}  // namespace

RefusalLog::RefusalLog(AuditSink& sink, const Clock& clock, Rate rate)
    : sink_(sink), clock_(clock), rate_(rate) {}

RefusalLog::Caller& RefusalLog::CallerOf(const Peer& peer) {
  const uint64_t id = peer.known ? peer.uid : kUnknownCaller;
  const auto found = callers_.find(id);
  if (found != callers_.end()) return found->second;
  if (callers_.size() >= kMaxCallers) return callers_[kOtherCallers];
  Caller& caller = callers_[id];
  caller.peer = {peer.known, peer.uid, 0};
  return caller;
}

bool RefusalLog::Count(const Peer& peer) {
  std::lock_guard lock(mutex_);
  Caller& caller = CallerOf(peer);
  if (caller.bucket.Take(rate_, 1, clock_.Steady()).count() == 0) return false;
  ++caller.counted;
  return true;
}

void RefusalLog::Append(const AuditRecord& refusal, AuditWaiter* waiter) {
  if (!Count(refusal.peer)) return sink_.Append(refusal, waiter);
  if (waiter != nullptr) waiter->OnAudited(absl::OkStatus());
}

void RefusalLog::Flush() {
  std::vector<AuditRecord> floods;
  {
    std::lock_guard lock(mutex_);
    for (auto it = callers_.begin(); it != callers_.end();) {
      Caller& caller = it->second;
      if (caller.counted == 0) {
        it = callers_.erase(it);
        continue;
      }
      AuditRecord flood;
      flood.kind = AuditKind::kFlood;
      flood.peer = caller.peer;
      flood.items = caller.counted;
      floods.push_back(flood);
      caller.counted = 0;
      ++it;
    }
  }
  for (const AuditRecord& flood : floods) sink_.Append(flood, nullptr);
}

}  // namespace fieldkms
