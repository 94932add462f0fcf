#include "kms/audit/refusal_log.h"

#include <string>
#include <vector>

namespace fieldkms {
namespace {

// Callers beyond the tables.
constexpr char kOtherUsers[] = "*";
constexpr char kOtherAddresses[] = "net *";

// Whose part of the table it is: addresses are had by the thousand, and leave users theirs.
bool IsOfNetwork(std::string_view name) { return name.starts_with("net "); }

// Ports come anew with each connection.
std::string NameOf(const AuditRecord& refusal) {
  if (refusal.peer.known) return std::to_string(refusal.peer.uid);
  if (refusal.address.empty()) return "unknown";
  return "net " + std::string(refusal.address.substr(0, refusal.address.rfind(':')));
}

}  // namespace

RefusalLog::RefusalLog(AuditSink& sink, const Clock& clock, Rate rate)
    : sink_(sink), clock_(clock), rate_(rate) {}

RefusalLog::Caller& RefusalLog::CallerOf(const AuditRecord& refusal) {
  const std::string name = NameOf(refusal);
  const auto found = callers_.find(name);
  if (found != callers_.end()) return found->second;
  const bool network = IsOfNetwork(name);
  size_t& count = network ? addresses_ : users_;
  if (count >= kMaxCallers) {
    Caller& others = callers_[network ? kOtherAddresses : kOtherUsers];
    if (network) others.address = "*";
    return others;
  }
  ++count;
  Caller& caller = callers_[name];
  caller.peer = {refusal.peer.known, refusal.peer.uid, 0};
  caller.address = refusal.address;
  return caller;
}

bool RefusalLog::Count(const AuditRecord& refusal) {
  std::lock_guard lock(mutex_);
  Caller& caller = CallerOf(refusal);
  if (caller.bucket.Take(rate_, 1, clock_.Steady()).count() == 0) return false;
  ++caller.counted;
  return true;
}

void RefusalLog::Append(const AuditRecord& refusal, AuditWaiter* waiter) {
  if (!Count(refusal)) return sink_.Append(refusal, waiter);
  if (waiter != nullptr) waiter->OnAudited(absl::OkStatus());
}

void RefusalLog::Flush() {
  struct Flood {
    Peer peer;
    std::string address;
    uint32_t counted;
  };
  std::vector<Flood> floods;
  {
    std::lock_guard lock(mutex_);
    for (auto it = callers_.begin(); it != callers_.end();) {
      Caller& caller = it->second;
      if (caller.counted == 0) {
        const bool is_other = it->first == kOtherUsers || it->first == kOtherAddresses;
        if (!is_other) --(IsOfNetwork(it->first) ? addresses_ : users_);
        it = callers_.erase(it);
        continue;
      }
      floods.push_back({caller.peer, caller.address, caller.counted});
      caller.counted = 0;
      ++it;
    }
  }
  for (const Flood& flood : floods) {
    AuditRecord record;
    record.kind = AuditKind::kFlood;
    record.peer = flood.peer;
    record.address = flood.address;
    record.items = flood.counted;
    sink_.Append(record, nullptr);
  }
}

}  // namespace fieldkms
