// Flights lets callers that want the same thing at the same time share one run of what
// gets it. Internal to clients/cpp.
#ifndef FIELDKMS_CLIENTS_CPP_FLIGHTS_H_
#define FIELDKMS_CLIENTS_CPP_FLIGHTS_H_

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "crypto/status.h"

namespace fieldkms {

// Thread-safe. No lock is held while something runs.
class Flights {
 public:
  // Do returns what `run` returns, run by this caller or by one that came before with the
  // same `what` and is still at it. `run` must look first whether it is still needed: a
  // caller that comes just too late to share a run makes another.
  template <class Run>
  absl::Status Do(uint32_t what, const Run& run) {
    for (;;) {
      const auto [flight, is_mine] = Join(what);
      if (is_mine) return Fly(what, *flight, run);
      absl::Status status = Await(*flight);
      if (status.ok() || !flight->brief) return status;
    }
  }

  // TryDo returns what `run` returns, run by this caller, or nothing, at once, where another
  // is at the same. A run of this kind may give up sooner than a caller of Do would, so its
  // failure says little: whoever waited for it tries by itself.
  template <class Run>
  std::optional<absl::Status> TryDo(uint32_t what, const Run& run) {
    const std::shared_ptr<Flight> flight = Begin(what);
    if (flight == nullptr) return std::nullopt;
    return Fly(what, *flight, run);
  }

  // How many callers wait for another's run right now.
  int waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }

 private:
  struct Flight {
    explicit Flight(bool is_brief) : brief(is_brief) {}
    const bool brief;  // of TryDo
    bool landed = false;
    absl::Status status;
  };

  // The one that is under way, or a new one, which is the caller's.
  std::pair<std::shared_ptr<Flight>, bool> Join(uint32_t what) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Flight>& flight = flights_[what];
    const bool is_mine = flight == nullptr;
    if (is_mine) flight = std::make_shared<Flight>(/*is_brief=*/false);
    return {flight, is_mine};
  }
  // A new one, or null where one is under way.
  std::shared_ptr<Flight> Begin(uint32_t what) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Flight>& flight = flights_[what];
    if (flight != nullptr) return nullptr;
    flight = std::make_shared<Flight>(/*is_brief=*/true);
    return flight;
  }
  template <class Run>
  absl::Status Fly(uint32_t what, Flight& flight, const Run& run) {
    absl::Status status = run();
    Land(what, flight, status);
    return status;
  }
  absl::Status Await(const Flight& flight) {
    std::unique_lock lock(mutex_);
    ++waiting_;
    landed_.wait(lock, [&flight] { return flight.landed; });
    --waiting_;
    return DeepCopy(flight.status);
  }
  void Land(uint32_t what, Flight& flight, const absl::Status& status) {
    {
      const std::lock_guard lock(mutex_);
      flights_.erase(what);
      flight.status = DeepCopy(status);
      flight.landed = true;
    }
    landed_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable landed_;
  int waiting_ = 0;                                      // guarded by mutex_
  std::map<uint32_t, std::shared_ptr<Flight>> flights_;  // guarded by mutex_, as what is in them
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_FLIGHTS_H_
