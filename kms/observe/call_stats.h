// CallStats: how often each method was called, how that ended, and how long it took.
#ifndef FIELDKMS_KMS_OBSERVE_CALL_STATS_H_
#define FIELDKMS_KMS_OBSERVE_CALL_STATS_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace fieldkms {

// Upper bounds of a histogram's buckets, in nanoseconds; longer calls are in one more.
inline constexpr std::array<int64_t, 13> kCallBuckets = {
    50'000,     100'000,    250'000,    500'000,     1'000'000,   2'500'000,    5'000'000,
    10'000'000, 25'000'000, 50'000'000, 100'000'000, 250'000'000, 1'000'000'000};
// Codes of gRPC, from OK to UNAUTHENTICATED.
inline constexpr size_t kCallCodes = 17;

// What was counted so far; each number by itself is right.
struct MethodCounts {
  std::string method;  // "CryptoService.Encrypt"
  std::array<uint64_t, kCallCodes> by_code{};
  std::array<uint64_t, kCallBuckets.size() + 1> by_time{};
  std::chrono::nanoseconds time{};  // of all calls together
  uint64_t items = 0;
  uint64_t failed_items = 0;
};

// Of one method. Thread-safe, without a lock.
class MethodStats {
 public:
  explicit MethodStats(std::string_view method) : method_(method) {}

  void Note(absl::StatusCode code, std::chrono::nanoseconds took, uint32_t items, uint32_t failed);
  MethodCounts Counts() const;
  const std::string& method() const { return method_; }

 private:
  using Counter = std::atomic<uint64_t>;

  const std::string method_;
  std::array<Counter, kCallCodes> by_code_{};
  std::array<Counter, kCallBuckets.size() + 1> by_time_{};
  std::atomic<int64_t> time_ = 0;
  Counter items_ = 0;
  Counter failed_items_ = 0;
};

// Thread-safe. Methods are those of the program: as many as it has.
class CallStats {
 public:
  // The same for each call with that name; lives as long as this.
  MethodStats& Of(std::string_view method);
  std::vector<MethodCounts> All() const;

 private:
  mutable std::mutex mutex_;
  std::list<MethodStats> methods_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_OBSERVE_CALL_STATS_H_
