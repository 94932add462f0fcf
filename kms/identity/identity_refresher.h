// IdentityRefresher: the thread that reads the sources of identities again and again.
#ifndef FIELDKMS_KMS_IDENTITY_IDENTITY_REFRESHER_H_
#define FIELDKMS_KMS_IDENTITY_IDENTITY_REFRESHER_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "kms/identity/identity_sources.h"

namespace fieldkms {

// What changes in a source counts within `interval` and the time that reading takes.
class IdentityRefresher {
 public:
  // `sources` must outlive it. `also` runs after each look, on the same thread.
  IdentityRefresher(IdentitySources& sources, std::chrono::milliseconds interval,
                    std::function<void()> also = {});
  ~IdentityRefresher();  // waits for the look that is going on
  IdentityRefresher(const IdentityRefresher&) = delete;
  IdentityRefresher& operator=(const IdentityRefresher&) = delete;

 private:
  void Run();

  IdentitySources& sources_;
  const std::chrono::milliseconds interval_;
  const std::function<void()> also_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_IDENTITY_IDENTITY_REFRESHER_H_
