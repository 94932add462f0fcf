#include "clients/cpp/client.h"

#include <grpc/support/time.h>
#include <grpcpp/client_context.h>

#include <algorithm>
#include <utility>

#include "clients/cpp/batch.h"
#include "clients/cpp/channel.h"
#include "clients/cpp/limits.h"
#include "clients/cpp/request_id.h"
#include "clients/cpp/retry.h"
#include "clients/cpp/rpc_status.h"
#include "crypto/status.h"
#include "fieldkms/v1/crypto_service.grpc.pb.h"
#include "fieldkms/v1/key_service.grpc.pb.h"
#include "fieldkms/v1/tenant_service.grpc.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace fieldkms {
namespace {

using std::chrono::microseconds;

// On the monotonic clock, which a step of the wall clock does not touch.
gpr_timespec GrpcDeadline(TimePoint deadline) {
  const auto left =
      std::chrono::duration_cast<microseconds>(deadline - std::chrono::steady_clock::now());
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_micros(std::max<int64_t>(left.count(), 0), GPR_TIMESPAN));
}

absl::Status CheckOptions(const ClientOptions& options) {
  if (options.timeout.count() <= 0) return InvalidField("timeout", "must be above zero");
  if (options.max_attempts < 1) return InvalidField("max_attempts", "must be at least 1");
  return absl::OkStatus();
}

// A stub's method: one attempt of a unary call.
template <class Stub, class Request, class Response>
using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&, Response*);

}  // namespace

class Client::Impl {
 public:
  Impl(const ClientOptions& options, const std::shared_ptr<grpc::Channel>& channel)
      : timeout_(options.timeout),
        retrier_({options.max_attempts, options.backoff_base, options.backoff_cap},
                 options.retry_budget, RetryEnvironment::Real()),
        crypto_(v1::CryptoService::NewStub(channel)),
        keys_(v1::KeyService::NewStub(channel)),
        tenants_(v1::TenantService::NewStub(channel)),
        health_(grpc::health::v1::Health::NewStub(channel)) {}

  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Call(Stub& stub, Method<Stub, Request, Response> method,
                                const Request& request) {
    if (request.ByteSizeLong() > kMaxRequestSize) {
      return Error(absl::StatusCode::kInvalidArgument, Reason::kRequestTooLarge,
                   "the request exceeds 4 MiB");
    }
    Response response;
    FIELDKMS_RETURN_IF_ERROR(retrier_.Run(timeout_, [&](TimePoint deadline) {
      grpc::ClientContext context;
      context.set_deadline(GrpcDeadline(deadline));
      return FromGrpc((stub.*method)(&context, request, &response));
    }));
    return response;
  }

  // A mutation is repeated under one request id.
  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> Mutate(Stub& stub, Method<Stub, Request, Response> method,
                                  const Request& request) {
    if (!request.request_id().empty()) return Call(stub, method, request);
    Request identified = request;
    FIELDKMS_ASSIGN_OR_RETURN(*identified.mutable_request_id(), NewRequestId());
    return Call(stub, method, identified);
  }

  template <class Request, class Response>
  absl::StatusOr<Response> Batch(Method<v1::CryptoService::Stub, Request, Response> method,
                                 const Request& request) {
    return RunBatch<Request, Response>(
        request, BatchLimits(), [&](const Request& part) { return Call(crypto(), method, part); });
  }

  absl::Status CheckHealth() {
    grpc::ClientContext context;
    context.set_deadline(GrpcDeadline(std::chrono::steady_clock::now() + timeout_));
    grpc::health::v1::HealthCheckResponse response;
    FIELDKMS_RETURN_IF_ERROR(FromGrpc(health_->Check(&context, {}, &response)).status);
    if (response.status() == grpc::health::v1::HealthCheckResponse::SERVING) {
      return absl::OkStatus();
    }
    return Error(absl::StatusCode::kUnavailable, Reason::kUnspecified,
                 "the service answers, and says that it is not serving");
  }

  v1::CryptoService::Stub& crypto() { return *crypto_; }
  v1::KeyService::Stub& keys() { return *keys_; }
  v1::TenantService::Stub& tenants() { return *tenants_; }

