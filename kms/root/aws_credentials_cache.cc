#include "kms/root/aws_credentials_cache.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "crypto/status.h"

namespace fieldkms {

bool AwsCredentialCache::NearerThan(std::chrono::seconds margin) const {
  return current_->expires && clock_.Now() >= *current_->expires - margin;
}

AwsCredentialCache::Credentials AwsCredentialCache::Ready() const {
  if (Expired()) return nullptr;
  const bool renew = NearerThan(kAhead) && !fetching_ && clock_.Now() >= next_renewal_;
  return renew ? nullptr : current_;
}

absl::StatusOr<AwsCredentialCache::Credentials> AwsCredentialCache::Fetch(Deadline deadline) const {
  FIELDKMS_ASSIGN_OR_RETURN(std::optional<AwsCredentials> found, source_->Fetch(deadline));
  if (!found) return BadAwsSetting("there are no credentials of AWS");
  if (found->expires && *found->expires <= clock_.Now()) {
    return AwsSourceUnavailable("the credentials of AWS that are given here have expired");
  }
  return std::make_shared<const AwsCredentials>(std::move(*found));
}

absl::StatusOr<AwsCredentialCache::Credentials> AwsCredentialCache::Get(Deadline deadline) {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (Credentials ready = Ready()) return ready;
    if (!fetching_) break;
    const uint64_t round = rounds_;
    if (!fetched_.wait_until(lock, WakeTime(clock_, deadline), [&] { return rounds_ != round; })) {
      return Error(absl::StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded,
                   "the deadline passed before credentials of AWS were there");
    }
    // What failed for the one who asked fails for all who waited, but for its deadline.
    if (Expired() && !last_error_.ok() &&
        last_error_.code() != absl::StatusCode::kDeadlineExceeded) {
      return last_error_;
    }
  }
  fetching_ = true;
  const bool ahead = !Expired();
  lock.unlock();
  absl::StatusOr<Credentials> fetched =
      Fetch(ahead ? std::min(deadline, clock_.Steady() + kPatience) : deadline);
  lock.lock();
  fetching_ = false;
  ++rounds_;
  next_renewal_ = clock_.Now() + kPause;
  last_error_ = fetched.status();
  if (fetched.ok()) current_ = *fetched;
  fetched_.notify_all();
  if (!fetched.ok() && !Expired()) return current_;
  return fetched;
}

void AwsCredentialCache::Reject(const Credentials& used) {
  const std::lock_guard lock(mutex_);
  if (current_ == used) current_ = nullptr;
}

}  // namespace fieldkms
