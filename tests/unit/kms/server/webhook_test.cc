#include "kms/server/webhook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "crypto/status.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/root/scripted_http.h"

namespace fieldkms {
namespace {

using ::testing::ElementsAre;

class WebhookTest : public ::testing::Test {
 protected:
  std::unique_ptr<Webhook> Open(size_t most_waiting = 256) {
    WebhookOptions options;
    options.url = "https://alarms/here";
    options.most_waiting = most_waiting;
    options.first_pause = options.last_pause = std::chrono::milliseconds(1);
    options.on_change = [this](const absl::Status& status) {
      const std::lock_guard lock(mutex_);
      changes_.push_back(status.ok());
    };
    return std::make_unique<Webhook>(std::move(options), std::make_unique<ScriptedHttp>(script_));
  }
  absl::StatusOr<HttpResponse> Answer(const HttpRequest& request) {
    std::unique_lock lock(mutex_);
    changed_.notify_all();
    opened_.wait(lock, [this] { return open_; });
    HttpResponse response;
    response.status = failures_ > 0 ? 500 : 204;
    if (failures_ > 0) {
      --failures_;
    } else {
      had_.push_back(request.body);
    }
    changed_.notify_all();
    return response;
  }
  void AwaitHad(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return had_.size() >= count; });
  }

  HttpScript script_{[this](const HttpRequest& request) { return Answer(request); }};
  std::mutex mutex_;
  std::condition_variable changed_, opened_;
  bool open_ = true;
  int failures_ = 0;
  std::vector<std::string> had_;
  std::vector<bool> changes_;
};

TEST_F(WebhookTest, PostsEachInItsOrder) {
  auto webhook = Open();
  for (const char* const json : {"1", "2", "3"}) webhook->Post(json);
  AwaitHad(3);
  EXPECT_EQ(webhook->Undelivered(), 0u);
  webhook.reset();
  EXPECT_THAT(had_, ElementsAre("1", "2", "3"));
  EXPECT_EQ(script_.seen[0].method, "POST");
  EXPECT_EQ(script_.seen[0].url, "https://alarms/here");
  EXPECT_THAT(script_.seen[0].headers, ElementsAre(std::pair("Content-Type", "application/json")));
  EXPECT_TRUE(changes_.empty());
}

TEST_F(WebhookTest, TriesAgainUntilItIsHad) {
  failures_ = 3;
  auto webhook = Open();
  webhook->Post("1");
  webhook->Post("2");
  AwaitHad(2);
  webhook.reset();
  EXPECT_THAT(had_, ElementsAre("1", "2"));
  EXPECT_EQ(script_.seen.size(), 5u);
  EXPECT_THAT(changes_, ElementsAre(false, true)) << "told once each";
}

TEST_F(WebhookTest, TheOldestGoesWhereTooManyWait) {
  open_ = false;
  auto webhook = Open(2);
  webhook->Post("1");
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !script_.seen.empty(); });  // 1 is being sent
  }
  for (const char* const json : {"2", "3", "4"}) webhook->Post(json);
  EXPECT_EQ(webhook->Undelivered(), 1u);
  {
    const std::lock_guard lock(mutex_);
    open_ = true;
  }
  opened_.notify_all();
  AwaitHad(3);
  webhook.reset();
  EXPECT_THAT(had_, ElementsAre("1", "3", "4"));
}

TEST_F(WebhookTest, EndsThoughNobodyAnswers) {
  failures_ = 1'000'000'000;
  auto webhook = Open();
  webhook->Post("1");
  webhook.reset();
  EXPECT_TRUE(had_.empty());
  EXPECT_GE(script_.seen.size(), 1u);
}

}  // namespace
}  // namespace fieldkms
