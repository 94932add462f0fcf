#include "sql/shim/http_reader.h"

#include <algorithm>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstring>
#include <limits>
#include <utility>

#include "clients/cpp/wipe.h"
#include "crypto/bytes.h"

namespace fieldkms::shim {
namespace {

namespace http = boost::beast::http;

// As much as one read takes besides the longest head.
constexpr size_t kBufferSize = kMostHeadBytes + (size_t{16} << 10);

constexpr size_t kFirstBodySize = 256 << 10;

std::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }

bool SameIgnoringCase(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

}  // namespace

HttpReader::HttpReader(HttpPeer peer) : peer_(peer), buffer_(kBufferSize, '\0') {}

HttpReader::~HttpReader() { WipeText(&buffer_); }

HttpReader::State HttpReader::Broken(int status, std::string_view line) {
  phase_ = Phase::kBroken;
  broken_status_ = status;
  broken_line_ = line;
  return State::kBroken;
}

std::span<char> HttpReader::Prepare() {
  if (phase_ == Phase::kBody) {
    if (body_size_ == request_.body.size()) GrowBody(2 * body_size_);
    return std::span(request_.body).subspan(body_size_);
  }
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (begin_ > 0 && buffer_.size() - end_ < kMostHeadBytes) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return std::span(buffer_).subspan(end_);
}

void HttpReader::Commit(size_t size) { (phase_ == Phase::kBody ? body_size_ : end_) += size; }

HttpReader::State HttpReader::Next() {
  switch (phase_) {
    case Phase::kHead:
      return ReadHead();
    case Phase::kDecide:
      return State::kHead;
    case Phase::kBody:
      return body_size_ == content_length_ ? State::kComplete : State::kNeedMore;
    case Phase::kBroken:
      break;
  }
  return State::kBroken;
}

HttpReader::State HttpReader::ReadHead() {
  // Line ends before a request are ignored (RFC 9112, 2.2).
  while (begin_ < end_ && (buffer_[begin_] == '\r' || buffer_[begin_] == '\n')) ++begin_;
  const std::string_view left = std::string_view(buffer_).substr(begin_, end_ - begin_);
  const size_t end_of_head = left.find("\r\n\r\n");
  if (end_of_head == std::string_view::npos) {
    if (left.size() < kMostHeadBytes) return State::kNeedMore;
    return Broken(431, "the head of a request is at most 16 KiB");
  }
  if (end_of_head + 4 > kMostHeadBytes) {
    return Broken(431, "the head of a request is at most 16 KiB");
  }
  http::request_parser<http::empty_body> parser;
  parser.header_limit(kMostHeadBytes);
  // The reader does not read bodies; `none` is less than any length to Boost 1.74.
  parser.body_limit(std::numeric_limits<uint64_t>::max());
  boost::system::error_code error;
  const size_t used = parser.put(boost::asio::buffer(left.data(), end_of_head + 4), error);
  if (error || !parser.is_header_done()) return Broken(400, "this is no HTTP/1.1 request");
  const auto& message = parser.get();
  if (message.version() > 11) return Broken(400, "this is no HTTP/1.1 request");
  if (parser.chunked() || message.find(http::field::transfer_encoding) != message.end()) {
    return Broken(411, "give the length of the body: no transfer encoding is taken");
  }
  const std::string_view target = View(message.target());
  if (!target.starts_with('/')) return Broken(400, "the target of a request is a path");
  const size_t question = target.find('?');
  HttpHead head;
  head.peer = peer_;
  head.method = View(message.method_string());
  head.path = target.substr(0, question);
  if (question != std::string_view::npos) head.query = target.substr(question + 1);
  for (const auto& field : message) {
    head.headers.emplace_back(View(field.name_string()), View(field.value()));
  }
  content_length_ = parser.content_length() ? static_cast<size_t>(*parser.content_length()) : 0;
  keep_alive_ = parser.keep_alive();
  expects_continue_ = SameIgnoringCase(head.Header("expect"), "100-continue");
  request_ = HttpRequest(std::move(head));
  begin_ += used;
  phase_ = Phase::kDecide;
  return State::kHead;
}

void HttpReader::AcceptBody() {
  body_size_ = std::min(content_length_, end_ - begin_);
  GrowBody(std::max(kFirstBodySize, body_size_));
  std::memcpy(request_.body.data(), buffer_.data() + begin_, body_size_);
  Wipe(AsMutableBytes(buffer_).subspan(begin_, body_size_));
  begin_ += body_size_;
  phase_ = Phase::kBody;
}

void HttpReader::GrowBody(size_t size) {
  std::string larger;
  larger.resize(std::min(size, content_length_) + kBodyPadding);
  larger.resize(larger.size() - kBodyPadding);
  request_.body.copy(larger.data(), larger.size());
  WipeText(&request_.body);
  request_.body = std::move(larger);
}

HttpRequest HttpReader::TakeRequest() {
  phase_ = Phase::kHead;
  return std::exchange(request_, HttpRequest());
}

}  // namespace fieldkms::shim
