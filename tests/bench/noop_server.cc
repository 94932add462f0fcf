#include "tests/bench/noop_server.h"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>

#include <memory>
#include <string>

#include "crypto/envelope.h"
#include "fieldkms/v1/crypto_service.grpc.pb.h"
#include "kms/rpc/call.h"
#include "kms/rpc/engine.h"

namespace fieldkms::bench {
namespace {

constexpr uint32_t kVersion = 1;

// What a sealed value looks like: the value and 53 bytes more.
void PretendToSeal(const std::string& plaintext, std::string* ciphertext) {
  ciphertext->assign(EnvelopeOverhead(Suite::kXaes256Gcm), '\x11');
  ciphertext->append(plaintext);
}

class NoopEncrypt final : public UnaryCall<v1::EncryptRequest, v1::EncryptResponse> {
  void OnRequest() override {
    PretendToSeal(request().plaintext(), response()->mutable_ciphertext());
    response()->set_key_version(kVersion);
    Finish(grpc::Status::OK);
  }
};

class NoopBatchEncrypt final : public UnaryCall<v1::BatchEncryptRequest, v1::BatchEncryptResponse> {
  void OnRequest() override {
    response()->mutable_results()->Reserve(request().items_size());
    for (const auto& item : request().items()) {
      auto* const result = response()->add_results();
      PretendToSeal(item.plaintext(), result->mutable_ciphertext());
      result->set_key_version(kVersion);
    }
    Finish(grpc::Status::OK);
  }
};

// Other methods answer UNIMPLEMENTED.
using NoopService = v1::CryptoService::WithRawMethod_Encrypt<
    v1::CryptoService::WithRawMethod_BatchEncrypt<v1::CryptoService::Service>>;

}  // namespace

int ServeNoop(const NoopServerOptions& options) {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);  // before any thread starts

  NoopService service;
  Engine engine(EngineOptions{});
  engine.AddService(service);
  engine.AddUnary(
      service, &NoopService::RequestEncrypt, [] { return std::make_unique<NoopEncrypt>(); },
      kBusyMethod);
  engine.AddUnary(
      service, &NoopService::RequestBatchEncrypt,
      [] { return std::make_unique<NoopBatchEncrypt>(); }, kBusyMethod);
  UnixListenerOptions listener;
  listener.path = options.socket;
  absl::Status status = engine.ListenUnix(listener);
  if (status.ok()) status = engine.Start();
  if (!status.ok()) {
    fmt::print(stderr, "no-op server: {}\n", status.ToString());
    return 1;
  }
  engine.SetServing(true);
  int signal = 0;
  sigwait(&stop, &signal);
  engine.Shutdown(std::chrono::seconds(1));
  return 0;
}

}  // namespace fieldkms::bench
