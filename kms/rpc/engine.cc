#include "kms/rpc/engine.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security_constants.h>
#include <grpc/support/time.h>
#include <grpcpp/alarm.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server_posix.h>

#include <algorithm>
#include <charconv>
#include <future>
#include <iterator>
#include <string_view>

#include "crypto/status.h"
#include "kms/access/trace_parent.h"

namespace fieldkms {

struct Engine::Queue {
  std::unique_ptr<grpc::ServerCompletionQueue> cq;
  std::vector<std::unique_ptr<CallPool>> pools;
  std::thread thread;
  std::atomic<int64_t> in_flight{0};  // written by the queue's thread only
  std::promise<void> stopped;         // set when its thread knows of stopping_

  void Count(int64_t change) {
    in_flight.store(in_flight.load(std::memory_order_relaxed) + change, std::memory_order_release);
  }
};

namespace {

// The number in "fd:17", or -1.
int DescriptorOf(std::string_view peer) {
  constexpr std::string_view kPrefix = "fd:";
  if (!peer.starts_with(kPrefix)) return -1;
  int number = -1;
  const auto [end, error] =
      std::from_chars(peer.data() + kPrefix.size(), peer.data() + peer.size(), number);
  return error == std::errc() && end == peer.data() + peer.size() ? number : -1;
}

// What stands for a header that is there and shows no token that could be read: no token either, so
// that such a call is refused, and is not taken for one without a token.
constexpr std::string_view kUnreadableToken = ".";

// Of "authorization: Bearer TOKEN" (RFC 6750 §2.1); "" where there is no such header.
std::string_view BearerToken(const grpc::ServerContext& context) {
  constexpr std::string_view kScheme = "bearer ";
  const auto [begin, end] = context.client_metadata().equal_range("authorization");
  if (begin == end) return {};
  if (std::next(begin) != end) return kUnreadableToken;
  const std::string_view value(begin->second.data(), begin->second.size());
  const bool is_bearer = value.size() > kScheme.size() &&
                         std::equal(kScheme.begin(), kScheme.end(), value.begin(),
                                    [](char ours, char theirs) { return ours == (theirs | 0x20); });
  return is_bearer ? value.substr(kScheme.size()) : kUnreadableToken;
}

// Where it is said twice, it is not known which is meant.
std::string_view TraceId(const grpc::ServerContext& context) {
  const auto [begin, end] = context.client_metadata().equal_range("traceparent");
  if (begin == end || std::next(begin) != end) return {};
  return TraceIdOf({begin->second.data(), begin->second.size()});
}

}  // namespace

CallPool::CallPool(Engine& engine, Factory factory, int low, int max)
    : engine_(engine), factory_(std::move(factory)), low_(low), max_(max) {}

void CallPool::AddArmed() {
  calls_.push_back(factory_());
  Call* call = calls_.back().get();
  call->pool_ = this;
  ++armed_;
  call->Arm();
}

Engine::Engine(EngineOptions options) : options_(options) {
  // Held for the life of the process: the last grpc_shutdown waits up to ten
  // seconds for a poller that a large message may have started.
  [[maybe_unused]] static const bool kept = (grpc_init(), true);
  if (options_.health_and_reflection) health_.AddTo(*this);
}
Engine::~Engine() { Shutdown(std::chrono::milliseconds(0)); }

void Engine::AddService(grpc::Service& service, std::string_view name) {
  services_.push_back(&service);
  if (!name.empty()) health_.AddName(name);
}

void Engine::AddHealth(std::string_view name, std::function<bool()> up) {
  health_.AddPart(name, std::move(up));
}

void Engine::AddMethod(ArmFunction arm, CallPool::Factory make_call, PoolSize size) {
  auto shared_arm = std::make_shared<const ArmFunction>(std::move(arm));
  methods_.push_back([this, shared_arm, make_call, size](grpc::ServerCompletionQueue* queue) {
    auto factory = [shared_arm, make_call, queue] {
      std::unique_ptr<Call> call = make_call();
      call->arm_ = shared_arm.get();
      call->queue_ = queue;
      return call;
    };
    return std::make_unique<CallPool>(*this, std::move(factory), size.low, size.max);
  });
}

absl::Status Engine::ListenUnix(UnixListenerOptions options) {
  if (!connections_) {
    FIELDKMS_ASSIGN_OR_RETURN(connections_, ConnectionTable::ReserveNumbers());
  }
  FIELDKMS_ASSIGN_OR_RETURN(unix_, UnixListener::Open(std::move(options), *connections_));
  return absl::OkStatus();
}

void Engine::ListenTcp(const std::string& address,
                       std::shared_ptr<grpc::ServerCredentials> credentials, int* port) {
  tcp_.push_back({address, std::move(credentials), port});
}

void Engine::Build(grpc::ServerBuilder& builder) {
  for (grpc::Service* service : services_) builder.RegisterService(service);
  for (const TcpListener& tcp : tcp_) {
    builder.AddListeningPort(tcp.address, tcp.credentials, tcp.port);
  }
  builder.SetMaxReceiveMessageSize(static_cast<int>(kMaxReceiveSize));
  // Compression of plaintext next to chosen text leaks it (CRIME), and ciphertext
  // does not compress.
  builder.SetDefaultCompressionAlgorithm(GRPC_COMPRESS_NONE);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  grpc::ResourceQuota quota("fieldkms");
  quota.Resize(options_.max_receive_memory);
  quota.SetMaxThreads(options_.max_stream_threads);
  builder.SetResourceQuota(quota);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options_.max_concurrent_streams);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, options_.max_metadata_size);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10'000);
  // Finds dead TCP peers; a client's own pings may come every 10 s.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
}

