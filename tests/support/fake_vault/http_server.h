// HTTP/1.1, with or without TLS, for fakes of services.
#ifndef FIELDKMS_TESTS_SUPPORT_FAKE_VAULT_HTTP_SERVER_H_
#define FIELDKMS_TESTS_SUPPORT_FAKE_VAULT_HTTP_SERVER_H_

#include <openssl/ssl.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/scripted_server.h"

namespace fieldkms::testing {

struct FakeRequest {
  std::string method;
  std::string path;                            // "/v1/sys/health"
  std::string query;                           // what follows "?"
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct FakeResponse {
  enum class Way { kAnswer, kHang, kDrop };
  int status = 200;
  std::string body = {};  // JSON, or empty
  std::map<std::string, std::string> headers = {};
  Way way = Way::kAnswer;
};

// PEM files.
struct TlsFiles {
  std::string certificate, key;
  std::string client_ca = {};  // if set, clients must have a certificate of it
};

// FakeHttpServer answers with what `handler` makes, called on many threads. Throws
// std::runtime_error if it cannot be set up.
class FakeHttpServer {
 public:
  using Handler = std::function<FakeResponse(const FakeRequest&)>;
  explicit FakeHttpServer(Handler handler, const TlsFiles* tls = nullptr);

  // "https://127.0.0.1:PORT" with TLS.
  std::string url() const;

 private:
  struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  void Serve(int connection);

  const Handler handler_;
  std::unique_ptr<SSL_CTX, Free> tls_;
  ScriptedServer server_;  // last: its threads use the others
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_SUPPORT_FAKE_VAULT_HTTP_SERVER_H_
