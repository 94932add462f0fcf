// When a call to AWS KMS is made again, and when not.
#ifndef FIELDKMS_KMS_ROOT_AWS_RETRY_H_
#define FIELDKMS_KMS_ROOT_AWS_RETRY_H_

#include <chrono>
#include <mutex>

#include "absl/status/status.h"
#include "kms/root/http_client.h"

namespace fieldkms {

enum class AwsRemedy {
  kNone,            // asking again changes nothing
  kRetry,           // a fault of the service or of the way to it
  kSlowRetry,       // too many calls
  kNewCredentials,  // ask the source of the credentials anew
  kSetClock,        // take the time that the service says
};

struct AwsFailure {
  AwsRemedy remedy = AwsRemedy::kNone;
  // What the caller is told if there is no further try.
  absl::Status status;
};

// JudgeAwsAnswer says what an answer other than 200 means. Statuses:
//   kFailedPrecondition, reason kRootWrongKey     the key did not wrap that
//   kFailedPrecondition, reason kRootUnavailable  an operator has to act; says how
//   kUnavailable, reason kRootUnavailable         faults and throttling
AwsFailure JudgeAwsAnswer(const HttpResponse& response);

// JudgeSendFailure does so for a call that got no answer: `status` is of HttpClient or
// of a source of credentials.
AwsFailure JudgeSendFailure(const absl::Status& status);

// AwsPause is how long to wait before try `attempt` + 1: a random part ("full jitter")
// of 50 ms, or 500 ms where there were too many calls, doubled for each try.
std::chrono::milliseconds AwsPause(AwsRemedy remedy, int attempt);

// AwsRetryBudget bounds the share of retries among the calls of a process, so that a
// service in trouble gets no flood on top. Thread-safe.
class AwsRetryBudget {
 public:
  // Whether a retry may be made.
  bool Take();
  // A call went well.
  void Refill();

 private:
  static constexpr int kCapacity = 100;
  static constexpr int kCost = 10;  // of a retry, in calls that went well

  std::mutex mutex_;
  int tokens_ = kCapacity;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_AWS_RETRY_H_
