// Webhook: tells another service of alarms, by HTTP.
#ifndef FIELDKMS_KMS_SERVER_WEBHOOK_H_
#define FIELDKMS_KMS_SERVER_WEBHOOK_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "kms/root/http_client.h"

namespace fieldkms {

struct WebhookOptions {
  std::string url;
  size_t most_waiting = 256;  // beyond, the oldest goes untold
  // Between two attempts: doubled from the first to the last.
  std::chrono::milliseconds first_pause{1'000};
  std::chrono::milliseconds last_pause{300'000};
  // On the webhook's thread: what an attempt came to, when that is not what the one before did.
  std::function<void(const absl::Status&)> on_change = {};
};

// Posts one message after the other, in their order, on a thread of its own, each until it is
// answered with a 2xx: a receiver may have one twice. Thread-safe.
class Webhook {
 public:
  Webhook(WebhookOptions options, std::unique_ptr<HttpClient> client);
  // Tries what waits once more, and ends.
  ~Webhook();

  // `json` is one document. Does not wait.
  void Post(std::string json);

  // Messages that were given up, so far.
  uint64_t Undelivered() const;

 private:
  void Loop();
  absl::Status Send(const std::string& json) const;

  const WebhookOptions options_;
  const std::unique_ptr<HttpClient> client_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Under mutex_:
  std::deque<std::string> waiting_;
  uint64_t undelivered_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVER_WEBHOOK_H_
