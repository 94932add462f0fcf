// A small synchronous HTTP/1.1 client, for roots that are reached over HTTP.
#ifndef FIELDKMS_KMS_ROOT_HTTP_CLIENT_H_
#define FIELDKMS_KMS_ROOT_HTTP_CLIENT_H_

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"

namespace fieldkms {

// The caller wipes what is secret of its requests and responses (WipeString). The
// client wipes its own copies, those in libcurl's memory included (curl_memory.h).
struct HttpRequest {
  std::string method;  // "GET", "POST" and so on
  std::string url;     // http: or https:, without user information
  // A Content-Type is sent only if it is here. No part may hold a line break.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

struct HttpResponse {
  int status = 0;  // of the final response; 1xx are skipped
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// FindHeader returns the value of the first header of that name, in any case;
// nullptr if there is none.
const std::string* FindHeader(const HttpResponse& response, std::string_view name);

struct HttpOptions {
  // PEM files. An empty `ca_file` means the system's authorities; any other replaces
  // them. The client's certificate and key come together or not at all.
  std::string ca_file = {};
  std::string client_certificate = {};
  std::string client_key = {};
  // Of making a connection (name look-up and TLS included), and of a whole call.
  std::chrono::milliseconds connect_timeout{1000};
  std::chrono::milliseconds call_timeout{5000};
  size_t max_response = 1 << 20;  // of headers and body each, in bytes
  std::string unix_socket = {};   // if set, the URL's host is not looked up
  std::string proxy = {};         // a URL; the environment's proxies are not used
};

// HttpClient keeps connections alive between calls. Thread-safe: calls run side by
// side, each on a connection of its own.
class HttpClient {
 public:
  virtual ~HttpClient() = default;

  // Send returns the response of any status; redirects are not followed. Certificates
  // are always verified, TLS is 1.2 or later. Errors:
  //   kDeadlineExceeded   the deadline passed; the call is cut off in flight
  //   kUnavailable, reason kRootUnavailable: no connection, TLS failed, a time-out of
  //     the options, or the response is longer than they allow. The server may have
  //     acted on the request.
  //   kInvalidArgument, reason kConfigInvalid: the URL or a header is not legal.
  // Messages name method, scheme and host, nothing else of the request.
  virtual absl::StatusOr<HttpResponse> Send(const HttpRequest& request,
                                            Deadline deadline) const = 0;
};

// MakeHttpClient connects to nothing. Errors: kInvalidArgument, reason kConfigInvalid,
// for a file that cannot be read or options that do not go together; kInternal if
// libcurl cannot be set up.
absl::StatusOr<std::unique_ptr<HttpClient>> MakeHttpClient(const HttpOptions& options);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_HTTP_CLIENT_H_
