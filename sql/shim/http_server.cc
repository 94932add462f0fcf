#include "sql/shim/http_server.h"

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "crypto/status.h"
#include "sql/shim/http_connection.h"

namespace fieldkms::shim {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::local::stream_protocol;
using TlsStream = asio::ssl::stream<tcp::socket>;
using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptPause{50};  // out of descriptors: no event tells more
constexpr std::chrono::milliseconds kDrainPoll{5};
constexpr size_t kTlsShare = 4;  // one in so many connections may be by TLS

absl::Status TlsError(const std::string& message) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid, message);
}

absl::StatusOr<std::shared_ptr<asio::ssl::context>> MakeTls(const HttpTlsOptions& options) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_3_VERSION);
  error_code error;
  context->use_certificate_chain_file(options.certificate_file, error);
  if (error) {
    return TlsError("listen.tls.certificate: " + options.certificate_file +
                    " is no chain of certificates in PEM form");
  }
  context->use_private_key_file(options.key_file, asio::ssl::context::pem, error);
  if (error || SSL_CTX_check_private_key(context->native_handle()) != 1) {
    return TlsError("listen.tls.key: " + options.key_file +
                    " is not the private key of that certificate, in PEM form");
  }
  return context;
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(const HttpServerOptions& options, HttpHandler& handler) : shared_(options, handler) {
    for (int i = 0; i < std::max(1, options.threads); ++i) {
      loops_.push_back(std::make_unique<HttpLoop>(shared_));
    }
  }

  ~Impl() { StopAll(); }

  absl::Status Listen() {
    asio::io_context& io = loops_.front()->io();
    if (shared_.options.unix_socket) {
      FIELDKMS_ASSIGN_OR_RETURN(BoundSocket bound, BoundSocket::Bind(*shared_.options.unix_socket));
      bound_.emplace(std::move(bound));
      // The descriptor is bound_'s, and its duplicate the acceptor's.
      unix_.emplace(io, stream_protocol(), dup(bound_->get()));
    }
    if (shared_.options.tls) FIELDKMS_RETURN_IF_ERROR(ListenForTls(io));
    return absl::OkStatus();
  }

  void Start() {
    if (unix_) AcceptUnix();
    if (tls_) AcceptTls();
    for (const auto& loop : loops_) loop->Start();
  }

  bool Drain(std::chrono::milliseconds grace) {
    shared_.draining = true;
    asio::post(loops_.front()->io(), [this] {
      error_code ignored;
      if (unix_) unix_->close(ignored);
      if (tls_) tls_->close(ignored);
    });
    if (bound_) bound_->Close();
    const auto until = std::chrono::steady_clock::now() + grace;
    while (shared_.connections > 0 && std::chrono::steady_clock::now() < until) {
      // Again and again: what was at a request may be between two by now.
      for (const auto& loop : loops_) loop->BeginDrain();
      std::unique_lock lock(mutex_);
      woken_.wait_for(lock, kDrainPoll);
    }
    const bool empty = shared_.connections == 0;
    StopAll();
    return empty;
  }

  absl::Status Reload() {
    if (!shared_.options.tls) return absl::OkStatus();
    FIELDKMS_ASSIGN_OR_RETURN(auto context, MakeTls(*shared_.options.tls));
    const std::lock_guard lock(mutex_);
    context_ = std::move(context);
    return absl::OkStatus();
  }

  size_t connections() const { return shared_.connections; }
  uint16_t tls_port() const { return tls_port_; }

 private:
  absl::Status ListenForTls(asio::io_context& io) {
    const HttpTlsOptions& options = *shared_.options.tls;
    FIELDKMS_ASSIGN_OR_RETURN(context_, MakeTls(options));
    error_code error;
    const auto address = asio::ip::make_address(options.host, error);
    if (error || !address.is_loopback()) {
      return TlsError("listen.tls.address: must be an address of this host's own");
    }
    const tcp::endpoint endpoint(address, options.port);
    tls_.emplace(io);
    tls_->open(endpoint.protocol(), error);
    if (!error) tls_->set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) tls_->bind(endpoint, error);
    if (!error) tls_->listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      return Error(absl::StatusCode::kUnavailable, Reason::kInternal,
                   "cannot listen on " + options.host + ":" + std::to_string(options.port) + ": " +
                       error.message());
    }
    tls_port_ = tls_->local_endpoint().port();
    return absl::OkStatus();
  }

  HttpLoop& NextLoop() { return *loops_[next_++ % loops_.size()]; }
  bool Full() const { return shared_.connections >= shared_.options.most_connections; }
  bool FullOfTls() const {
    return Full() || shared_.tls_connections >=
                         std::max<size_t>(1, shared_.options.most_connections / kTlsShare);
  }

  void AcceptUnix() {
    HttpLoop& loop = NextLoop();
    unix_->async_accept(loop.io(), [this, &loop](error_code error, UnixStream socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) return Pause([this] { AcceptUnix(); });
      AdmitUnix(loop, std::move(socket));
      AcceptUnix();
    });
  }

  void AdmitUnix(HttpLoop& loop, UnixStream socket) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
      return;
    }
    if (Full()) {
      const HttpResponse full = PlainResponse(503, "too many connections");
      const std::string text = HttpHeadText(full, true) + full.body;
      // Nothing waits for a peer that does not take it.
      [[maybe_unused]] const ssize_t sent =
          send(socket.native_handle(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      return;
    }
    const HttpPeer peer{true, credentials.uid, credentials.pid};
    asio::post(loop.io(), [&loop, peer, socket = std::move(socket)]() mutable {
      std::make_shared<HttpConnection<UnixStream>>(loop, peer, std::move(socket))->Run();
    });
  }

  void AcceptTls() {
    HttpLoop& loop = NextLoop();
    tls_->async_accept(loop.io(), [this, &loop](error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) return Pause([this] { AcceptTls(); });
      if (!FullOfTls()) AdmitTls(loop, std::move(socket));
      AcceptTls();
    });
  }

  void AdmitTls(HttpLoop& loop, tcp::socket socket) {
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    std::shared_ptr<asio::ssl::context> context;
    {
      const std::lock_guard lock(mutex_);
      context = context_;
    }
    // Counted here, where they come in, so that no burst is let in before its first is counted.
    ++shared_.tls_connections;
    std::shared_ptr<void> seat(&shared_, [this](void*) { --shared_.tls_connections; });
    asio::post(loop.io(),
               [&loop, context, seat = std::move(seat), socket = std::move(socket)]() mutable {
                 auto connection = std::make_shared<HttpConnection<TlsStream>>(
                     loop, HttpPeer(), std::move(socket), *context);
                 connection->Hold(std::move(seat));
                 connection->SetDeadline(loop.shared().options.patience);
                 // The stream refers to its context no more than OpenSSL counts.
                 connection->stream().async_handshake(asio::ssl::stream_base::server,
                                                      [connection](error_code error) {
                                                        if (error) return connection->End();
                                                        connection->Run();
                                                      });
               });
  }

  template <class Again>
  void Pause(Again again) {
    auto timer = std::make_shared<asio::steady_timer>(loops_.front()->io(), kAcceptPause);
    timer->async_wait([this, timer, again](error_code) {
      if (!shared_.draining) again();
    });
  }

  void StopAll() {
    for (const auto& loop : loops_) loop->Stop();
  }

  HttpShared shared_;
  std::vector<std::unique_ptr<HttpLoop>> loops_;
  std::optional<BoundSocket> bound_;
  std::optional<stream_protocol::acceptor> unix_;
  std::optional<tcp::acceptor> tls_;
  uint16_t tls_port_ = 0;
  size_t next_ = 0;
  mutable std::mutex mutex_;  // guards context_
  std::condition_variable woken_;
  std::shared_ptr<asio::ssl::context> context_;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(HttpServerOptions options,
                                                              HttpHandler& handler) {
  auto impl = std::make_unique<Impl>(options, handler);
  FIELDKMS_RETURN_IF_ERROR(impl->Listen());
  impl->Start();
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

bool HttpServer::Drain(std::chrono::milliseconds grace) { return impl_->Drain(grace); }
absl::Status HttpServer::Reload() { return impl_->Reload(); }
size_t HttpServer::connections() const { return impl_->connections(); }
uint16_t HttpServer::tls_port() const { return impl_->tls_port(); }

}  // namespace fieldkms::shim
