#include "sql/shim/http_loop.h"

#include <boost/asio/post.hpp>
#include <string>

#include "sql/shim/http_connection.h"

namespace fieldkms::shim {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::chrono::milliseconds kSweep{250};
constexpr size_t kSlowestBytesPerSecond = 256 << 10;

}  // namespace

std::string HttpHeadText(const HttpResponse& response, bool close) {
  std::string text = "HTTP/1.1 ";
  text.append(std::to_string(response.status)).append(" ").append(ReasonPhrase(response.status));
  if (!response.content_type.empty()) {
    text.append("\r\nContent-Type: ").append(response.content_type);
  }
  // 205 says that it is empty; 204 cannot be else, and of 304 it would be the length of a 200.
  if (MayHaveBody(response.status) || response.status == 205) {
    text.append("\r\nContent-Length: ").append(std::to_string(response.body.size()));
  }
  for (const auto& [name, value] : response.headers) {
    text.append("\r\n").append(name).append(": ").append(value);
  }
  if (close) text.append("\r\nConnection: close");
  text.append("\r\nCache-Control: no-store\r\n\r\n");
  return text;
}

std::chrono::milliseconds HttpTransferTime(const HttpServerOptions& options, size_t size) {
  return options.patience + std::chrono::milliseconds(1000 * size / kSlowestBytesPerSecond);
}

void HttpLoop::Start() {
  work_.emplace(io_.get_executor());
  Sweep();
  thread_ = std::thread([this] {
    id_ = std::this_thread::get_id();
    io_.run();
    id_ = std::thread::id();  // a later thread may be given the same
  });
}

void HttpLoop::Stop() {
  if (!thread_.joinable()) return;
  asio::post(io_, [this] {
    sweep_.cancel();
    for (HttpConnectionBase* const connection : connections_) connection->End();
    work_.reset();
    // What waits for a reply is never woken: its handler outlives the loop.
    io_.stop();
  });
  thread_.join();
}

void HttpLoop::BeginDrain() {
  asio::post(io_, [this] {
    for (HttpConnectionBase* const connection : connections_) {
      if (connection->BetweenRequests()) connection->End();
    }
  });
}

void HttpLoop::Enter(HttpConnectionBase& connection) {
  connections_.insert(&connection);
  ++shared_.connections;
}

void HttpLoop::Leave(HttpConnectionBase& connection) {
  connections_.erase(&connection);
  --shared_.connections;
}

void HttpLoop::Sweep() {
  sweep_.expires_after(kSweep);
  sweep_.async_wait([this](error_code error) {
    if (error) return;
    const HttpTime now = std::chrono::steady_clock::now();
    for (HttpConnectionBase* const connection : connections_) {
      if (connection->deadline() <= now) connection->End();
    }
    Sweep();
  });
}

}  // namespace fieldkms::shim
