// The standard grpc.health.v1.Health, on the engine's own queues. gRPC's built-in one
// uses the callback API, whose poll threads take a tenth of the server's processor
// time away from its queues and answer late after a second of idleness.
#ifndef FIELDKMS_KMS_RPC_HEALTH_SERVICE_H_
#define FIELDKMS_KMS_RPC_HEALTH_SERVICE_H_

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "grpc/health/v1/health.grpc.pb.h"

namespace fieldkms {

class Engine;

// Check is served on the queues. Watch takes a thread of gRPC's for each watcher, so
// few are let in: it is for operators and load balancers, not for clients in number.
// Thread-safe.
class HealthService final
    : public grpc::health::v1::Health::WithRawMethod_Check<grpc::health::v1::Health::Service> {
 public:
  static constexpr int kMaxWatchers = 16;

  // Registers with `engine`, not owned. The server as a whole is the service "".
  void AddTo(Engine& engine);
  // A service that may be asked for by name.
  void AddName(std::string_view service) { AddPart(service, {}); }
  // A part that the server stands on, by a name of its own: serving while `up` says so, which
  // is called often, on any thread, under a lock; it must not block.
  void AddPart(std::string_view name, std::function<bool()> up);

  void SetServing(bool serving);
  // Ends all watches; before the server shuts down.
  void Stop();

  // The answer for a service. Error: NOT_FOUND for one that is not here.
  grpc::Status Answer(const std::string& service, grpc::health::v1::HealthCheckResponse* out) const;

  grpc::Status Watch(grpc::ServerContext* context,
                     const grpc::health::v1::HealthCheckRequest* request,
                     grpc::ServerWriter<grpc::health::v1::HealthCheckResponse>* writer) override;

 private:
  using Status = grpc::health::v1::HealthCheckResponse::ServingStatus;
  // SERVICE_UNKNOWN for a name that is not here. Needs mutex_.
  Status StatusOf(const std::string& service) const;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // By name; parts with what knows how they are.
  std::map<std::string, std::function<bool()>, std::less<>> names_{{"", {}}};
  bool serving_ = false;
  bool stopping_ = false;
  int watchers_ = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_RPC_HEALTH_SERVICE_H_
