// HttpServer: HTTP/1.1 with keep-alive over a Unix socket and over TLS. Knows nothing of routes.
#ifndef FIELDKMS_SQL_SHIM_HTTP_SERVER_H_
#define FIELDKMS_SQL_SHIM_HTTP_SERVER_H_

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "kms/unix_socket.h"
#include "sql/shim/http_message.h"

namespace fieldkms::shim {

// Whether the body of a request is wanted.
struct HttpAdmission {
  size_t most_body = 0;                 // a longer one is refused with 413
  std::optional<HttpResponse> refusal;  // instead; what is not read of the request is dropped
  bool known = false;                   // who asks: the connection may be silent for `idle` then
};

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  // Both are called on threads that serve many connections: they must not block.
  virtual HttpAdmission Admit(const HttpHead& head) = 0;
  // `reply` is called once, then or later, there or on another thread, and before the server is
  // destroyed.
  virtual void Handle(HttpRequest request, HttpReply reply) = 0;
};

struct HttpTlsOptions {
  std::string host;  // loopback: "127.0.0.1" or "::1"
  uint16_t port = 0;
  std::string certificate_file;  // PEM, the chain; read again by Reload
  std::string key_file;          // PEM
};

struct HttpServerOptions {
  std::optional<UnixSocketOptions> unix_socket;
  std::optional<HttpTlsOptions> tls;
  int threads = 1;
  size_t most_connections = 1000;
  // Of these by TLS a quarter at most, and one at least: anybody on the host can open them, and the
  // Unix socket must have room then. Until a request came from somebody known, one by TLS may be
  // silent for `patience` only.
  // A connection is closed that is silent between requests for longer than `idle`, or that takes
  // longer for a head than `patience`, or for a body or an answer than `patience` and what its
  // bytes take at 256 KiB a second.
  std::chrono::milliseconds idle{600'000};
  std::chrono::milliseconds patience{10'000};
};

class HttpServer {
 public:
  // Listens, and serves on threads of its own. `handler` outlives the server. Errors: as
  // BoundSocket::Bind; kInvalidArgument, kConfigInvalid, for certificates and addresses.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(HttpServerOptions options,
                                                           HttpHandler& handler);
  ~HttpServer();

  // Takes no more connections, ends those that are between requests, and waits until the others
  // have their answers, for `grace` at most; ends them all then. False: some had none yet. Once.
  bool Drain(std::chrono::milliseconds grace);

  // Reads the certificate and key again, for connections from now on. Error: as of Start; the
  // former stay in use then.
  absl::Status Reload();

  size_t connections() const;
  // Where TLS is listened on: what the system chose for port 0; 0: it is not.
  uint16_t tls_port() const;

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fieldkms::shim

#endif  // FIELDKMS_SQL_SHIM_HTTP_SERVER_H_
