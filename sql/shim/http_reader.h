// HttpReader takes HTTP/1.1 requests out of the bytes of a connection. Knows no socket.
#ifndef FIELDKMS_SQL_SHIM_HTTP_READER_H_
#define FIELDKMS_SQL_SHIM_HTTP_READER_H_

#include <cstddef>
#include <span>
#include <string>

#include "sql/shim/http_message.h"

namespace fieldkms::shim {

inline constexpr size_t kMostHeadBytes = 16 << 10;

// One request after the other; those that were sent ahead of an answer wait in the buffer. Bodies
// have a Content-Length: what is chunked is refused (411), so that no two programs can disagree on
// where a request ends. Not thread-safe.
class HttpReader {
 public:
  explicit HttpReader(HttpPeer peer);
  ~HttpReader();
  HttpReader(const HttpReader&) = delete;
  HttpReader& operator=(const HttpReader&) = delete;

  enum class State {
    kNeedMore,  // Prepare, fill, Commit
    kHead,      // the head is there: AcceptBody, or refuse the request
    kComplete,  // TakeRequest
    kBroken,    // no request that we take: `refusal`, and close
  };
  State Next();

  // Room for at least one byte, while kNeedMore.
  std::span<char> Prepare();
  void Commit(size_t size);

  // In kHead:
  const HttpHead& head() const { return request_; }
  size_t content_length() const { return content_length_; }
  bool expects_continue() const { return expects_continue_; }
  // Memory for the body is taken as it comes: who only announces much costs nothing.
  void AcceptBody();

  HttpRequest TakeRequest();
  // Of the request whose head was read last.
  bool keep_alive() const { return keep_alive_; }
  // Whether no byte of a next request has come.
  bool idle() const { return phase_ == Phase::kHead && begin_ == end_; }
  // In kBroken: the status, and a line about it.
  int broken_status() const { return broken_status_; }
  std::string_view broken_line() const { return broken_line_; }

 private:
  enum class Phase { kHead, kDecide, kBody, kBroken };

  State ReadHead();
  void GrowBody(size_t size);
  State Broken(int status, std::string_view line);

  const HttpPeer peer_;
  std::string buffer_;  // heads, and what came together with them
  size_t begin_ = 0, end_ = 0;
  Phase phase_ = Phase::kHead;
  HttpRequest request_;
  size_t content_length_ = 0;
  size_t body_size_ = 0;  // of request_.body, filled
  bool keep_alive_ = true;
  bool expects_continue_ = false;
  int broken_status_ = 0;
  std::string_view broken_line_;
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_HTTP_READER_H_
