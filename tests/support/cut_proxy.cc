#include "tests/support/cut_proxy.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace fieldkms::testing {
namespace {

// A simple query and its answer, whole: type, length, text with its zero.
constexpr std::string_view kCommit(
    "Q\0\0\0\x0b"
    "COMMIT\0",
    12);
constexpr std::string_view kCommitted(
    "C\0\0\0\x0b"
    "COMMIT\0",
    12);

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("path too long: " + path);
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

int UnixSocket() {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw std::runtime_error("socket");
  return fd;
}

bool SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

// "" at the end.
std::string Receive(int fd) {
  std::array<char, 16384> buffer;
  const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), 0);
  return n <= 0 ? std::string() : std::string(buffer.data(), static_cast<size_t>(n));
}

}  // namespace

CutProxy::CutProxy(const std::string& server_dir, const std::string& socket)
    : server_path_(server_dir + "/" + socket), listener_(UnixSocket()) {
  const sockaddr_un address = AddressOf(dir_.File(socket));
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_, 64) != 0) {
    throw std::runtime_error("cannot listen in " + dir_.path());
  }
  acceptor_ = std::thread([this] { AcceptAll(); });
}

CutProxy::~CutProxy() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  CutAll();
  for (Pair& pair : pairs_) {
    pair.thread.join();
    ::close(pair.client);
    ::close(pair.server);
  }
  ::close(listener_);
}

void CutProxy::CutAll(bool refuse) {
  refuse_ = refuse;
  const std::lock_guard lock(mutex_);
  for (Pair& pair : pairs_) {
    ::shutdown(pair.client, SHUT_RDWR);
    ::shutdown(pair.server, SHUT_RDWR);
  }
}

void CutProxy::AcceptAll() {
  while (!stopping_) {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    const int server = UnixSocket();
    const sockaddr_un address = AddressOf(server_path_);
    if (refuse_ ||
        ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      ::close(client);
      ::close(server);
      continue;
    }
    ++accepted_;
    const std::lock_guard lock(mutex_);
    Pair& pair = pairs_.emplace_back();
    pair.client = client;
    pair.server = server;
    pair.thread = std::thread([this, &pair] { Pass(pair); });
  }
}

void CutProxy::Pass(Pair& pair) {
  while (true) {
    // One that is held has a client that may still go away.
    const short from_server = pair.cut == Cut::kHold ? 0 : POLLIN;
    std::array<pollfd, 2> ends = {pollfd{pair.client, POLLIN, 0},
                                  pollfd{pair.server, from_server, 0}};
    if (::poll(ends.data(), ends.size(), -1) <= 0) break;
    if (ends[0].revents != 0 && !PassToServer(pair)) break;
    if (ends[1].revents != 0 && !PassToClient(pair)) break;
  }
  ::shutdown(pair.client, SHUT_RDWR);
  ::shutdown(pair.server, SHUT_RDWR);
}

void CutProxy::CutSend(uint64_t n, At at) {
  const std::lock_guard lock(mutex_);
  cut_send_ = sends_ + n;
  cut_at_ = at;
}

bool CutProxy::IsCut(At* at) {
  const std::lock_guard lock(mutex_);
  if (++sends_ != cut_send_) return false;
  ++cuts_;
  *at = cut_at_;
  return true;
}

CutProxy::Cut CutProxy::TakeCut() {
  if (next_ == Cut::kNone || more_-- > 0) return Cut::kNone;
  return next_.exchange(Cut::kNone);
}

bool CutProxy::PassToServer(Pair& pair) {
  const std::string bytes = Receive(pair.client);
  if (bytes.empty()) return false;
  if (At at; IsCut(&at)) {
    if (at == At::kMidSend) SendAll(pair.server, bytes.substr(0, bytes.size() / 2));
    if (at != At::kBeforeAnswer) return false;
    pair.unanswered = true;
  }
  if (bytes.find(kCommit) != std::string::npos) {
    pair.cut = TakeCut();
    if (pair.cut != Cut::kNone) ++cuts_;
    if (pair.cut == Cut::kBeforeCommit) {
      Refuse();
      return false;
    }
  }
  return pair.cut == Cut::kHold || SendAll(pair.server, bytes);
}

bool CutProxy::PassToClient(Pair& pair) {
  const std::string bytes = Receive(pair.server);
  if (bytes.empty() || pair.unanswered) return false;
  if (pair.cut == Cut::kAfterCommit && bytes.find(kCommitted) != std::string::npos) {
    Refuse();
    return false;
  }
  return SendAll(pair.client, bytes);
}

}  // namespace fieldkms::testing
