// The other side of the shim's frames, for tests: the answer as it is read, and a raw connection.
#ifndef FIELDKMS_TESTS_SUPPORT_FRAME_CLIENT_H_
#define FIELDKMS_TESTS_SUPPORT_FRAME_CLIENT_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fieldkms::testing {

struct FrameFailure {
  int kind = 0;
  std::string reason, field, message;
  uint32_t retry = 0;
};

struct FrameResult {
  std::optional<FrameFailure> error;
  std::vector<std::optional<std::string>> parts;
};

struct FrameAnswer {
  std::optional<FrameFailure> error;  // of the whole call
  std::vector<FrameResult> results;
};

// nullopt: it is no answer to `op`, of this many parts a result.
std::optional<FrameAnswer> ReadFrameAnswer(int op, size_t parts, std::string_view bytes);

struct RawResponse {
  int status = 0;  // 0: the connection was closed before
  std::string head, body;
};

// RawHttp is a connection to a Unix socket on which anything can be sent. Not thread-safe.
class RawHttp {
 public:
  // Connects; throws std::system_error if it cannot.
  explicit RawHttp(const std::string& path);
  ~RawHttp();
  RawHttp(const RawHttp&) = delete;
  RawHttp& operator=(const RawHttp&) = delete;

  // False: the other end does not take it any more.
  bool Send(std::string_view bytes);
  // The next response; waits for 30 s at most.
  RawResponse Receive();
  // Whether the other end has closed, and sent nothing before; waits as Receive.
  bool IsClosed();

  RawResponse Post(std::string_view path, std::string_view type, std::string_view body,
                   std::string_view headers = {});
  RawResponse PostFrame(std::string_view body);
  RawResponse Get(std::string_view path, std::string_view headers = {});

 private:
  bool Fill();

  int fd_;
  std::string buffer_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_SUPPORT_FRAME_CLIENT_H_
