#include "tests/support/scripted_server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace fieldkms::testing {
namespace {

void Check(int result, const char* doing) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), doing);
}

int ListenOnTcp(int* port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  Check(listener, "socket");
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  Check(bind(listener, reinterpret_cast<const sockaddr*>(&address), size), "bind");
  Check(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
  *port = ntohs(address.sin_port);
  return listener;
}

int ListenOnUnix(const std::string& path) {
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  Check(listener, "socket");
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  Check(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind");
  return listener;
}

// Content-Length of a request's headers, 0 if there is none.
size_t LengthOf(std::string_view headers) {
  constexpr std::string_view kName = "\r\nContent-Length: ";
  const size_t at = headers.find(kName);
  if (at == std::string_view::npos) return 0;
  return std::stoul(std::string(headers.substr(at + kName.size(), 20)));
}

}  // namespace

ScriptedServer::ScriptedServer(Session session, const std::string& path)
    : session_(std::move(session)),
      listener_(path.empty() ? ListenOnTcp(&port_) : ListenOnUnix(path)) {
  Check(listen(listener_, 64), "listen");
  acceptor_ = std::thread([this] { Accept(); });
}

ScriptedServer::~ScriptedServer() {
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  for (const int connection : connections_) shutdown(connection, SHUT_RDWR);
  for (std::thread& session : sessions_) session.join();
  for (const int connection : connections_) close(connection);
}

size_t ScriptedServer::connections() {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

void ScriptedServer::Accept() {
  while (true) {
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (connection < 0) return;
    const std::lock_guard lock(mutex_);
    connections_.push_back(connection);
    sessions_.emplace_back([this, connection] {
      session_(connection);
      shutdown(connection, SHUT_RDWR);
    });
  }
}

std::string ReadRequest(int connection) {
  std::string request;
  char piece[4096];
  while (true) {
    const size_t end = request.find("\r\n\r\n");
    if (end != std::string::npos && request.size() >= end + 4 + LengthOf(request.substr(0, end))) {
      return request;
    }
    const ssize_t n = recv(connection, piece, sizeof piece, 0);
    if (n <= 0) return request;
    request.append(piece, static_cast<size_t>(n));
  }
}

void AwaitEnd(int connection) {
  char piece[4096];
  while (recv(connection, piece, sizeof piece, 0) > 0) {
  }
}

void Send(int connection, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = send(connection, text.data(), text.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    text.remove_prefix(static_cast<size_t>(n));
  }
}

std::string Response(std::string_view status, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

}  // namespace fieldkms::testing