 private:
  const std::chrono::milliseconds timeout_;
  Retrier retrier_;
  const std::unique_ptr<v1::CryptoService::Stub> crypto_;
  const std::unique_ptr<v1::KeyService::Stub> keys_;
  const std::unique_ptr<v1::TenantService::Stub> tenants_;
  const std::unique_ptr<grpc::health::v1::Health::Stub> health_;
};

namespace {

// The answer of a mutation or read of one key is the key.
template <class Response>
absl::StatusOr<v1::Key> KeyOf(absl::StatusOr<Response> response) {
  if (!response.ok()) return std::move(response).status();
  return std::move(*response->mutable_key());
}

}  // namespace

absl::StatusOr<std::unique_ptr<Client>> Client::Create(const ClientOptions& options) {
  FIELDKMS_RETURN_IF_ERROR(CheckOptions(options));
  FIELDKMS_ASSIGN_OR_RETURN(const auto channel, MakeChannel(options.target));
  return std::unique_ptr<Client>(new Client(std::make_unique<Impl>(options, channel)));
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

absl::StatusOr<v1::EncryptResponse> Client::Encrypt(const v1::EncryptRequest& request) {
  return impl_->Call(impl_->crypto(), &v1::CryptoService::Stub::Encrypt, request);
}

absl::StatusOr<v1::DecryptResponse> Client::Decrypt(const v1::DecryptRequest& request) {
  return impl_->Call(impl_->crypto(), &v1::CryptoService::Stub::Decrypt, request);
}

absl::StatusOr<v1::RewrapResponse> Client::Rewrap(const v1::RewrapRequest& request) {
  return impl_->Call(impl_->crypto(), &v1::CryptoService::Stub::Rewrap, request);
}

absl::StatusOr<v1::BatchEncryptResponse> Client::BatchEncrypt(
    const v1::BatchEncryptRequest& request) {
  return impl_->Batch(&v1::CryptoService::Stub::BatchEncrypt, request);
}

absl::StatusOr<v1::BatchDecryptResponse> Client::BatchDecrypt(
    const v1::BatchDecryptRequest& request) {
  return impl_->Batch(&v1::CryptoService::Stub::BatchDecrypt, request);
}

absl::StatusOr<v1::BatchRewrapResponse> Client::BatchRewrap(const v1::BatchRewrapRequest& request) {
  return impl_->Batch(&v1::CryptoService::Stub::BatchRewrap, request);
}

absl::StatusOr<v1::Key> Client::CreateKey(const v1::CreateKeyRequest& request) {
  return KeyOf(impl_->Mutate(impl_->keys(), &v1::KeyService::Stub::CreateKey, request));
}

absl::StatusOr<v1::Key> Client::GetKey(const v1::GetKeyRequest& request) {
  return KeyOf(impl_->Call(impl_->keys(), &v1::KeyService::Stub::GetKey, request));
}

absl::StatusOr<v1::ListKeysResponse> Client::ListKeys(const v1::ListKeysRequest& request) {
  return impl_->Call(impl_->keys(), &v1::KeyService::Stub::ListKeys, request);
}

absl::StatusOr<v1::Key> Client::RotateKey(const v1::RotateKeyRequest& request) {
  return KeyOf(impl_->Mutate(impl_->keys(), &v1::KeyService::Stub::RotateKey, request));
}

absl::StatusOr<v1::ListKeyVersionsResponse> Client::ListKeyVersions(
    const v1::ListKeyVersionsRequest& request) {
  return impl_->Call(impl_->keys(), &v1::KeyService::Stub::ListKeyVersions, request);
}

absl::StatusOr<v1::Tenant> Client::CreateTenant(const v1::CreateTenantRequest& request) {
  auto response = impl_->Mutate(impl_->tenants(), &v1::TenantService::Stub::CreateTenant, request);
  if (!response.ok()) return std::move(response).status();
  return std::move(*response->mutable_tenant());
}

absl::StatusOr<v1::ListTenantsResponse> Client::ListTenants(const v1::ListTenantsRequest& request) {
  return impl_->Call(impl_->tenants(), &v1::TenantService::Stub::ListTenants, request);
}

absl::Status Client::CheckHealth() { return impl_->CheckHealth(); }

}  // namespace fieldkms
