#include "tests/bench/echo_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

namespace fieldkms::bench {
namespace {

constexpr int kLookForEndMs = 50;

// Both: whether all bytes went, or came.
bool SendAll(int peer, const std::vector<char>& bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    const ssize_t n = ::send(peer, bytes.data() + done, size - done, MSG_NOSIGNAL);
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return true;
}

bool ReceiveAll(int peer, std::vector<char>& bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    const ssize_t n = ::recv(peer, bytes.data() + done, size - done, 0);
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return true;
}

}  // namespace

EchoServer::EchoServer(const std::string& path, size_t request_size, size_t answer_size)
    : request_size_(request_size),
      answer_size_(answer_size),
      listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.c_str(), 0666) != 0 || ::listen(listener_, 4) != 0) {
    const int error = errno;
    ::close(listener_);
    throw std::system_error(error, std::generic_category(), path);
  }
  thread_ = std::jthread([this](std::stop_token stop) { Run(stop); });
}

EchoServer::~EchoServer() {
  thread_.request_stop();
  thread_.join();
  ::close(listener_);
}

void EchoServer::Run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    pollfd wanted{listener_, POLLIN, 0};
    if (::poll(&wanted, 1, kLookForEndMs) <= 0) continue;
    const int peer = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (peer < 0) continue;
    {
      // A wait that is under way when this object ends is ended from outside.
      const std::stop_callback end(stop, [peer] { ::shutdown(peer, SHUT_RDWR); });
      Serve(peer);
    }
    ::close(peer);
  }
}

void EchoServer::Serve(int peer) const {
  std::vector<char> bytes(std::max(request_size_, answer_size_));
  while (ReceiveAll(peer, bytes, request_size_) && SendAll(peer, bytes, answer_size_)) {
  }
}

}  // namespace fieldkms::bench
