// How a Client makes its calls. Internal to clients/cpp.
#ifndef FIELDKMS_CLIENTS_CPP_CLIENT_IMPL_H_
#define FIELDKMS_CLIENTS_CPP_CLIENT_IMPL_H_

#include <grpcpp/client_context.h>

#include <chrono>
#include <memory>

#include "clients/cpp/batch.h"
#include "clients/cpp/call_timeout.h"
#include "clients/cpp/call_trace.h"
#include "clients/cpp/client.h"
#include "clients/cpp/limits.h"
#include "clients/cpp/request_id.h"
#include "clients/cpp/retry.h"
#include "clients/cpp/rpc_status.h"
#include "crypto/status.h"
#include "fieldkms/v1/audit_service.grpc.pb.h"
#include "fieldkms/v1/crypto_service.grpc.pb.h"
#include "fieldkms/v1/field_service.grpc.pb.h"
#include "fieldkms/v1/key_service.grpc.pb.h"
#include "fieldkms/v1/lease_service.grpc.pb.h"
#include "fieldkms/v1/operation_service.grpc.pb.h"
#include "fieldkms/v1/rotation_service.grpc.pb.h"
#include "fieldkms/v1/subject_service.grpc.pb.h"
#include "fieldkms/v1/system_service.grpc.pb.h"
#include "fieldkms/v1/tenant_service.grpc.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace fieldkms {

// On the monotonic clock, which a step of the wall clock does not touch.
gpr_timespec GrpcDeadline(TimePoint deadline);

// A stub's method: one attempt of a unary call.
template <class Stub, class Request, class Response>
using StubMethod = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&, Response*);

class Client::Impl {
 public:
  Impl(const ClientOptions& options, const std::shared_ptr<grpc::Channel>& channel);

  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Call(Stub& stub, StubMethod<Stub, Request, Response> method,
                                const Request& request, RetryRule rule = IsRetryable) {
    return Call(stub, method, request, timeout(), rule);
  }

  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Call(Stub& stub, StubMethod<Stub, Request, Response> method,
                                const Request& request, std::chrono::milliseconds timeout,
                                RetryRule rule = IsRetryable) {
    if (request.ByteSizeLong() > kMaxRequestSize) {
      return Error(absl::StatusCode::kInvalidArgument, Reason::kRequestTooLarge,
                   "the request exceeds 4 MiB");
    }
    Response response;
    const auto attempt = [&](TimePoint deadline) {
      grpc::ClientContext context;
      context.set_deadline(GrpcDeadline(deadline));
      const std::string& trace = CallTrace::OfThread();
      if (!trace.empty()) context.AddMetadata("traceparent", trace);
      return FromGrpc((stub.*method)(&context, request, &response));
    };
    FIELDKMS_RETURN_IF_ERROR(retrier_.Run(timeout, attempt, rule));
    return response;
  }

  // A mutation is repeated under one request id.
  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Mutate(Stub& stub, StubMethod<Stub, Request, Response> method,
                                  const Request& request) {
    if (!request.request_id().empty()) return Call(stub, method, request);
    Request identified = request;
    FIELDKMS_ASSIGN_OR_RETURN(*identified.mutable_request_id(), NewRequestId());
    return Call(stub, method, identified);
  }

  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Batch(Stub& stub, StubMethod<Stub, Request, Response> method,
                                 const Request& request, RetryRule rule = IsRetryable) {
    // Parts may be sent on other threads, which know nothing of this one's CallTimeout.
    const std::chrono::milliseconds time = timeout();
    return RunBatch<Request, Response>(request, BatchLimits(), [&](const Request& part) {
      return Call(stub, method, part, time, rule);
    });
  }

  absl::Status CheckHealth();

  // Of a call that the thread makes now.
  std::chrono::milliseconds timeout() const { return CallTimeout::OfThread().value_or(timeout_); }
  v1::AuditService::Stub& audit() { return *audit_; }
  v1::CryptoService::Stub& crypto() { return *crypto_; }
  v1::FieldService::Stub& fields() { return *fields_; }
  v1::KeyService::Stub& keys() { return *keys_; }
  v1::LeaseService::Stub& leases() { return *leases_; }
  v1::RotationService::Stub& rotations() { return *rotations_; }
  v1::SubjectService::Stub& subjects() { return *subjects_; }
  v1::TenantService::Stub& tenants() { return *tenants_; }
  v1::OperationService::Stub& operations() { return *operations_; }
  v1::SystemService::Stub& system_service() { return *system_; }

 private:
  const std::chrono::milliseconds timeout_;
  Retrier retrier_;
  const std::unique_ptr<v1::AuditService::Stub> audit_;
  const std::unique_ptr<v1::CryptoService::Stub> crypto_;
  const std::unique_ptr<v1::FieldService::Stub> fields_;
  const std::unique_ptr<v1::KeyService::Stub> keys_;
  const std::unique_ptr<v1::LeaseService::Stub> leases_;
  const std::unique_ptr<v1::RotationService::Stub> rotations_;
  const std::unique_ptr<v1::SubjectService::Stub> subjects_;
  const std::unique_ptr<v1::TenantService::Stub> tenants_;
  const std::unique_ptr<v1::OperationService::Stub> operations_;
  const std::unique_ptr<v1::SystemService::Stub> system_;
  const std::unique_ptr<grpc::health::v1::Health::Stub> health_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_CLIENT_IMPL_H_
