#include "tests/bench/load_generator.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

namespace fieldkms::bench {
namespace {

using Clock = std::chrono::steady_clock;

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& target) {
  grpc::ChannelArguments arguments;
  // Else all channels to one target share a connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
}

grpc::ByteBuffer BufferOf(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

}  // namespace

// Calls of one thread, on one completion queue.
class LoadGenerator::Impl {
 public:
  explicit Impl(const LoadOptions& options) : options_(options) {
    for (const google::protobuf::Message* request : options.requests) {
      requests_.push_back(BufferOf(request->SerializeAsString()));
    }
    for (int i = 0; i < options.threads; ++i) workers_.push_back(std::make_unique<Worker>());
    for (int i = 0; i < options.connections; ++i) {
      auto& stubs = workers_[static_cast<size_t>(i % options.threads)]->stubs;
      const std::string& target = options.targets[stubs.size() % options.targets.size()];
      stubs.push_back(std::make_unique<grpc::GenericStub>(MakeChannel(target)));
    }
    for (int i = 0; i < options.in_flight; ++i) {
      Worker& worker = *workers_[static_cast<size_t>(i % options.threads)];
      auto call = std::make_unique<Call>();
      call->stub = worker.stubs[worker.calls.size() % worker.stubs.size()].get();
      worker.calls.push_back(std::move(call));
    }
  }

  ~Impl() {
    for (auto& worker : workers_) {
      worker->queue.Shutdown();
      void* tag;
      bool ok;
      while (worker->queue.Next(&tag, &ok)) {
      }
    }
  }

  LoadResult Run(double seconds) {
    const auto start = Clock::now();
    const auto end =
        start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    std::vector<std::jthread> threads;
    for (auto& worker : workers_) {
      threads.emplace_back([this, end, &worker] { RunWorker(*worker, end); });
    }
    threads.clear();  // joins
    LoadResult result;
    result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    for (auto& worker : workers_) {
      if (!worker->failure.empty()) throw std::runtime_error(worker->failure);
      result.latencies_us.insert(result.latencies_us.end(), worker->latencies_us.begin(),
                                 worker->latencies_us.end());
    }
    result.calls = static_cast<double>(result.latencies_us.size());
    return result;
  }

 private:
  struct Call {
    grpc::GenericStub* stub = nullptr;
    std::optional<grpc::ClientContext> context;
    std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
    grpc::ByteBuffer response;
    grpc::Status status;
    Clock::time_point started;
  };
  struct Worker {
    grpc::CompletionQueue queue;
    std::vector<std::unique_ptr<grpc::GenericStub>> stubs;
    std::vector<std::unique_ptr<Call>> calls;
    size_t sent = 0;
    std::vector<float> latencies_us;
    std::string failure;
  };

  void Begin(Worker& worker, Call& call, Clock::time_point now) {
    call.reader.reset();  // lives in memory of the old context
    call.context.emplace();
    call.started = now;
    grpc::ByteBuffer made;
    if (options_.make_request) made = BufferOf(options_.make_request());
    const grpc::ByteBuffer& request =
        options_.make_request ? made : requests_[worker.sent++ % requests_.size()];
    call.reader =
        call.stub->PrepareUnaryCall(&*call.context, options_.method, request, &worker.queue);
    call.reader->StartCall();
    call.reader->Finish(&call.response, &call.status, &call);
  }

  // Why a response is wrong; "" if it is not.
  std::string Fault(const Call& call) const {
    if (!call.status.ok()) {
      return options_.method + ": code " + std::to_string(call.status.error_code()) + ", " +
             call.status.error_message();
    }
    if (call.response.Length() == options_.response_size) return "";
    return options_.method + ": a response of " + std::to_string(call.response.Length()) +
           " bytes instead of " + std::to_string(options_.response_size);
  }

  void RunWorker(Worker& worker, Clock::time_point end) {
    worker.latencies_us.clear();
    size_t running = 0;
    for (auto& call : worker.calls) {
      Begin(worker, *call, Clock::now());
      ++running;
    }
    void* tag;
    bool ok;
    while (running > 0 && worker.queue.Next(&tag, &ok)) {
      Call& call = *static_cast<Call*>(tag);
      const auto now = Clock::now();
      --running;
      if (std::string fault = Fault(call); !fault.empty()) {
        worker.failure = std::move(fault);
        end = now;  // Let the others end.
        continue;
      }
      worker.latencies_us.push_back(
          std::chrono::duration<float, std::micro>(now - call.started).count());
      if (now < end) {
        Begin(worker, call, now);
        ++running;
      }
    }
  }

  const LoadOptions options_;
  std::vector<grpc::ByteBuffer> requests_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

LoadGenerator::LoadGenerator(const LoadOptions& options) : impl_(std::make_unique<Impl>(options)) {}
LoadGenerator::~LoadGenerator() = default;

LoadResult LoadGenerator::Run(double seconds) { return impl_->Run(seconds); }

}  // namespace fieldkms::bench