absl::Status Engine::Start() {
  grpc::EnableDefaultHealthCheckService(false);  // we have our own
  if (options_.health_and_reflection) grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  Build(builder);
  int count = options_.queues;
  if (count <= 0) count = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  for (int i = 0; i < count; ++i) {
    queues_.push_back(std::make_unique<Queue>());
    queues_.back()->cq = builder.AddCompletionQueue();
  }
  server_ = builder.BuildAndStart();
  if (!server_) {
    for (auto& queue : queues_) queue->cq->Shutdown();
    queues_.clear();
    return Error(absl::StatusCode::kUnavailable, Reason::kInternal,
                 "gRPC could not start its server (is the port in use?)");
  }
  for (auto& queue : queues_) {
    for (const AddPool& method : methods_) {
      queue->pools.push_back(method(queue->cq.get()));
      while (queue->pools.back()->armed_ < queue->pools.back()->low_) {
        queue->pools.back()->AddArmed();
      }
    }
  }
  for (auto& queue : queues_) queue->thread = std::thread([this, &queue] { Serve(*queue); });
  if (unix_) {
    unix_->Start([this](int fd) { grpc::AddInsecureChannelFromFd(server_.get(), fd); });
  }
  return absl::OkStatus();
}

void Engine::Serve(Queue& queue) {
  void* tag = nullptr;
  bool ok = false;
  while (queue.cq->Next(&tag, &ok)) {
    if (tag == &queue) {
      queue.stopped.set_value();
    } else {
      Advance(queue, static_cast<Call*>(tag), ok);
    }
  }
}

// Two events a call: its request has arrived (not ok: the server is going down),
// and its answer is on its way (ok or not: either way the call is over).
void Engine::Advance(Queue& queue, Call* call, bool ok) {
  CallPool& pool = *call->pool_;
  if (call->stage_ == Call::Stage::kArmed) {
    --pool.armed_;
    if (!ok) return;
    const bool stopping = stopping_.load(std::memory_order_relaxed);
    if (!stopping && pool.armed_ < pool.low_ && static_cast<int>(pool.calls_.size()) < pool.max_) {
      pool.AddArmed();
    }
    call->stage_ = Call::Stage::kRunning;
    queue.Count(1);
    ReadCaller(call);
    call->Receive();
    return;
  }
  call->ClearMessages(call->OnRecycle());
  call->stage_ = Call::Stage::kArmed;
  queue.Count(-1);
  if (stopping_.load(std::memory_order_relaxed)) return;
  ++pool.armed_;
  call->Arm();
}

void Engine::ReadCaller(Call* call) {
  call->deadline_ = ToDeadline(call->context_->raw_deadline());
  call->caller_ = {};
  call->connection_bucket_ = nullptr;
  ReadConnection(call);
  call->caller_.trace_id = TraceId(*call->context_);
  if (options_.read_tokens) call->caller_.token = BearerToken(*call->context_);
}

void Engine::ReadConnection(Call* call) {
  std::string peer = call->context_->peer();
  if (const int number = DescriptorOf(peer); number >= 0) {
    if (!connections_) return;
    call->caller_.peer = connections_->Find(number);
    call->connection_bucket_ = connections_->Bucket(number);
    return;
  }
  if (tcp_.empty()) return;
  call->address_ = std::move(peer);
  call->caller_.address = call->address_;
  const std::shared_ptr<const grpc::AuthContext> shown = call->context_->auth_context();
  if (!shown->IsPeerAuthenticated()) return;
  // The client's own, and what it sent to lead from there to an authority: on this side of a
  // connection the chain is without the former.
  call->certificate_.clear();
  for (const char* property :
       {GRPC_X509_PEM_CERT_PROPERTY_NAME, GRPC_X509_PEM_CERT_CHAIN_PROPERTY_NAME}) {
    for (const grpc::string_ref& pem : shown->FindPropertyValues(property)) {
      call->certificate_.append(pem.data(), pem.size());
    }
  }
  call->caller_.certificate = call->certificate_;
}

void Engine::SetServing(bool serving) { health_.SetServing(serving); }

void Engine::StopAccepting() {
  if (unix_) unix_->Stop();
}

int64_t Engine::InFlight() const {
  int64_t sum = 0;
  for (const auto& queue : queues_) sum += queue->in_flight.load(std::memory_order_acquire);
  return sum;
}

void Engine::AwaitNoCalls() const {
  while (InFlight() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void Engine::Shutdown(std::chrono::milliseconds grace) {
  StopAccepting();
  if (!server_) return;
  const auto end = std::chrono::steady_clock::now() + grace;
  while (InFlight() > 0 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  stopping_.store(true, std::memory_order_relaxed);
  health_.Stop();
  // From here on gRPC answers what arrives with CANCELLED, which no client retries.
  // A connection that ends is UNAVAILABLE to its client, which may try elsewhere.
  if (unix_) unix_->HangUp();
  server_->Shutdown(std::chrono::system_clock::now());
  AwaitNoCalls();
  // A call must not be armed on a queue that is shut down. Arming happens on the
  // queue's thread, so once that has seen an event sent after stopping_ was set,
  // it arms no more.
  for (auto& queue : queues_) {
    grpc::Alarm alarm;
    alarm.Set(queue->cq.get(), gpr_now(GPR_CLOCK_MONOTONIC), queue.get());
    queue->stopped.get_future().wait();
  }
  // What the queues had still to read may have begun a call that waits for its
  // audit record: its answer needs the queue.
  AwaitNoCalls();
  for (auto& queue : queues_) queue->cq->Shutdown();
  for (auto& queue : queues_) queue->thread.join();
  server_.reset();
  queues_.clear();
  unix_.reset();
}

}  // namespace fieldkms
