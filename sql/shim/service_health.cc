#include "sql/shim/service_health.h"

namespace fieldkms::shim {
namespace {

constexpr std::chrono::seconds kFresh{1};

}  // namespace

bool ServiceHealth::Ask(Then then) {
  std::unique_lock lock(mutex_);
  if (std::chrono::steady_clock::now() < fresh_until_) {
    const bool serving = serving_;
    lock.unlock();
    then(serving);
    return true;
  }
  // Under the lock: nobody else comes to wait for a question that is not asked then.
  if (!asking_ && !workers_.Submit([this] { Check(); })) return false;
  asking_ = true;
  waiting_.push_back(std::move(then));
  return true;
}

void ServiceHealth::Check() {
  const bool serving = check_();
  std::vector<Then> waiting;
  {
    const std::lock_guard lock(mutex_);
    serving_ = serving;
    fresh_until_ = std::chrono::steady_clock::now() + kFresh;
    asking_ = false;
    waiting.swap(waiting_);
  }
  for (const Then& then : waiting) then(serving);
}

}  // namespace fieldkms::shim
