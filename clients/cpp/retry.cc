#include "clients/cpp/retry.h"

#include <algorithm>
#include <cstdint>
#include <thread>
#include <utility>

#include "crypto/random.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

using std::chrono::milliseconds;

// Jitter of the process's generator: safe in every thread and after a fork.
double RandomFraction() {
  uint8_t bytes[8];
  // Without randomness, the longest wait is the considerate one.
  if (!RandomBytes(bytes).ok()) return 1.0;
  constexpr double kTwoTo53 = 9007199254740992.0;
  return static_cast<double>(GetU64(bytes) >> 11) / kTwoTo53;
}

}  // namespace

bool RetryBudget::Take() {
  const std::lock_guard lock(mutex_);
  if (tenths_ < kTenths) return false;
  tenths_ -= kTenths;
  return true;
}

void RetryBudget::Refill() {
  const std::lock_guard lock(mutex_);
  tenths_ = std::min(tenths_ + 1, capacity_);
}

RetryEnvironment RetryEnvironment::Real() {
  return {.now = [] { return std::chrono::steady_clock::now(); },
          .sleep = [](milliseconds time) { std::this_thread::sleep_for(time); },
          .jitter = RandomFraction};
}

bool IsRetryable(const AttemptResult& outcome) {
  switch (outcome.status.code()) {
    case absl::StatusCode::kUnavailable:
      return true;
    case absl::StatusCode::kResourceExhausted:
      return outcome.retry_after.has_value();
    default:
      return false;
  }
}

bool WasNotBegun(const AttemptResult& outcome) {
  switch (ReasonOf(outcome.status)) {
    case Reason::kRateLimited:
    case Reason::kTooManyConnections:
    case Reason::kDraining:
      return IsRetryable(outcome);
    default:
      return false;
  }
}

milliseconds BackoffBefore(int attempt, const RetryPolicy& policy, const AttemptResult& last,
                           double jitter) {
  constexpr int kMaxDoublings = 20;  // beyond any sensible cap
  const int doublings = std::clamp(attempt - 2, 0, kMaxDoublings);
  const milliseconds bound = std::min(policy.backoff_cap, policy.backoff_base * (1 << doublings));
  const auto wait = milliseconds(static_cast<int64_t>(static_cast<double>(bound.count()) * jitter));
  return wait + last.retry_after.value_or(milliseconds(0));
}

Retrier::Retrier(const RetryPolicy& policy, int budget_tokens, RetryEnvironment environment)
    : policy_(policy), environment_(std::move(environment)), budget_(budget_tokens) {}

absl::Status Retrier::Run(milliseconds timeout,
                          const std::function<AttemptResult(TimePoint deadline)>& attempt,
                          RetryRule rule) {
  const TimePoint deadline = environment_.now() + timeout;
  for (int number = 1;; ++number) {
    AttemptResult outcome = attempt(deadline);
    if (outcome.status.ok() && number == 1) budget_.Refill();
    if (!rule(outcome) || number >= policy_.max_attempts) return std::move(outcome.status);
    const milliseconds wait = BackoffBefore(number + 1, policy_, outcome, environment_.jitter());
    if (environment_.now() + wait >= deadline || !budget_.Take()) return std::move(outcome.status);
    environment_.sleep(wait);
  }
}

}  // namespace fieldkms
