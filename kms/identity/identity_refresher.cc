#include "kms/identity/identity_refresher.h"

#include <utility>

namespace fieldkms {
namespace {

constexpr std::chrono::seconds kPatience{5};  // with all URLs of one look

}  // namespace

IdentityRefresher::IdentityRefresher(IdentitySources& sources, std::chrono::milliseconds interval,
                                     std::function<void()> also)
    : sources_(sources), interval_(interval), also_(std::move(also)), thread_([this] { Run(); }) {}

IdentityRefresher::~IdentityRefresher() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

void IdentityRefresher::Run() {
  std::unique_lock lock(mutex_);
  while (!stopped_.wait_for(lock, interval_, [this] { return stop_; })) {
    lock.unlock();
    sources_.Refresh(std::chrono::steady_clock::now() + kPatience);
    if (also_) also_();
    lock.lock();
  }
}

}  // namespace fieldkms
