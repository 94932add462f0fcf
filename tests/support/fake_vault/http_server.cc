#include "tests/support/fake_vault/http_server.h"

#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <utility>

namespace fieldkms::testing {
namespace {

// One connection, in clear text or not.
class Wire {
 public:
  Wire(int connection, SSL_CTX* context) : connection_(connection) {
    if (context == nullptr) return;
    ssl_ = SSL_new(context);
    SSL_set_fd(ssl_, connection);
    open_ = SSL_accept(ssl_) == 1;
  }
  ~Wire() { SSL_free(ssl_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  bool open() const { return open_; }

  // Reads more into `text`; false at the end.
  bool Read(std::string* text) {
    char piece[8192];
    const auto n = ssl_ != nullptr ? static_cast<ssize_t>(SSL_read(ssl_, piece, sizeof piece))
                                   : recv(connection_, piece, sizeof piece, 0);
    if (n <= 0) return false;
    text->append(piece, static_cast<size_t>(n));
    return true;
  }

  void Write(const std::string& text) {
    if (ssl_ != nullptr) {
      SSL_write(ssl_, text.data(), static_cast<int>(text.size()));
    } else {
      Send(connection_, text);
    }
  }

 private:
  const int connection_;
  SSL* ssl_ = nullptr;
  bool open_ = true;
};

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// The request line and headers in `head`.
FakeRequest ParseHead(const std::string& head) {
  FakeRequest request;
  const size_t line_end = head.find("\r\n");
  const size_t space = head.find(' ');
  const size_t second = head.find(' ', space + 1);
  if (second == std::string::npos || second > line_end) return request;
  request.method = head.substr(0, space);
  const std::string target = head.substr(space + 1, second - space - 1);
  const size_t mark = std::min(target.find('?'), target.size());
  request.path = target.substr(0, mark);
  if (mark < target.size()) request.query = target.substr(mark + 1);
  for (size_t at = line_end + 2; at < head.size();) {
    const size_t end = std::min(head.find("\r\n", at), head.size());
    const size_t colon = head.find(':', at);
    if (colon < end) {
      const size_t value = std::min(head.find_first_not_of(' ', colon + 1), end);
      request.headers[Lower(head.substr(at, colon - at))] = head.substr(value, end - value);
    }
    at = end + 2;
  }
  return request;
}

// The next request; `rest` holds what was read of the one after. Empty method: none.
FakeRequest Next(Wire& wire, std::string* rest) {
  size_t end = 0;
  while ((end = rest->find("\r\n\r\n")) == std::string::npos) {
    if (!wire.Read(rest)) return {};
  }
  FakeRequest request = ParseHead(rest->substr(0, end));
  const auto length = request.headers.find("content-length");
  const size_t size = length == request.headers.end() ? 0 : std::stoul(length->second);
  while (rest->size() < end + 4 + size) {
    if (!wire.Read(rest)) return {};
  }
  request.body = rest->substr(end + 4, size);
  rest->erase(0, end + 4 + size);
  return request;
}

std::string ToText(const FakeResponse& response, bool with_body) {
  std::string text = "HTTP/1.1 " + std::to_string(response.status) +
                     " Status\r\nContent-Type: application/json\r\n";
  for (const auto& [name, value] : response.headers) {
    text += std::string(name) + ": " + value + "\r\n";
  }
  if (response.status != 204) {
    text += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  }
  text += "\r\n";
  return with_body ? text + response.body : text;
}

SSL_CTX* MakeContext(const TlsFiles& files) {
  // SSL_write knows no MSG_NOSIGNAL.
  signal(SIGPIPE, SIG_IGN);
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  const bool ready = SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) == 1 &&
                     SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) == 1;
  if (!ready) throw std::runtime_error("cannot use certificate and key");
  if (!files.client_ca.empty()) {
    SSL_CTX_load_verify_locations(context, files.client_ca.c_str(), nullptr);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

}  // namespace

FakeHttpServer::FakeHttpServer(Handler handler, const TlsFiles* tls)
    : handler_(std::move(handler)),
      tls_(tls != nullptr ? MakeContext(*tls) : nullptr),
      server_([this](int connection) { Serve(connection); }) {}

std::string FakeHttpServer::url() const {
  return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(server_.port());
}

void FakeHttpServer::Serve(int connection) {
  Wire wire(connection, tls_.get());
  if (!wire.open()) return;
  std::string rest;
  while (true) {
    const FakeRequest request = Next(wire, &rest);
    if (request.method.empty()) return;
    const FakeResponse response = handler_(request);
    if (response.way == FakeResponse::Way::kDrop) return;
    if (response.way == FakeResponse::Way::kHang) return AwaitEnd(connection);
    wire.Write(ToText(response, request.method != "HEAD"));
  }
}

}  // namespace fieldkms::testing
