#include "sql/shim/shim.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <thread>

#include "crypto/secret_bytes.h"
#include "crypto/status.h"
#include "kms/observe/log.h"
#include "kms/observe/signals.h"
#include "sql/shim/backend.h"
#include "sql/shim/frame_calls.h"
#include "sql/shim/http_server.h"
#include "sql/shim/json_api.h"
#include "sql/shim/peers.h"
#include "sql/shim/router.h"
#include "sql/shim/tokens.h"
#include "sql/shim/vault_api.h"
#include "sql/wire/frames.h"

namespace fieldkms::shim {
namespace {

constexpr std::chrono::milliseconds kTick{1'000};
constexpr unsigned kMostThreads = 4;

int CannotStart(const absl::Status& status) {
  Log(LogLevel::kError, "cannot_start", {{"error", status}});
  return kShimExitCannotStart;
}

int ThreadsOf(const Config& config) {
  if (config.threads > 0) return config.threads;
  return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads));
}

HttpServerOptions ServerOptions(const Config& config) {
  HttpServerOptions options;
  options.unix_socket = config.unix_socket;
  options.threads = ThreadsOf(config);
  options.most_connections = static_cast<size_t>(config.most_connections);
  options.idle = config.idle;
  options.patience = config.patience;
  if (!config.tls) return options;
  // The address was checked when it was read: "127.0.0.1:8200" or "[::1]:8200".
  const std::string& address = config.tls->address;
  const size_t colon = address.rfind(':');
  HttpTlsOptions& tls = options.tls.emplace();
  tls.host = address.front() == '[' ? address.substr(1, colon - 2) : address.substr(0, colon);
  std::from_chars(address.data() + colon + 1, address.data() + address.size(), tls.port);
  tls.certificate_file = config.tls->certificate;
  tls.key_file = config.tls->key;
  return options;
}

void Note(const char* what, const absl::Status& status) {
  if (status.ok()) return;
  Log(LogLevel::kError, "reload_failed", {{"what", what}, {"error", status}});
}

void Reload(const Config& config, Tokens& tokens, Backend& backend, HttpServer& server) {
  if (!config.tokens_file.empty()) Note("tokens", tokens.Load(config.tokens_file));
  Note("certificate", server.Reload());
  Note("audit", backend.audit().Reopen());
  Log(LogLevel::kInfo, "reloaded");
}

void ServeUntilStopped(const Config& config, Signals& signals, Tokens& tokens, Backend& backend,
                       HttpServer& server) {
  for (;;) {
    switch (signals.Wait(kTick)) {
      case Signals::Event::kStop:
        return;
      case Signals::Event::kReload:
        Reload(config, tokens, backend, server);
        break;
      case Signals::Event::kWake:
      case Signals::Event::kTimeout:
        // What fails is remembered, and calls fail from then on.
        (void)backend.audit().CheckInPlace();
        break;
    }
  }
}

}  // namespace

int RunShim(const Config& config) {
  Signals signals(Signals::Reload::kTold);
  if (const absl::Status locked = SetMemoryLock(config.memory_lock); !locked.ok()) {
    return CannotStart(locked);
  }
  Tokens tokens;
  if (!config.tokens_file.empty()) {
    if (const absl::Status loaded = tokens.Load(config.tokens_file); !loaded.ok()) {
      return CannotStart(loaded);
    }
  }
  const Peers peers(config, tokens);
  auto backend = Backend::Create(config);
  if (!backend.ok()) return CannotStart(backend.status());
  FrameCalls frames(**backend, peers);
  Router router;
  router.Add(FIELDKMS_FRAME_PATH, frames);
  JsonApi json(**backend, peers);
  json.AddTo(router);
  VaultApi vault(**backend, peers);
  if (!config.vault.tenant.empty()) vault.AddTo(router);
  auto server = HttpServer::Start(ServerOptions(config), router);
  if (!server.ok()) return CannotStart(server.status());
  Log(LogLevel::kInfo, "serving",
      {{"unix", config.unix_socket ? config.unix_socket->path : std::string()},
       {"tls_port", (*server)->tls_port()},
       {"service", config.service}});
  ServeUntilStopped(config, signals, tokens, **backend, **server);
  Log(LogLevel::kInfo, "stopping");
  const bool drained = (*server)->Drain(config.drain_grace);
  // Replies go through the server's loops: the workers end before it does.
  (*backend)->Stop();
  Log(LogLevel::kInfo, "stopped", {{"drained", drained}});
  return drained ? kShimExitOk : kShimExitDrainTimeout;
}

}  // namespace fieldkms::shim
