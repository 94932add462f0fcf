// AwsCredentialCache keeps the credentials that calls are signed with fresh.
#ifndef FIELDKMS_KMS_ROOT_AWS_CREDENTIALS_CACHE_H_
#define FIELDKMS_KMS_ROOT_AWS_CREDENTIALS_CACHE_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/root/aws_credentials.h"
#include "kms/root/aws_credentials_sources.h"

namespace fieldkms {

// Thread-safe. The source is asked by one caller at a time, whatever the number of
// callers: metadata services and STS answer a stampede with errors. There is no thread
// of its own: the call that finds credentials about to expire renews them, while all
// others go on with the old ones.
class AwsCredentialCache {
 public:
  using Credentials = std::shared_ptr<const AwsCredentials>;

  // Credentials are renewed from this long before they expire, no more often than
  // `kPause`, and while the old ones serve for `kPatience` at most.
  static constexpr std::chrono::minutes kAhead{5};
  static constexpr std::chrono::seconds kPause{30};
  static constexpr std::chrono::seconds kPatience{2};

  // `clock` outlives the cache.
  AwsCredentialCache(AwsSource source, const Clock& clock)
      : source_(std::move(source)), clock_(clock) {}

  // Get returns credentials that have not expired. Errors are those of the source, and
  // kDeadlineExceeded while another caller waits for it; a renewal that fails is no
  // error while the old ones serve.
  absl::StatusOr<Credentials> Get(Deadline deadline);

  // Reject drops `used`, which AWS did not take, so that the next Get asks the source;
  // nothing happens if that was done meanwhile.
  void Reject(const Credentials& used);

 private:
  bool Expired() const { return !current_ || NearerThan(std::chrono::seconds(0)); }
  bool NearerThan(std::chrono::seconds margin) const;
  // The answer without asking the source, or null.
  Credentials Ready() const;
  absl::StatusOr<Credentials> Fetch(Deadline deadline) const;

  const AwsSource source_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable fetched_;
  Credentials current_;
  bool fetching_ = false;
  uint64_t rounds_ = 0;  // of fetching, that have ended
  absl::Status last_error_;
  WallTime next_renewal_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_AWS_CREDENTIALS_CACHE_H_
