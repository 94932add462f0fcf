// Engine: a gRPC server on asynchronous completion queues, one queue and one
// thread a core, with pooled calls and reused messages. It knows no service.
//
// Why not gRPC's callback API: in gRPC 1.51 its shared poll threads sleep 100 ms
// after a second of idleness, and the next call waits for them.
//
// Plaintext. A handler wipes the messages when its call is recycled. gRPC's own
// slices (the bytes as received and as sent) are freed unwiped; they live for the
// time of the call, and the process neither dumps core nor can be traced.
#ifndef FIELDKMS_KMS_RPC_ENGINE_H_
#define FIELDKMS_KMS_RPC_ENGINE_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "kms/rpc/call.h"
#include "kms/rpc/connection_table.h"
#include "kms/rpc/health_service.h"
#include "kms/rpc/message_reader.h"
#include "kms/rpc/unix_listener.h"

namespace fieldkms {

// A little more than kMaxRequestSize, so that the refusal is ours.
inline constexpr size_t kMaxReceiveSize = kMaxRequestSize + (64u << 10);

struct EngineOptions {
  int queues = 0;                    // 0: one a core
  int max_concurrent_streams = 128;  // of one connection
  // What gRPC may hold for requests that are still arriving, all connections
  // together: it buffers a message before anybody knows who sent it and why. What it
  // grants goes beyond this by a few reads of each stream: 256 MiB is what it comes to.
  size_t max_receive_memory = 224u << 20;
  int max_metadata_size = 8 << 10;
  // Of gRPC's own, for streams of health and reflection: each takes one while it lasts.
  int max_stream_threads = 48;
  bool health_and_reflection = true;
  bool read_tokens = false;  // whether Caller::token is looked for
};

// CallPool holds the calls of one method on one queue: it keeps `low` armed and
// grows to `max`. Beyond that, RPCs wait in gRPC, within each connection's limit
// of streams.
class CallPool {
 public:
  using Factory = std::function<std::unique_ptr<Call>()>;
  CallPool(Engine& engine, Factory factory, int low, int max);

 private:
  friend class Engine;
  void AddArmed();

  Engine& engine_;
  const Factory factory_;
  const int low_, max_;
  // The queue's thread only, once started:
  std::vector<std::unique_ptr<Call>> calls_;
  int armed_ = 0;
};

// How many calls of a method a queue keeps ready, and serves at once at most.
struct PoolSize {
  int low = 2;
  int max = 64;
};
inline constexpr PoolSize kBusyMethod{16, 512};

// Build it, add methods and listeners, Start. Not thread-safe but for the calls.
class Engine {
 public:
  explicit Engine(EngineOptions options);
  ~Engine();  // as Shutdown with no grace
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // AddService registers a generated service, not owned (`name`: what health calls
  // it), and AddUnary one of its methods, which must be a raw one, as in
  //   v1::CryptoService::WithRawMethod_Encrypt<v1::CryptoService::Service> service;
  //   engine.AddUnary(service, &decltype(service)::RequestEncrypt,
  //                   [&] { return std::make_unique<EncryptCall>(...); }, kBusyMethod);
  // where the factory makes a UnaryCall<Request, Response>. Each method of an added
  // service must be added, or its callers wait for ever.
  void AddService(grpc::Service& service, std::string_view name = {});
  template <class Service, class Base, class MakeCall>
  void AddUnary(Service& service,
                void (Base::*request_method)(grpc::ServerContext*, grpc::ByteBuffer*,
                                             grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>*,
                                             grpc::CompletionQueue*, grpc::ServerCompletionQueue*,
                                             void*),
                MakeCall make_call, PoolSize size);

  // Listeners. A Unix socket gives its calls a peer. What comes over TCP has an address, and a
  // certificate where `credentials` ask for one (kms/rpc/tls.h; without TLS it is for tests and
  // benchmarks only); `*port` gets the port bound.
  absl::Status ListenUnix(UnixListenerOptions options);
  void ListenTcp(const std::string& address, std::shared_ptr<grpc::ServerCredentials> credentials,
                 int* port);

  // Start serves. Error: kUnavailable if gRPC refuses (a port in use).
  absl::Status Start();

  // What the standard health service answers. Thread-safe once started.
  void SetServing(bool serving);
  // A name that it answers for beside the services'; see HealthService::AddPart. Before Start.
  void AddHealth(std::string_view name, std::function<bool()> up);

  // StopAccepting ends the Unix listener; connections live on.
  void StopAccepting();
  // The calls between arrival and the end of their answer. Thread-safe.
  int64_t InFlight() const;
  // Shutdown ends the service: waits up to `grace` for the calls in flight, has
  // gRPC cancel the rest, and returns when every call object has come home. A
  // handler that never finishes its call would make it wait for ever.
  void Shutdown(std::chrono::milliseconds grace);

 private:
  friend class CallPool;
  struct Queue;

  using AddPool = std::function<std::unique_ptr<CallPool>(grpc::ServerCompletionQueue*)>;

  void Build(grpc::ServerBuilder& builder);
  void AwaitNoCalls() const;
  void Serve(Queue& queue);
  void Advance(Queue& queue, Call* call, bool ok);
  void ReadCaller(Call* call);
  void ReadConnection(Call* call);
  void AddMethod(ArmFunction arm, CallPool::Factory make_call, PoolSize size);

  const EngineOptions options_;
  HealthService health_;
  std::vector<grpc::Service*> services_;
  std::vector<AddPool> methods_;
  struct TcpListener {
    std::string address;
    std::shared_ptr<grpc::ServerCredentials> credentials;
    int* port;
  };
  std::vector<TcpListener> tcp_;
  std::unique_ptr<ConnectionTable> connections_;
  std::unique_ptr<UnixListener> unix_;
  std::unique_ptr<grpc::Server> server_;
  std::vector<std::unique_ptr<Queue>> queues_;
  std::atomic<bool> stopping_{false};
};

template <class Service, class Base, class MakeCall>
void Engine::AddUnary(
    Service& service,
    void (Base::*request_method)(grpc::ServerContext*, grpc::ByteBuffer*,
                                 grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>*,
                                 grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*),
    MakeCall make_call, PoolSize size) {
  Base& base = service;
  AddMethod(
      [&base, request_method](grpc::ServerContext* context, grpc::ByteBuffer* request,
                              grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>* writer,
                              grpc::ServerCompletionQueue* queue, void* tag) {
        (base.*request_method)(context, request, writer, queue, queue, tag);
      },
      std::move(make_call), size);
}

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_RPC_ENGINE_H_
