// Flights lets callers that want the same thing at the same time share one run of what
// gets it. Internal to clients/cpp.
#ifndef FIELDKMS_CLIENTS_CPP_FLIGHTS_H_
#define FIELDKMS_CLIENTS_CPP_FLIGHTS_H_

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/status/status.h"
#include "crypto/status.h"

namespace fieldkms {

// Thread-safe. No lock is held while something runs.
class Flights {
 public:
  // How long a run tries: as long as any caller would, or less, so that its failure says
  // little and whoever waited for it tries by itself.
  enum class Patience { kFull, kShort };

  // Do returns what `run` returns, run by this caller or by one that came before with the
  // same `what` and is still at it. `run` must look first whether it is still needed: a
  // caller that comes just too late to share a run makes another.
  template <class Run>
  absl::Status Do(uint32_t what, Patience patience, const Run& run) {
    for (;;) {
      const auto [flight, is_mine] = Join(what, patience);
      if (is_mine) {
        const absl::Status status = run();
        Land(what, *flight, status);
        return status;
      }
      absl::Status status = Await(*flight);
      if (status.ok() || flight->patience == Patience::kFull) return status;
    }
  }

  // How many callers wait for another's run right now.
  int waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }

 private:
  struct Flight {
    explicit Flight(Patience the_patience) : patience(the_patience) {}
    const Patience patience;
    bool landed = false;
    absl::Status status;
  };

  std::pair<std::shared_ptr<Flight>, bool> Join(uint32_t what, Patience patience) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Flight>& flight = flights_[what];
    const bool is_mine = flight == nullptr;
    if (is_mine) flight = std::make_shared<Flight>(patience);
    return {flight, is_mine};
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
