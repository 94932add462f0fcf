#include "clients/cpp/client.h"

#include <grpc/support/time.h>

#include <algorithm>
#include <utility>

#include "clients/cpp/channel.h"
#include "clients/cpp/client_impl.h"

namespace fieldkms {
namespace {

absl::Status CheckOptions(const ClientOptions& options) {
  if (options.timeout.count() <= 0) return InvalidField("timeout", "must be above zero");
  if (options.max_attempts < 1) return InvalidField("max_attempts", "must be at least 1");
  return absl::OkStatus();
}

}  // namespace

gpr_timespec GrpcDeadline(TimePoint deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
      deadline - std::chrono::steady_clock::now());
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_micros(std::max<int64_t>(left.count(), 0), GPR_TIMESPAN));
}

Client::Impl::Impl(const ClientOptions& options, const std::shared_ptr<grpc::Channel>& channel)
    : timeout_(options.timeout),
      retrier_({options.max_attempts, options.backoff_base, options.backoff_cap},
               options.retry_budget, RetryEnvironment::Real()),
      audit_(v1::AuditService::NewStub(channel)),
      crypto_(v1::CryptoService::NewStub(channel)),
      fields_(v1::FieldService::NewStub(channel)),
      keys_(v1::KeyService::NewStub(channel)),
      leases_(v1::LeaseService::NewStub(channel)),
      rotations_(v1::RotationService::NewStub(channel)),
      subjects_(v1::SubjectService::NewStub(channel)),
      tenants_(v1::TenantService::NewStub(channel)),
      operations_(v1::OperationService::NewStub(channel)),
      system_(v1::SystemService::NewStub(channel)),
      health_(grpc::health::v1::Health::NewStub(channel)) {}

absl::Status Client::Impl::CheckHealth() {
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

absl::StatusOr<std::unique_ptr<Client>> Client::Create(const ClientOptions& options) {
  FIELDKMS_RETURN_IF_ERROR(CheckOptions(options));
  FIELDKMS_ASSIGN_OR_RETURN(const auto channel, MakeChannel(options.target, options.tls));
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
  return impl_->Batch(impl_->crypto(), &v1::CryptoService::Stub::BatchEncrypt, request);
}

absl::StatusOr<v1::BatchDecryptResponse> Client::BatchDecrypt(
    const v1::BatchDecryptRequest& request) {
  return impl_->Batch(impl_->crypto(), &v1::CryptoService::Stub::BatchDecrypt, request);
}

absl::StatusOr<v1::BatchRewrapResponse> Client::BatchRewrap(const v1::BatchRewrapRequest& request) {
  return impl_->Batch(impl_->crypto(), &v1::CryptoService::Stub::BatchRewrap, request);
}

absl::StatusOr<v1::BatchComputeMacResponse> Client::BatchComputeMac(
    const v1::BatchComputeMacRequest& request) {
  return impl_->Batch(impl_->crypto(), &v1::CryptoService::Stub::BatchComputeMac, request);
}

absl::StatusOr<v1::BatchVerifyMacResponse> Client::BatchVerifyMac(
    const v1::BatchVerifyMacRequest& request) {
  return impl_->Batch(impl_->crypto(), &v1::CryptoService::Stub::BatchVerifyMac, request);
}

absl::StatusOr<v1::ComputeMacResponse> Client::ComputeMac(const v1::ComputeMacRequest& request) {
  return impl_->Call(impl_->crypto(), &v1::CryptoService::Stub::ComputeMac, request);
}

absl::StatusOr<v1::VerifyMacResponse> Client::VerifyMac(const v1::VerifyMacRequest& request) {
  return impl_->Call(impl_->crypto(), &v1::CryptoService::Stub::VerifyMac, request);
}

absl::StatusOr<v1::GenerateDataKeyResponse> Client::GenerateDataKey(
    const v1::GenerateDataKeyRequest& request) {
  return impl_->Call(impl_->crypto(), &v1::CryptoService::Stub::GenerateDataKey, request);
}

absl::StatusOr<v1::GenerateDataKeyWithoutPlaintextResponse> Client::GenerateDataKeyWithoutPlaintext(
    const v1::GenerateDataKeyWithoutPlaintextRequest& request) {
  return impl_->Call(impl_->crypto(), &v1::CryptoService::Stub::GenerateDataKeyWithoutPlaintext,
                     request);
}

absl::StatusOr<v1::GenerateRandomResponse> Client::GenerateRandom(
    const v1::GenerateRandomRequest& request) {
  return impl_->Call(impl_->crypto(), &v1::CryptoService::Stub::GenerateRandom, request);
}

absl::Status Client::CheckHealth() { return impl_->CheckHealth(); }

}  // namespace fieldkms
