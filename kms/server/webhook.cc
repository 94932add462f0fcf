#include "kms/server/webhook.h"

#include <algorithm>
#include <utility>

#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr auto kPatience = std::chrono::seconds(5);

}  // namespace

Webhook::Webhook(WebhookOptions options, std::unique_ptr<HttpClient> client)
    : options_(std::move(options)), client_(std::move(client)), thread_([this] { Loop(); }) {}

Webhook::~Webhook() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Webhook::Post(std::string json) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= options_.most_waiting) {
      waiting_.pop_front();
      ++undelivered_;
    }
    waiting_.push_back(std::move(json));
  }
  changed_.notify_all();
}

uint64_t Webhook::Undelivered() const {
  const std::lock_guard lock(mutex_);
  return undelivered_;
}

absl::Status Webhook::Send(const std::string& json) const {
  const HttpRequest request{"POST", options_.url, {{"Content-Type", "application/json"}}, json};
  const auto response = client_->Send(request, std::chrono::steady_clock::now() + kPatience);
  if (!response.ok()) {
    return Error(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable,
                 "watch.webhook.url: " + std::string(MessageOf(response.status())));
  }
  if (response->status / 100 == 2) return absl::OkStatus();
  return Error(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable,
               "watch.webhook.url: answered with status " + std::to_string(response->status));
}

void Webhook::Loop() {
  absl::Status told;
  auto pause = options_.first_pause;
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    // Out of the queue while it is sent, so that it cannot be given up meanwhile.
    std::string json = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    const absl::Status sent = Send(json);
    if (sent.code() != told.code() && options_.on_change) options_.on_change(sent);
    told = sent;
    lock.lock();
    if (sent.ok()) {
      pause = options_.first_pause;
      continue;
    }
    if (stopping_) {  // nor would the others be had
      undelivered_ += waiting_.size() + 1;
      return;
    }
    waiting_.push_front(std::move(json));
    changed_.wait_for(lock, pause, [this] { return stopping_; });
    pause = std::min(2 * pause, options_.last_pause);
  }
}

}  // namespace fieldkms
