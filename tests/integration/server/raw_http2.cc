#include "tests/integration/server/raw_http2.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "crypto/bytes.h"

namespace fieldkms::testing {
namespace {

constexpr uint8_t kData = 0, kHeaders = 1, kSettings = 4, kPing = 6, kGoAway = 7, kWindowUpdate = 8;
constexpr uint8_t kAck = 1, kEndHeaders = 4;
constexpr size_t kMaxFrame = 16'384;
constexpr int kSilence = 500;  // ms; too short makes a flood smaller, never a failure

std::string U32(uint32_t value) {
  std::string text(4, '\0');
  PutU32(AsMutableBytes(text).data(), value);
  return text;
}

uint32_t GetU32(std::string_view text) { return fieldkms::GetU32(AsBytes(text).data()); }

// A header without indexing, RFC 7541 §6.2.2; names and values below 127 bytes.
std::string Literal(std::string_view name, std::string_view value) {
  return '\0' + std::string(1, static_cast<char>(name.size())) + std::string(name) +
         std::string(1, static_cast<char>(value.size())) + std::string(value);
}

}  // namespace

RawHttp2::RawHttp2(const std::string& socket)
    : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket.copy(address.sun_path, sizeof address.sun_path - 1);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd_);
    throw std::runtime_error("cannot connect to " + socket);
  }
  const timeval patience{30, 0};  // a server that stops reading fails the test, not hangs it
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  ::send(fd_, kPreface.data(), kPreface.size(), MSG_NOSIGNAL);
  Frame(kSettings, 0, 0, "");
}

RawHttp2::~RawHttp2() { ::close(fd_); }

void RawHttp2::Frame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  std::string frame = U32(static_cast<uint32_t>(payload.size())).substr(1);
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  frame += U32(stream);
  frame += payload;
  std::string_view left = frame;
  while (open_ && !left.empty()) {
    const ssize_t n = ::send(fd_, left.data(), left.size(), MSG_NOSIGNAL);
    open_ = n > 0;
    if (open_) left.remove_prefix(static_cast<size_t>(n));
  }
}

void RawHttp2::BeginCall(std::string_view path, uint32_t size) {
  const uint32_t stream = next_stream_;
  next_stream_ += 2;
  Frame(kHeaders, kEndHeaders, stream,
        Literal(":method", "POST") + Literal(":scheme", "http") + Literal(":path", path) +
            Literal(":authority", "localhost") + Literal("te", "trailers") +
            Literal("content-type", "application/grpc"));
  const std::string prefix = '\0' + U32(size);  // not compressed, and its length
  Frame(kData, 0, stream, prefix);
  const auto sent = static_cast<int64_t>(prefix.size());
  window_ -= sent;
  streams_[stream] = {initial_window_ - sent, size - 1};
}

size_t RawHttp2::SendMore() {
  static const std::string kBytes(kMaxFrame, 'x');
  size_t sent = 0;
  for (auto& [number, stream] : streams_) {
    for (;;) {
      const int64_t size = std::min({static_cast<int64_t>(kMaxFrame), window_, stream.window,
                                     static_cast<int64_t>(stream.left)});
      if (size <= 0 || !open_) break;
      Frame(kData, 0, number, std::string_view(kBytes).substr(0, static_cast<size_t>(size)));
      window_ -= size;
      stream.window -= size;
      stream.left -= static_cast<uint32_t>(size);
      sent += static_cast<size_t>(size);
    }
  }
  return sent;
}

size_t RawHttp2::SendWhatIsGranted() {
  size_t sent = 0;
  pollfd poll{fd_, POLLIN, 0};
  do {
    sent += SendMore();
  } while (open_ && ::poll(&poll, 1, kSilence) > 0 && ReadFrame());
  return sent;
}

bool RawHttp2::ReadExactly(std::string* out, size_t size) {
  out->resize(size);
  return size == 0 || ::recv(fd_, out->data(), size, MSG_WAITALL) == static_cast<ssize_t>(size);
}

void RawHttp2::OnSettings(std::string_view payload) {
  constexpr uint16_t kInitialWindowSize = 4;
  for (; payload.size() >= 6; payload.remove_prefix(6)) {
    if (GetU16(AsBytes(payload).data()) != kInitialWindowSize) continue;
    const int64_t size = GetU32(payload.substr(2));
    for (auto& [number, stream] : streams_) stream.window += size - initial_window_;
    initial_window_ = size;
  }
}

// False: the connection is over.
bool RawHttp2::ReadFrame() {
  std::string header, payload;
  if (!ReadExactly(&header, 9)) return false;
  const uint32_t size = GetU32('\0' + header.substr(0, 3));
  if (!ReadExactly(&payload, size)) return false;
  const auto type = static_cast<uint8_t>(header[3]);
  const bool ack = (static_cast<uint8_t>(header[4]) & kAck) != 0;
  const uint32_t stream = GetU32(std::string_view(header).substr(5));
  if (type == kSettings && !ack) {
    OnSettings(payload);
    Frame(kSettings, kAck, 0, "");
  } else if (type == kPing && !ack) {
    Frame(kPing, kAck, 0, payload);
  } else if (type == kWindowUpdate && stream == 0) {
    window_ += GetU32(payload);
  } else if (type == kWindowUpdate && streams_.contains(stream)) {
    streams_[stream].window += GetU32(payload);
  }
  return type != kGoAway;
}

}  // namespace fieldkms::testing
