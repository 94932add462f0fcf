// A server whose every byte is the test's.
#ifndef FIELDKMS_TESTS_SUPPORT_SCRIPTED_SERVER_H_
#define FIELDKMS_TESTS_SUPPORT_SCRIPTED_SERVER_H_

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace fieldkms::testing {

// ScriptedServer gives each connection to `session`, in a thread of its own, and closes
// it when that returns. Destruction ends all connections: a session that waits in
// AwaitEnd or ReadRequest returns then.
class ScriptedServer {
 public:
  using Session = std::function<void(int connection)>;

  // On a free port of 127.0.0.1, or on a Unix socket at `path`. Throws
  // std::system_error.
  explicit ScriptedServer(Session session, const std::string& path = "");
  ~ScriptedServer();

  int port() const { return port_; }
  // "http://127.0.0.1:PORT".
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  // How many there were so far.
  size_t connections();

 private:
  void Accept();

  const Session session_;
  int port_ = 0;
  int listener_;
  std::mutex mutex_;
  std::vector<int> connections_;  // closed once all threads have ended
  std::vector<std::thread> sessions_;
  std::thread acceptor_;
};

// ReadRequest returns one HTTP request, headers and body (of Content-Length), or less
// if the peer ended. AwaitEnd reads until it has.
std::string ReadRequest(int connection);
void AwaitEnd(int connection);
// Send writes all of `text`, or what the peer takes.
void Send(int connection, std::string_view text);
// A response of that status line, with Content-Length.
std::string Response(std::string_view status, std::string_view body);

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_SUPPORT_SCRIPTED_SERVER_H_
