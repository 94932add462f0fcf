// ServiceHealth: whether the service serves, for askers of whom nothing is known and who may be
// many. Internal to the Vault API.
#ifndef FIELDKMS_SQL_SHIM_SERVICE_HEALTH_H_
#define FIELDKMS_SQL_SHIM_SERVICE_HEALTH_H_

#include <chrono>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "sql/shim/workers.h"

namespace fieldkms::shim {

// However many ask, the service is asked once a second at most, and one worker waits for it.
// Thread- safe. The workers are stopped before this ends.
class ServiceHealth {
 public:
  using Then = std::function<void(bool serving)>;

  // `check` asks the service; it runs on a worker and may block.
  ServiceHealth(Workers& workers, std::function<bool()> check)
      : workers_(workers), check_(std::move(check)) {}

  // Calls `then` once: now, where the last answer is younger than a second; else later, on a
  // worker. False: the workers have no room to ask; it is not called.
  bool Ask(Then then);

 private:
  using Time = std::chrono::steady_clock::time_point;

  void Check();

  Workers& workers_;
  const std::function<bool()> check_;
  std::mutex mutex_;  // guards what follows
  bool serving_ = false;
  Time fresh_until_{};
  bool asking_ = false;
  std::vector<Then> waiting_;
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_SERVICE_HEALTH_H_
