#include "kms/rpc/health_service.h"

#include <chrono>
#include <utility>

#include "kms/rpc/engine.h"

namespace fieldkms {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

// How soon a watch of a client that has gone is noticed.
constexpr auto kWatchPoll = std::chrono::seconds(1);

class CheckCall final : public UnaryCall<HealthCheckRequest, HealthCheckResponse> {
 public:
  explicit CheckCall(const HealthService& health) : health_(health) {}

 private:
  void OnRequest() override { Finish(health_.Answer(request().service(), response())); }
  const HealthService& health_;
};

}  // namespace

void HealthService::AddTo(Engine& engine) {
  engine.AddService(*this);
  engine.AddUnary(
      *this, &HealthService::RequestCheck, [this] { return std::make_unique<CheckCall>(*this); },
      PoolSize{});
}

void HealthService::AddPart(std::string_view name, std::function<bool()> up) {
  std::lock_guard lock(mutex_);
  names_.insert_or_assign(std::string(name), std::move(up));
}

HealthService::Status HealthService::StatusOf(const std::string& service) const {
  const auto found = names_.find(service);
  if (found == names_.end()) return HealthCheckResponse::SERVICE_UNKNOWN;
  const std::function<bool()>& up = found->second;
  return serving_ && (!up || up()) ? HealthCheckResponse::SERVING
                                   : HealthCheckResponse::NOT_SERVING;
}

void HealthService::SetServing(bool serving) {
  {
    std::lock_guard lock(mutex_);
    serving_ = serving;
  }
  changed_.notify_all();
}

void HealthService::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
}

grpc::Status HealthService::Answer(const std::string& service, HealthCheckResponse* out) const {
  std::lock_guard lock(mutex_);
  const Status status = StatusOf(service);
  if (status == HealthCheckResponse::SERVICE_UNKNOWN) {
    return grpc::Status(grpc::StatusCode::NOT_FOUND, "this server has no such service");
  }
  out->set_status(status);
  return grpc::Status::OK;
}

grpc::Status HealthService::Watch(grpc::ServerContext* context, const HealthCheckRequest* request,
                                  grpc::ServerWriter<HealthCheckResponse>* writer) {
  std::unique_lock lock(mutex_);
  if (watchers_ >= kMaxWatchers) {
    return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "too many watches; use Check");
  }
  ++watchers_;
  HealthCheckResponse last;  // UNKNOWN, so that the first state is always sent
  while (!stopping_ && !context->IsCancelled()) {
    HealthCheckResponse now;
    now.set_status(StatusOf(request->service()));
    if (now.status() != last.status()) {
      lock.unlock();
      const bool written = writer->Write(now);
      lock.lock();
      if (!written) break;
      last = now;
      continue;
    }
    changed_.wait_for(lock, kWatchPoll);
  }
  --watchers_;
  return grpc::Status::OK;
}

}  // namespace fieldkms
