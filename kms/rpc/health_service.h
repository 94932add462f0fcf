// The standard grpc.health.v1.Health, on the engine's own queues. gRPC's built-in one
// uses the callback API, whose poll threads take a tenth of the server's processor
// time away from its queues and answer late after a second of idleness.
#ifndef FIELDKMS_KMS_RPC_HEALTH_SERVICE_H_
#define FIELDKMS_KMS_RPC_HEALTH_SERVICE_H_

#include <condition_variable>
#include <mutex>
#include <set>
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
  void AddName(std::string_view service);

  void SetServing(bool serving);
  // Ends all watches; before the server shuts down.
  void Stop();

  // The answer for a service. Error: NOT_FOUND for one that is not here.
  grpc::Status Answer(const std::string& service, grpc::health::v1::HealthCheckResponse* out) const;

  grpc::Status Watch(grpc::ServerContext* context,
                     const grpc::health::v1::HealthCheckRequest* request,
                     grpc::ServerWriter<grpc::health::v1::HealthCheckResponse>* writer) override;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string, std::less<>> names_{""};
  bool serving_ = false;
  bool stopping_ = false;
  int watchers_ = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_RPC_HEALTH_SERVICE_H_
