#include "kms/service/trouble_log.h"

#include <utility>
#include <vector>

#include "kms/observe/log.h"

namespace fieldkms {
namespace {

constexpr std::chrono::seconds kInterval(10);

}  // namespace

bool OperatorReason(Reason reason) { return !PublicText(reason).empty(); }

std::string_view PublicText(Reason reason) {
  switch (reason) {
    case Reason::kStoreUnavailable:
      return "the key store cannot be reached";
    case Reason::kStoreFull:
      return "the key store has no space left, nothing was changed";
    case Reason::kStoreCorrupt:
      return "the key store is damaged";
    case Reason::kStoreTooNew:
      return "the key store is of a newer release";
    case Reason::kRootUnavailable:
      return "the root of trust cannot be reached";
    case Reason::kRootWrongKey:
      return "the root of trust does not open the keys";
    case Reason::kRootDenied:
      return "the root of trust refuses the service's credentials";
    case Reason::kAuditUnavailable:
      return "the audit trail cannot be written, so nothing is answered";
    case Reason::kMemoryLock:
      return "no memory is left for keys";
    case Reason::kCryptoFailure:
      return "the cryptographic library failed";
    case Reason::kRootFilePermissions:
    case Reason::kDataDirInUse:
    case Reason::kConfigInvalid:
    case Reason::kInternal:
      return "internal error";
    default:
      return {};
  }
}

void TroubleLog::Note(std::string_view method, const absl::Status& status,
                      std::string_view trace_id) {
  const Reason reason = ReasonOf(status);
  if (!OperatorReason(reason) && reason != Reason::kOverloaded) return;
  int64_t left_out = 0;
  {
    std::lock_guard lock(mutex_);
    const auto now = clock_.Steady();
    const auto [entry, first] = last_.try_emplace({method, reason});
    Last& last = entry->second;
    if (!first && now - last.logged < kInterval) {
      ++last.left_out;
      return;
    }
    last.logged = now;
    left_out = std::exchange(last.left_out, 0);
  }
  const std::string_view message = HasReason(status) ? MessageOf(status) : "a status of a library";
  Log(LogLevel::kError, "call_failed",
      {{"method", method},
       {"reason", ReasonName(reason)},
       {"error", message},
       {"trace_id", trace_id},
       {"left_out", left_out}});
}

void TroubleLog::Flush() {
  std::vector<std::pair<Which, int64_t>> left_out;
  {
    std::lock_guard lock(mutex_);
    const auto now = clock_.Steady();
    for (auto& [which, last] : last_) {
      if (last.left_out == 0 || now - last.logged < kInterval) continue;
      left_out.emplace_back(which, std::exchange(last.left_out, 0));
    }
  }
  for (const auto& [which, count] : left_out) {
    Log(LogLevel::kError, "calls_failed",
        {{"method", which.first}, {"reason", ReasonName(which.second)}, {"count", count}});
  }
}

}  // namespace fieldkms
