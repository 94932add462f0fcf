// SingleFlight lets callers that want the same thing at the same time share one
// run of what fetches it.
#ifndef FIELDKMS_KMS_SINGLE_FLIGHT_H_
#define FIELDKMS_KMS_SINGLE_FLIGHT_H_

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/status.h"
#include "kms/clock.h"

namespace fieldkms {

// Result: absl::Status or absl::StatusOr<T>, copyable. Thread-safe.
template <class Result>
class SingleFlight {
 public:
  explicit SingleFlight(const Clock& clock) : clock_(clock) {}

  // Do returns what `run` returns, run by this caller or by one that came before
  // with the same `key` and is still at it. A waiter leaves with
  // kDeadlineExceeded at its own deadline; where the runner fails by its own,
  // waiters that have time left start over. `run` must store what it fetched
  // before it returns, and look there first: a caller that comes just too late to
  // share a run makes another.
  template <class Run>
  Result Do(const std::string& key, Deadline deadline, const Run& run) {
    while (true) {
      const auto [flight, runner] = Join(key);
      if (runner) return RunFor(key, *flight, run);
      waiting_.fetch_add(1, std::memory_order_relaxed);
      std::optional<Result> result = flight->Wait(WakeTime(clock_, deadline));
      waiting_.fetch_sub(1, std::memory_order_relaxed);
      if (!result) return DeadlineExceeded();
      const bool runner_gave_up = CodeOf(*result) == absl::StatusCode::kDeadlineExceeded;
      if (!runner_gave_up || clock_.Steady() >= deadline) return *std::move(result);
    }
  }

  // How many callers wait for another's run right now.
  int waiting() const { return waiting_.load(std::memory_order_relaxed); }

 private:
  static absl::Status Unshared(const absl::Status& status) { return DeepCopy(status); }
  template <class T>
  static absl::StatusOr<T> Unshared(const absl::StatusOr<T>& result) {
    if (!result.ok()) return Unshared(result.status());
    return result;
  }

  class Flight {
   public:
    void Land(const Result& result) {
      {
        const std::lock_guard lock(mutex_);
        result_ = Unshared(result);
      }
      landed_.notify_all();
    }
    std::optional<Result> Wait(Deadline until) {
      std::unique_lock lock(mutex_);
      const bool landed = landed_.wait_until(lock, until, [this] { return result_.has_value(); });
      return landed ? std::optional<Result>(Unshared(*result_)) : std::nullopt;
    }

   private:
    std::mutex mutex_;
    std::condition_variable landed_;
    std::optional<Result> result_;
  };

  static absl::Status DeadlineExceeded() {
    return Error(absl::StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded,
                 "the deadline passed while another caller fetched the same");
  }
  static absl::StatusCode CodeOf(const absl::Status& status) { return status.code(); }
  template <class T>
  static absl::StatusCode CodeOf(const absl::StatusOr<T>& result) {
    return result.status().code();
  }

  // The flight of `key`, and whether the caller is to run it.
  std::pair<std::shared_ptr<Flight>, bool> Join(const std::string& key) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Flight>& flight = flights_[key];
    const bool runner = !flight;
    if (runner) flight = std::make_shared<Flight>();
    return {flight, runner};
  }

  template <class Run>
  Result RunFor(const std::string& key, Flight& flight, const Run& run) {
    // Whatever happens in `run`, nobody is left waiting.
    Result result = Error(absl::StatusCode::kInternal, Reason::kInternal, "a fetch was abandoned");
    struct Landing {
      SingleFlight* self;
      const std::string& key;
      Flight& flight;
      const Result& result;
      ~Landing() {
        self->Leave(key);
        flight.Land(result);
      }
    };
    {
      const Landing landing{this, key, flight, result};
      result = run();
    }
    return result;
  }

  void Leave(const std::string& key) {
    const std::lock_guard lock(mutex_);
    flights_.erase(key);
  }

  const Clock& clock_;
  std::atomic<int> waiting_{0};
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<Flight>> flights_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SINGLE_FLIGHT_H_
