#include "crypto/random.h"

#include <openssl/rand.h>
#include <pthread.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

#include "crypto/openssl.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr size_t kMaxRandBytes = size_t{1} << 30;  // RAND_bytes takes an int

// Counts the forks on the way to this process: a pool of another count is a
// copy of the parent's.
std::atomic<uint32_t> fork_count{0};

void CountForks() {
  static const int registered =
      pthread_atfork(nullptr, nullptr, [] { fork_count.fetch_add(1, std::memory_order_relaxed); });
  (void)registered;
}

// A pool is used within the second in which it was filled. Policy takes its time
// from kms/clock.h; this is no policy but hygiene, on the path of every message:
// the coarse clock costs 5 ns and is right to 4 ms.
time_t CoarseSecond() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec;
}

class NoncePool {
 public:
  ~NoncePool() { Wipe(bytes_); }

  absl::Status Take(std::span<uint8_t, 24> out) {
    const time_t now = CoarseSecond();
    if (next_ + out.size() > bytes_.size() || now != filled_at_ ||
        forks_ != fork_count.load(std::memory_order_relaxed)) {
      FIELDKMS_RETURN_IF_ERROR(Refill(now));
    }
    uint8_t* taken = bytes_.data() + next_;
    std::memcpy(out.data(), taken, out.size());
    Wipe({taken, out.size()});
    next_ += out.size();
    return absl::OkStatus();
  }

 private:
  absl::Status Refill(time_t now) {
    CountForks();
    next_ = bytes_.size();  // empty, should the generator fail
    // A clone of a virtual machine has a copy of OpenSSL's generator too. The
    // kernel's learns of the cloning (Linux 5.18 and later): take from it anew.
    if (now != filled_at_ && RAND_poll() != 1) return CryptoFailure("RAND_poll");
    FIELDKMS_RETURN_IF_ERROR(RandomBytes(bytes_));
    next_ = 0;
    filled_at_ = now;
    forks_ = fork_count.load(std::memory_order_relaxed);
    return absl::OkStatus();
  }

  std::array<uint8_t, 4096> bytes_ = {};
  size_t next_ = bytes_.size();
  time_t filled_at_ = 0;
  uint32_t forks_ = 0;
};

}  // namespace

absl::Status RandomBytes(MutableBytes out) {
  for (MutableBytes rest = out; !rest.empty();) {
    const MutableBytes part = rest.first(std::min(rest.size(), kMaxRandBytes));
    if (RAND_bytes(part.data(), static_cast<int>(part.size())) != 1) {
      Wipe(out);
      return CryptoFailure("RAND_bytes");
    }
    rest = rest.subspan(part.size());
  }
  return absl::OkStatus();
}

absl::Status FillNonce(std::span<uint8_t, 24> out) {
  thread_local NoncePool pool;
  absl::Status status = pool.Take(out);
  if (!status.ok()) Wipe(out);
  return status;
}

}  // namespace fieldkms
