// HTTP requests and answers as plain values, for whoever has to do with no socket.
#ifndef FIELDKMS_SQL_SHIM_HTTP_MESSAGE_H_
#define FIELDKMS_SQL_SHIM_HTTP_MESSAGE_H_

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fieldkms::shim {

// Who is at the other end of a connection, as far as the kernel says.
struct HttpPeer {
  bool unix = false;  // false: it came by TLS, and only a token tells who it is
  uid_t uid = 0;
  pid_t pid = 0;
};

// The head of a request. Names of headers are compared without case; a name that stands twice is
// kept twice.
struct HttpHead {
  std::string method;  // "GET", or one that HTTP does not know, such as "LIST"
  std::string path;    // of the target, up to its "?", as sent
  std::string query;   // behind that, as sent
  std::vector<std::pair<std::string, std::string>> headers;
  HttpPeer peer;

  // The value of a header, or "". Where it stands more than once: the first.
  std::string_view Header(std::string_view name) const;
};

// The body of a request has as much room behind it, for parsers that read words beyond its end.
inline constexpr size_t kBodyPadding = 64;

struct HttpRequest : HttpHead {
  HttpRequest() = default;
  explicit HttpRequest(HttpHead head) : HttpHead(std::move(head)) {}
  HttpRequest(HttpRequest&&) = default;
  HttpRequest& operator=(HttpRequest&&) = default;
  ~HttpRequest();  // wipes the body: it may hold values

  std::string body;
};

struct HttpResponse {
  HttpResponse() = default;
  HttpResponse(int code, std::string_view type, std::string text)
      : status(code), content_type(type), body(std::move(text)) {}
  HttpResponse(HttpResponse&&) = default;
  HttpResponse& operator=(HttpResponse&&) = default;
  ~HttpResponse();  // wipes the body

  int status = 200;
  std::string_view content_type;  // a literal; empty: none is sent
  std::string body;
  std::vector<std::pair<std::string_view, std::string>> headers;  // more than the server's own
  bool close = false;                                             // the connection, once it is sent
};

// Takes the one answer of a request. Any thread; once.
using HttpReply = std::function<void(HttpResponse)>;

// "GET /v1/x": text/plain with a line feed behind it.
HttpResponse PlainResponse(int status, std::string_view line);

// The decoded form of a part of a path or query: %XX, and in queries "+". False for what is none.
bool PercentDecode(std::string_view text, bool plus_is_space, std::string* out);

// The value of a parameter of `query`, decoded; "" where it is not there or malformed.
std::string QueryParameter(std::string_view query, std::string_view name);

// Whether answers of this status have a body. Clients read none behind the others, whatever is sent
// there, and would take it for the next answer.
bool MayHaveBody(int status);

// The standard phrase of a status.
std::string_view ReasonPhrase(int status);

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_HTTP_MESSAGE_H_
