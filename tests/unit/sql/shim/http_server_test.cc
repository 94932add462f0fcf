// Replies from other threads, and what becomes of the connections that wait for them.
#include "sql/shim/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "sql/shim/workers.h"
#include "tests/support/frame_client.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::shim {
namespace {

using std::chrono::milliseconds;
using testing::RawHttp;
using testing::RawResponse;
using testing::TempDir;

constexpr milliseconds kLong{10'000};
constexpr milliseconds kAWhile{50};

// Hands replies out to the test.
class KeepingHandler final : public HttpHandler {
 public:
  HttpAdmission Admit(const HttpHead& head) override {
    if (head.path == "/block") {
      std::unique_lock lock(mutex_);
      blocked_ = true;
      changed_.notify_all();
      changed_.wait_for(lock, kLong, [this] { return !blocked_; });
    }
    return {};
  }
  void Handle(HttpRequest request, HttpReply reply) override {
    if (request.path == "/block") return reply(PlainResponse(200, "blocked"));
    const std::lock_guard lock(mutex_);
    reply_ = std::move(reply);
    changed_.notify_all();
  }

  // Of the next request; empty where none comes.
  HttpReply Take() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kLong, [this] { return reply_ != nullptr; });
    return std::exchange(reply_, nullptr);
  }
  // Until the loop's thread stands still in Admit.
  bool AwaitBlocked() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kLong, [this] { return blocked_; });
  }
  void Unblock() {
    const std::lock_guard lock(mutex_);
    blocked_ = false;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  HttpReply reply_;
  bool blocked_ = false;
};

class HttpServerTest : public ::testing::Test {
 protected:
  std::unique_ptr<HttpServer> Serve(HttpHandler& handler) {
    HttpServerOptions options;
    options.unix_socket.emplace().path = Socket();
    auto server = HttpServer::Start(options, handler);
    EXPECT_OK(server.status());
    return server.ok() ? *std::move(server) : nullptr;
  }
  std::string Socket() const { return dir_.File("http.sock"); }
  static bool Becomes(const HttpServer& server, size_t connections) {
    const auto until = std::chrono::steady_clock::now() + kLong;
    while (server.connections() != connections) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return true;
  }

  TempDir dir_;
};

constexpr char kGet[] = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr char kBlock[] = "GET /block HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_F(HttpServerTest, AReplyThatWasCalledHoldsNoConnection) {
  KeepingHandler handler;
  const auto server = Serve(handler);
  ASSERT_NE(server, nullptr);
  HttpReply kept;
  {
    RawHttp http(Socket());
    http.Send(kGet);
    kept = handler.Take();
    ASSERT_NE(kept, nullptr);
    kept(PlainResponse(200, "late"));
    EXPECT_EQ(http.Receive().body, "late\n");
  }
  // `kept` is there yet: were it the last to hold the connection, this thread would end it.
  EXPECT_TRUE(Becomes(*server, 0));
}

TEST_F(HttpServerTest, AReplyThatIsDroppedEndsItsConnectionOnTheLoop) {
  KeepingHandler handler;
  const auto server = Serve(handler);
  ASSERT_NE(server, nullptr);
  RawHttp waiting(Socket());
  waiting.Send(kGet);
  HttpReply kept = handler.Take();
  ASSERT_NE(kept, nullptr);
  RawHttp blocking(Socket());
  blocking.Send(kBlock);
  ASSERT_TRUE(handler.AwaitBlocked());
  ASSERT_EQ(server->connections(), 2u);
  kept = nullptr;
  // Only the loop could end it, and the loop stands still.
  std::this_thread::sleep_for(kAWhile);
  EXPECT_EQ(server->connections(), 2u);
  handler.Unblock();
  EXPECT_EQ(blocking.Receive().status, 200);
  EXPECT_TRUE(Becomes(*server, 1));
  EXPECT_TRUE(waiting.IsClosed());
}

TEST_F(HttpServerTest, RepliesMayComeWhenAllLoopsHaveStopped) {
  KeepingHandler handler;
  auto server = Serve(handler);
  ASSERT_NE(server, nullptr);
  RawHttp called(Socket()), dropped(Socket());
  called.Send(kGet);
  HttpReply call = handler.Take();
  dropped.Send(kGet);
  HttpReply drop = handler.Take();
  ASSERT_TRUE(call != nullptr && drop != nullptr);
  EXPECT_FALSE(server->Drain(milliseconds(1)));
  call(PlainResponse(200, "too late"));
  call = nullptr;
  drop = nullptr;
  server = nullptr;
  EXPECT_TRUE(called.IsClosed());
  EXPECT_TRUE(dropped.IsClosed());
}

// Gives every status a body: "/204".
class EagerHandler final : public HttpHandler {
 public:
  HttpAdmission Admit(const HttpHead&) override { return {}; }
  void Handle(HttpRequest request, HttpReply reply) override {
    reply(PlainResponse(std::stoi(request.path.substr(1)), "HTTP/1.1 599 a body"));
  }
};

TEST_F(HttpServerTest, StatusesWithoutABodyAreSentWithNone) {
  EagerHandler handler;
  const auto server = Serve(handler);
  ASSERT_NE(server, nullptr);
  for (const int status : {204, 205, 304}) {
    const auto request = [](int of) {
      return "GET /" + std::to_string(of) + " HTTP/1.1\r\nHost: x\r\n\r\n";
    };
    // All that comes on one connection: what stood behind the first head would be seen.
    RawHttp http(Socket());
    http.Send(request(status));
    const RawResponse bare = http.Receive();
    EXPECT_EQ(bare.status, status);
    EXPECT_EQ(bare.body, "");
    http.Send(request(200));
    const RawResponse next = http.Receive();
    EXPECT_EQ(next.status, 200) << status << next.head;
    EXPECT_EQ(next.body, "HTTP/1.1 599 a body\n") << status;
  }
}

// Answers on workers that stay a moment with what they hold.
class WorkingHandler final : public HttpHandler {
 public:
  HttpAdmission Admit(const HttpHead&) override { return {}; }
  void Handle(HttpRequest, HttpReply reply) override {
    workers_.Submit([reply] {
      reply(PlainResponse(200, "x"));
      std::this_thread::yield();
    });
  }
  void Stop() { workers_.Stop(); }

 private:
  Workers workers_{4, 10'000};
};

// For ThreadSanitizer: connections come and go while workers hold replies.
TEST_F(HttpServerTest, ShortConnectionsWhileWorkersHoldReplies) {
  WorkingHandler handler;
  const auto server = Serve(handler);
  ASSERT_NE(server, nullptr);
  std::vector<std::thread> clients;
  for (int c = 0; c < 4; ++c) {
    clients.emplace_back([this, c] {
      for (int i = 0; i < 100; ++i) {
        RawHttp http(Socket());
        http.Send(kGet);
        const bool waits = (i + c) % 2 == 0;
        EXPECT_EQ(waits ? http.Receive().status : 200, 200);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_TRUE(Becomes(*server, 0));
  handler.Stop();
}

}  // namespace
}  // namespace fieldkms::shim
