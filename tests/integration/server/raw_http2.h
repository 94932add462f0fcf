// A client that speaks HTTP/2 itself, to say what no gRPC library would.
#ifndef FIELDKMS_TESTS_INTEGRATION_SERVER_RAW_HTTP2_H_
#define FIELDKMS_TESTS_INTEGRATION_SERVER_RAW_HTTP2_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace fieldkms::testing {

// RawHttp2 is one connection to a Unix socket (RFC 9113). Not thread-safe. Throws
// std::runtime_error where it cannot connect.
class RawHttp2 {
 public:
  explicit RawHttp2(const std::string& socket);
  ~RawHttp2();
  RawHttp2(const RawHttp2&) = delete;
  RawHttp2& operator=(const RawHttp2&) = delete;

  // Begins a gRPC call of `path` that announces a message of `size` bytes.
  void BeginCall(std::string_view path, uint32_t size);

  // Sends as much of all announced messages as the server allows, but never the last
  // byte of one, so that no call ever runs. Ends when the server has granted nothing
  // for a while, or has closed the connection. Returns the bytes of messages sent.
  size_t SendWhatIsGranted();

 private:
  struct Stream {
    int64_t window = 0;
    uint32_t left = 0;  // to send, the last byte not counted
  };

  void Frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload);
  size_t SendMore();
  bool ReadFrame();
  bool ReadExactly(std::string* out, size_t size);
  void OnSettings(std::string_view payload);

  int fd_;
  bool open_ = true;
  uint32_t next_stream_ = 1;
  int64_t initial_window_ = 65'535;
  int64_t window_ = 65'535;
  std::map<uint32_t, Stream> streams_;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_INTEGRATION_SERVER_RAW_HTTP2_H_
