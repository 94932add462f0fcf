// Retrying calls: which failures, how often, how long between.
#ifndef FIELDKMS_CLIENTS_CPP_RETRY_H_
#define FIELDKMS_CLIENTS_CPP_RETRY_H_

#include <chrono>
#include <functional>
#include <mutex>

#include "absl/status/status.h"
#include "clients/cpp/rpc_status.h"

namespace fieldkms {

using TimePoint = std::chrono::steady_clock::time_point;

struct RetryPolicy {
  int max_attempts = 3;  // the first one included; at least 1
  std::chrono::milliseconds backoff_base{50};
  std::chrono::milliseconds backoff_cap{2'000};
};

// RetryBudget keeps a client from multiplying the load on a service that is in
// trouble: a retry takes a token, a call that needed none gives a tenth back.
// While the budget is empty, calls fail with their first error. Thread-safe.
class RetryBudget {
 public:
  explicit RetryBudget(int tokens) : capacity_(tokens * kTenths), tenths_(capacity_) {}

  bool Take();
  void Refill();

 private:
  static constexpr int kTenths = 10;
  const int capacity_;
  std::mutex mutex_;
  int tenths_;  // guarded by mutex_
};

// What a Retrier needs of the world, so that tests need not wait.
struct RetryEnvironment {
  std::function<TimePoint()> now;
  std::function<void(std::chrono::milliseconds)> sleep;
  std::function<double()> jitter;  // uniform in [0, 1)
  // The machine's clock, a real sleep and OpenSSL's randomness.
  static RetryEnvironment Real();
};

// IsRetryable: UNAVAILABLE always, RESOURCE_EXHAUSTED where the server says when
// to come back. Everything else would fail again, or might act twice.
bool IsRetryable(const AttemptResult& outcome);

// WasNotBegun: those of them with which the service says that it did nothing yet: it slows the
// caller down, or is going down. For calls that must not act twice and have no request id.
bool WasNotBegun(const AttemptResult& outcome);

// One of the two above.
using RetryRule = bool (*)(const AttemptResult& outcome);

// BackoffBefore returns how long to wait before attempt `attempt` (2, 3, ...):
// full jitter below an exponentially growing bound, on top of what the server
// asked for.
std::chrono::milliseconds BackoffBefore(int attempt, const RetryPolicy& policy,
                                        const AttemptResult& last, double jitter);

// Retrier runs calls under one policy and budget. Thread-safe.
class Retrier {
 public:
  Retrier(const RetryPolicy& policy, int budget_tokens, RetryEnvironment environment);

  // Run calls `attempt` until it succeeds, fails for good, or attempts, budget or
  // time run out, and returns the last outcome. `attempt` gets the deadline of
  // the whole, which is `timeout` from now. A wait that would outlast the
  // deadline is not begun.
  absl::Status Run(std::chrono::milliseconds timeout,
                   const std::function<AttemptResult(TimePoint deadline)>& attempt,
                   RetryRule rule = IsRetryable);

 private:
  const RetryPolicy policy_;
  const RetryEnvironment environment_;
  RetryBudget budget_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_RETRY_H_
