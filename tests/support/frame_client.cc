#include "tests/support/frame_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <system_error>

#include "sql/wire/frames.h"

namespace fieldkms::testing {
namespace {

constexpr int kPatience = 30'000;  // milliseconds

class Reader {
 public:
  explicit Reader(std::string_view left) : left_(left) {}
  uint32_t Number(size_t size) {
    uint32_t value = 0;
    for (const char c : Bytes(size)) value = (value << 8) | static_cast<uint8_t>(c);
    return value;
  }
  std::string Bytes(size_t size) {
    ok_ = ok_ && size <= left_.size();
    if (!ok_) return {};
    std::string bytes(left_.substr(0, size));
    left_.remove_prefix(size);
    return bytes;
  }
  std::string Text() { return Bytes(Number(2)); }
  FrameFailure Failure() {
    FrameFailure failure;
    failure.kind = static_cast<int>(Number(1));
    failure.reason = Text();
    failure.field = Text();
    failure.message = Text();
    failure.retry = Number(4);
    return failure;
  }
  bool ok() const { return ok_; }
  bool done() const { return ok_ && left_.empty(); }

 private:
  std::string_view left_;
  bool ok_ = true;
};

}  // namespace

std::optional<FrameAnswer> ReadFrameAnswer(int op, size_t parts, std::string_view bytes) {
  Reader reader(bytes);
  FrameAnswer answer;
  if (reader.Bytes(3) != "FK\x01" || static_cast<int>(reader.Number(1)) != op) return std::nullopt;
  if (reader.Number(1) == 1) {
    answer.error = reader.Failure();
  } else {
    const uint32_t count = reader.Number(4);
    for (uint32_t i = 0; i < count && reader.ok(); ++i) {
      FrameResult& result = answer.results.emplace_back();
      if (reader.Number(1) == 1) {
        result.error = reader.Failure();
        continue;
      }
      for (size_t k = 0; k < parts; ++k) {
        const uint32_t size = reader.Number(4);
        if (size == FIELDKMS_FRAME_ABSENT) {
          result.parts.emplace_back();
        } else {
          result.parts.emplace_back(reader.Bytes(size));
        }
      }
    }
  }
  if (!reader.done()) return std::nullopt;
  return answer;
}

RawHttp::RawHttp(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::system_error(errno, std::generic_category(), path);
  }
}

RawHttp::~RawHttp() { close(fd_); }

bool RawHttp::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

bool RawHttp::Fill() {
  pollfd poll_for{fd_, POLLIN, 0};
  char bytes[65536];
  if (poll(&poll_for, 1, kPatience) <= 0) return false;
  const ssize_t size = recv(fd_, bytes, sizeof bytes, 0);
  if (size <= 0) return false;
  buffer_.append(bytes, static_cast<size_t>(size));
  return true;
}

RawResponse RawHttp::Receive() {
  RawResponse response;
  size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) return response;
  }
  response.head = buffer_.substr(0, end);
  buffer_.erase(0, end + 4);
  std::from_chars(response.head.data() + 9, response.head.data() + 12, response.status);
  size_t length = 0;
  constexpr std::string_view kLength = "Content-Length: ";
  if (const size_t at = response.head.find(kLength); at != std::string::npos) {
    std::from_chars(response.head.data() + at + kLength.size(),
                    response.head.data() + response.head.size(), length);
  }
  while (buffer_.size() < length) {
    if (!Fill()) return RawResponse();
  }
  response.body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  return response;
}

bool RawHttp::IsClosed() {
  if (!buffer_.empty()) return false;
  pollfd poll_for{fd_, POLLIN, 0};
  char byte;
  return poll(&poll_for, 1, kPatience) > 0 && recv(fd_, &byte, 1, 0) <= 0;
}

RawResponse RawHttp::Post(std::string_view path, std::string_view type, std::string_view body,
                          std::string_view headers) {
  std::string request = "POST " + std::string(path) +
                        " HTTP/1.1\r\nHost: shim\r\nContent-Type: " + std::string(type) +
                        "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
                        std::string(headers) + "\r\n";
  request.append(body);
  Send(request);
  return Receive();
}

RawResponse RawHttp::PostFrame(std::string_view body) {
  return Post(FIELDKMS_FRAME_PATH, FIELDKMS_FRAME_TYPE, body);
}

RawResponse RawHttp::Get(std::string_view path, std::string_view headers) {
  Send("GET " + std::string(path) + " HTTP/1.1\r\nHost: shim\r\n" + std::string(headers) + "\r\n");
  return Receive();
}

}  // namespace fieldkms::testing
