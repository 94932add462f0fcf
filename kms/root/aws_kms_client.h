// AwsKmsClient calls AWS KMS: signs, sends, and tries again where that helps.
#ifndef FIELDKMS_KMS_ROOT_AWS_KMS_CLIENT_H_
#define FIELDKMS_KMS_ROOT_AWS_KMS_CLIENT_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/root/aws_credentials_cache.h"
#include "kms/root/aws_retry.h"
#include "kms/root/aws_url.h"
#include "kms/root/http_client.h"

namespace fieldkms {

struct AwsKmsClientParts {
  AwsUrl endpoint;
  std::string region;
  std::shared_ptr<const HttpClient> http;
  AwsSource credentials;
  const Clock* clock = nullptr;  // outlives the client
  // Waits before a retry.
  std::function<void(std::chrono::milliseconds)> pause;
};

// Thread-safe: calls run side by side.
class AwsKmsClient {
 public:
  // A call is made at most so often, whatever goes wrong.
  static constexpr int kMaxAttempts = 3;

  explicit AwsKmsClient(AwsKmsClientParts parts);

  // Call posts `body` to an operation such as "Encrypt" and returns the body of the
  // answer of status 200, which the caller wipes if it holds secrets. Faults, throttling
  // and broken connections are tried again after a pause, as long as the deadline and
  // the budget of retries allow; expired credentials are renewed once, and a clock that
  // is wrong by more than four minutes is corrected once. Errors: those of
  // JudgeAwsAnswer, HttpClient and AwsCredentialCache.
  absl::StatusOr<std::string> Call(std::string_view operation, std::string_view body,
                                   Deadline deadline) const;

 private:
  // What one try leaves behind.
  struct Attempt {
    AwsCredentialCache::Credentials credentials;
    absl::StatusOr<HttpResponse> response;
  };

  absl::StatusOr<HttpResponse> Send(std::string_view operation, std::string_view body,
                                    const AwsCredentials& credentials, Deadline deadline) const;
  Attempt Try(std::string_view operation, std::string_view body, Deadline deadline) const;
  // Does what `remedy` says. False if that does not help.
  bool Cure(AwsRemedy remedy, int attempt, const Attempt& failed, Deadline deadline) const;
  bool SetClock(const HttpResponse& response) const;
  WallTime Now() const;

  AwsKmsClientParts parts_;  // without the credentials, which the cache has
  mutable AwsCredentialCache credentials_;
  mutable AwsRetryBudget budget_;
  // What AWS's clock is ahead of ours, where ours is wrong.
  mutable std::atomic<std::chrono::seconds::rep> clock_offset_ = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_AWS_KMS_CLIENT_H_
