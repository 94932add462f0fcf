// HttpLoop: one thread that serves its connections. Internal to the HTTP server.
#ifndef FIELDKMS_SQL_SHIM_HTTP_LOOP_H_
#define FIELDKMS_SQL_SHIM_HTTP_LOOP_H_

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>
#include <thread>
#include <unordered_set>

#include "sql/shim/http_server.h"

namespace fieldkms::shim {

using HttpTime = std::chrono::steady_clock::time_point;

// What all loops and connections of a server have in common.
struct HttpShared {
  HttpShared(const HttpServerOptions& with, HttpHandler& to) : options(with), handler(to) {}

  const HttpServerOptions options;
  HttpHandler& handler;
  std::atomic<size_t> connections = 0;
  std::atomic<size_t> tls_connections = 0;  // of these
  std::atomic<bool> draining = false;
};

// A connection as its loop sees it. Lives as long as an operation of it is under way.
class HttpConnectionBase {
 public:
  virtual ~HttpConnectionBase() = default;
  virtual void End() = 0;  // closes it; its operations end
  virtual bool BetweenRequests() const = 0;
  HttpTime deadline() const { return deadline_; }

 protected:
  HttpTime deadline_ = HttpTime::max();  // ends by itself then
};

// All but Post, and what it is given, runs on the loop's own thread.
class HttpLoop {
 public:
  explicit HttpLoop(HttpShared& shared) : shared_(shared), io_(1), sweep_(io_) {}
  ~HttpLoop() { Stop(); }

  HttpShared& shared() { return shared_; }
  boost::asio::io_context& io() { return io_; }
  bool InThread() const { return std::this_thread::get_id() == id_.load(); }

  void Start();
  // Ends all connections, then the thread. Any other thread.
  void Stop();
  // Ends those that are between requests. Any thread.
  void BeginDrain();

  void Enter(HttpConnectionBase& connection);
  void Leave(HttpConnectionBase& connection);

 private:
  void Sweep();

  HttpShared& shared_;
  std::unordered_set<HttpConnectionBase*> connections_;  // outlives io_, whose end ends the last
  boost::asio::io_context io_;
  boost::asio::steady_timer sweep_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  std::atomic<std::thread::id> id_{};
  std::thread thread_;
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_HTTP_LOOP_H_
