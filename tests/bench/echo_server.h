// The other end of the bare echo of sql_hop (tests/bench/echo): so many bytes in, so many out.
#ifndef FIELDKMS_TESTS_BENCH_ECHO_SERVER_H_
#define FIELDKMS_TESTS_BENCH_ECHO_SERVER_H_

#include <cstddef>
#include <string>
#include <thread>

namespace fieldkms::bench {

// A thread that serves one connection after another at `path`, which everybody may connect to:
// blocking, and with no look at the bytes.
class EchoServer {
 public:
  // Throws std::system_error if it cannot listen.
  EchoServer(const std::string& path, size_t request_size, size_t answer_size);
  ~EchoServer();  // ends the connection, too
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;

 private:
  void Run(std::stop_token stop);
  void Serve(int peer) const;

  const size_t request_size_;
  const size_t answer_size_;
  int listener_ = -1;
  std::jthread thread_;
};

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_ECHO_SERVER_H_
