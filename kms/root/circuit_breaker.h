// CircuitBreaker decides whether calls to a root key may go, by how the last ones
// went. It only counts: kms/root/call_guard.h makes the calls.
#ifndef FIELDKMS_KMS_ROOT_CIRCUIT_BREAKER_H_
#define FIELDKMS_KMS_ROOT_CIRCUIT_BREAKER_H_

#include <bitset>
#include <chrono>
#include <cstdint>
#include <functional>

#include "kms/clock.h"
#include "kms/root/root_health.h"

namespace fieldkms {

// RandomFraction returns a random number of [0, 1).
double RandomFraction();

struct BreakerOptions {
  // What opens it: so many failures in a row, or half of the last kWindow calls.
  int failures_in_a_row = 5;
  // An attempt is due after a random part of a backoff ("full jitter": replicas that
  // lost one root together do not come back together), which doubles with each
  // attempt that fails.
  std::chrono::nanoseconds first_backoff = std::chrono::seconds(1);
  std::chrono::nanoseconds max_backoff = std::chrono::seconds(30);
  std::function<double()> jitter = RandomFraction;
};

// Not thread-safe.
class CircuitBreaker {
 public:
  static constexpr size_t kWindow = 20;

  enum class Verdict {
    kAnswered,   // The root did its work, or refused it.
    kFailed,     // It could not be reached, or not in time.
    kNoVerdict,  // The call says nothing of the root.
  };
  // When a call began: its end counts only in the same state of the breaker.
  using Epoch = uint64_t;

  // `clock` outlives this object.
  CircuitBreaker(BreakerOptions options, const Clock& clock);

  // Whether a call may start now. Where it may, Start counts it; a breaker that is
  // open is then half-open, and admits no other call until this one has ended.
  bool Admits() const;
  Epoch Start();
  // End counts the outcome of a call, once; `reason` is that of a failure.
  void End(Epoch began, Verdict verdict, Reason reason);

  BreakerState state() const { return health_.state; }
  // Changes with the state, and only with it.
  Epoch epoch() const { return epoch_; }
  // When the next attempt is due, while it is open.
  Deadline retry_at() const { return retry_at_; }
  // All but `in_flight` and `waiting`.
  const RootHealth& health() const { return health_; }

 private:
  void Count(bool failed);
  bool TooManyFailures() const;
  void Open();
  void Become(BreakerState state);

  const BreakerOptions options_;
  const Clock& clock_;
  RootHealth health_;
  Epoch epoch_ = 0;
  bool probing_ = false;  // Half-open, and the one call has not ended.
  std::chrono::nanoseconds backoff_;
  Deadline retry_at_{};
  // Whether each of the last calls failed, the latest at bit 0.
  std::bitset<kWindow> window_;
  size_t in_window_ = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_CIRCUIT_BREAKER_H_
