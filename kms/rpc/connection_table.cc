#include "kms/rpc/connection_table.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr int kMinOpenFiles = 1024;
constexpr int kMaxNumbers = 65'536;
// Numbers that one Enter may look at. Of so many in a row, each taken or in
// quarantine, the range is full for any practical purpose.
constexpr int kMaxProbes = 64;

}  // namespace

ConnectionTable::ConnectionTable(int first, int count)
    : first_(first), count_(count), next_(first), entries_(new Entry[static_cast<size_t>(count)]) {}

absl::StatusOr<std::unique_ptr<ConnectionTable>> ConnectionTable::ReserveNumbers() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return Error(absl::StatusCode::kInternal, Reason::kInternal, "cannot read RLIMIT_NOFILE");
  }
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);  // best effort: what we got is read back
    getrlimit(RLIMIT_NOFILE, &limit);
  }
  const int files = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, rlim_t{2} * kMaxNumbers));
  if (files < kMinOpenFiles) {
    return Error(absl::StatusCode::kResourceExhausted, Reason::kTooManyConnections,
                 "the limit of open files (ulimit -n) is below 1024; raise it");
  }
  // The lower part is left to gRPC, SQLite, logs and the accepted descriptors
  // themselves, which get the lowest free number.
  const int count = std::min(kMaxNumbers, files / 2);
  return std::make_unique<ConnectionTable>(files - count, count);
}

std::optional<int> ConnectionTable::Enter(int fd, const Peer& peer, TokenBucket::TimePoint now) {
  for (int probe = 0; probe < kMaxProbes; ++probe) {
    if (next_ >= first_ + count_) next_ = first_;
    const int number = fcntl(fd, F_DUPFD_CLOEXEC, next_);
    if (number < 0) {  // nothing free up to the limit: start over from the bottom
      if (next_ == first_) return std::nullopt;
      next_ = first_;
      continue;
    }
    if (!Contains(number)) {
      close(number);
      next_ = first_;
      continue;
    }
    next_ = number + 1;
    Entry& entry = At(number);
    if (entry.open || entry.free_at > now) {
      close(number);
      continue;
    }
    entry.open = true;
    entry.calls.Reset();
    entry.who.store((uint64_t{peer.uid} << 32) | kSet | static_cast<uint32_t>(peer.pid),
                    std::memory_order_release);
    return number;
  }
  return std::nullopt;
}

void ConnectionTable::Leave(int number, TokenBucket::TimePoint now) {
  if (!Contains(number)) return;
  At(number).open = false;
  At(number).free_at = now + kQuarantine;
}

Peer ConnectionTable::Find(int number) const {
  if (!Contains(number)) return {};
  const uint64_t who =
      entries_[static_cast<size_t>(number - first_)].who.load(std::memory_order_acquire);
  if ((who & kSet) == 0) return {};
  return {true, static_cast<uid_t>(who >> 32), static_cast<pid_t>(who & (kSet - 1))};
}

TokenBucket* ConnectionTable::Bucket(int number) {
  return Contains(number) ? &At(number).calls : nullptr;
}

}  // namespace fieldkms
