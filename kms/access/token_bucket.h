// TokenBucket: a rate with a burst, in one atomic word (the generic cell rate
// algorithm): no lock, no timer, no allocation.
#ifndef FIELDKMS_KMS_ACCESS_TOKEN_BUCKET_H_
#define FIELDKMS_KMS_ACCESS_TOKEN_BUCKET_H_

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace fieldkms {

// Rate: `per_second` tokens flow in, up to `burst` are kept. per_second 0 means
// no limit. A take of more than `burst` counts as `burst`, so that a legal
// request never waits for ever.
struct Rate {
  double per_second = 0;
  double burst = 1;
};

// Thread-safe. Starts full.
class TokenBucket {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Take returns zero if `tokens` were taken, else how long until they can be,
  // with nothing taken.
  std::chrono::nanoseconds Take(const Rate& rate, double tokens, TimePoint now) {
    if (rate.per_second <= 0) return std::chrono::nanoseconds::zero();
    const double ns_per_token = 1e9 / rate.per_second;
    const auto cost = static_cast<int64_t>(std::min(tokens, rate.burst) * ns_per_token);
    const auto capacity = static_cast<int64_t>(rate.burst * ns_per_token);
    const int64_t at = now.time_since_epoch().count();
    int64_t full_at = full_at_.load(std::memory_order_relaxed);
    for (;;) {
      const int64_t next = std::max(full_at, at) + cost;
      if (next - at > capacity) return std::chrono::nanoseconds(next - at - capacity);
      if (full_at_.compare_exchange_weak(full_at, next, std::memory_order_relaxed)) {
        return std::chrono::nanoseconds::zero();
      }
    }
  }

  // Makes the bucket full again.
  void Reset() { full_at_.store(INT64_MIN / 2, std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> full_at_{INT64_MIN / 2};  // when it will be full, in steady nanoseconds
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ACCESS_TOKEN_BUCKET_H_
