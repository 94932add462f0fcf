#include "kms/root/circuit_breaker.h"

#include <algorithm>
#include <array>
#include <utility>

#include "crypto/random.h"

namespace fieldkms {

std::string_view BreakerStateName(BreakerState state) {
  switch (state) {
    case BreakerState::kClosed:
      return "closed";
    case BreakerState::kOpen:
      return "open";
    case BreakerState::kHalfOpen:
      return "half-open";
  }
  return "unknown";
}

double RandomFraction() {
  std::array<uint8_t, 4> bytes;
  // Without randomness, the whole backoff: late is safe.
  if (!RandomBytes(bytes).ok()) return 1;
  uint32_t number = 0;
  for (const uint8_t byte : bytes) number = number << 8 | byte;
  return number / 0x1p32;
}

CircuitBreaker::CircuitBreaker(BreakerOptions options, const Clock& clock)
    : options_(std::move(options)), clock_(clock), backoff_(options_.first_backoff) {
  health_.since = clock_.Now();
}

bool CircuitBreaker::Admits() const {
  switch (health_.state) {
    case BreakerState::kClosed:
      return true;
    case BreakerState::kOpen:
      return clock_.Steady() >= retry_at_;
    case BreakerState::kHalfOpen:
      return !probing_;
  }
  return false;
}

CircuitBreaker::Epoch CircuitBreaker::Start() {
  ++health_.calls;
  if (health_.state == BreakerState::kOpen) Become(BreakerState::kHalfOpen);
  probing_ = health_.state == BreakerState::kHalfOpen;
  return epoch_;
}

void CircuitBreaker::End(Epoch began, Verdict verdict, Reason reason) {
  const bool failed = verdict == Verdict::kFailed;
  if (failed) {
    ++health_.failures;
    health_.last_error = reason;
  }
  // It tells of a time before the last change.
  if (began != epoch_) return;
  probing_ = false;
  if (verdict == Verdict::kNoVerdict) return;
  health_.consecutive_failures = failed ? health_.consecutive_failures + 1 : 0;
  if (health_.state == BreakerState::kHalfOpen) {
    if (failed) return Open();
    backoff_ = options_.first_backoff;
    return Become(BreakerState::kClosed);
  }
  Count(failed);
  if (TooManyFailures()) Open();
}

void CircuitBreaker::Count(bool failed) {
  window_ = window_ << 1 | std::bitset<kWindow>(failed ? 1 : 0);
  in_window_ = std::min(in_window_ + 1, kWindow);
}

bool CircuitBreaker::TooManyFailures() const {
  return health_.consecutive_failures >= options_.failures_in_a_row ||
         (in_window_ == kWindow && window_.count() * 2 >= kWindow);
}

void CircuitBreaker::Open() {
  const double part = std::clamp(options_.jitter(), 0.0, 1.0);
  retry_at_ = clock_.Steady() + std::chrono::duration_cast<std::chrono::nanoseconds>(
                                    part * std::chrono::duration<double, std::nano>(backoff_));
  backoff_ = std::min(backoff_ * 2, options_.max_backoff);
  Become(BreakerState::kOpen);
}

void CircuitBreaker::Become(BreakerState state) {
  const bool was_closed = health_.state == BreakerState::kClosed;
  if (was_closed || state == BreakerState::kClosed) health_.since = clock_.Now();
  health_.state = state;
  ++epoch_;
  window_.reset();
  in_window_ = 0;
}

}  // namespace fieldkms
