// What Client does about keys, tenants, operations and the service itself.
#include <utility>

#include "clients/cpp/client.h"
#include "clients/cpp/client_impl.h"

namespace fieldkms {
namespace {

// The answer of a mutation or read of one key is the key.
template <class Response>
absl::StatusOr<v1::Key> KeyOf(absl::StatusOr<Response> response) {
  if (!response.ok()) return std::move(response).status();
  return std::move(*response->mutable_key());
}

// Of what starts or asks for an operation, that.
template <class Response>
absl::StatusOr<v1::Operation> OperationOf(absl::StatusOr<Response> response) {
  if (!response.ok()) return std::move(response).status();
  return std::move(*response->mutable_operation());
}

}  // namespace

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

absl::StatusOr<v1::Key> Client::UpdateKey(const v1::UpdateKeyRequest& request) {
  return KeyOf(impl_->Mutate(impl_->keys(), &v1::KeyService::Stub::UpdateKey, request));
}

absl::StatusOr<v1::Key> Client::EnableKeyVersion(const v1::EnableKeyVersionRequest& request) {
  return KeyOf(impl_->Mutate(impl_->keys(), &v1::KeyService::Stub::EnableKeyVersion, request));
}

absl::StatusOr<v1::DisableKeyVersionResponse> Client::DisableKeyVersion(
    const v1::DisableKeyVersionRequest& request) {
  return impl_->Mutate(impl_->keys(), &v1::KeyService::Stub::DisableKeyVersion, request);
}

absl::StatusOr<v1::ScheduleKeyVersionDestroyResponse> Client::ScheduleKeyVersionDestroy(
    const v1::ScheduleKeyVersionDestroyRequest& request) {
  return impl_->Mutate(impl_->keys(), &v1::KeyService::Stub::ScheduleKeyVersionDestroy, request);
}

absl::StatusOr<v1::Key> Client::CancelKeyVersionDestroy(
    const v1::CancelKeyVersionDestroyRequest& request) {
  return KeyOf(
      impl_->Mutate(impl_->keys(), &v1::KeyService::Stub::CancelKeyVersionDestroy, request));
}

absl::StatusOr<v1::GetImportParametersResponse> Client::GetImportParameters(
    const v1::GetImportParametersRequest& request) {
  return impl_->Call(impl_->keys(), &v1::KeyService::Stub::GetImportParameters, request);
}

absl::StatusOr<v1::Key> Client::ImportKey(const v1::ImportKeyRequest& request) {
  return KeyOf(impl_->Mutate(impl_->keys(), &v1::KeyService::Stub::ImportKey, request));
}

absl::StatusOr<v1::Key> Client::ImportKeyVersion(const v1::ImportKeyVersionRequest& request) {
  return KeyOf(impl_->Mutate(impl_->keys(), &v1::KeyService::Stub::ImportKeyVersion, request));
}

absl::StatusOr<v1::ExportKeyVersionResponse> Client::ExportKeyVersion(
    const v1::ExportKeyVersionRequest& request) {
  return impl_->Call(impl_->keys(), &v1::KeyService::Stub::ExportKeyVersion, request);
}

absl::StatusOr<v1::Alias> Client::SetAlias(const v1::SetAliasRequest& request) {
  auto response = impl_->Mutate(impl_->keys(), &v1::KeyService::Stub::SetAlias, request);
  if (!response.ok()) return std::move(response).status();
  return std::move(*response->mutable_alias());
}

absl::Status Client::DeleteAlias(const v1::DeleteAliasRequest& request) {
  return impl_->Mutate(impl_->keys(), &v1::KeyService::Stub::DeleteAlias, request).status();
}

absl::StatusOr<v1::ListAliasesResponse> Client::ListAliases(const v1::ListAliasesRequest& request) {
  return impl_->Call(impl_->keys(), &v1::KeyService::Stub::ListAliases, request);
}

absl::StatusOr<v1::Tenant> Client::CreateTenant(const v1::CreateTenantRequest& request) {
  auto response = impl_->Mutate(impl_->tenants(), &v1::TenantService::Stub::CreateTenant, request);
  if (!response.ok()) return std::move(response).status();
  return std::move(*response->mutable_tenant());
}

absl::StatusOr<v1::ListTenantsResponse> Client::ListTenants(const v1::ListTenantsRequest& request) {
  return impl_->Call(impl_->tenants(), &v1::TenantService::Stub::ListTenants, request);
}

absl::StatusOr<v1::Operation> Client::RotateTenantKek(const v1::RotateTenantKekRequest& request) {
  return OperationOf(
      impl_->Mutate(impl_->tenants(), &v1::TenantService::Stub::RotateTenantKek, request));
}

absl::StatusOr<v1::Operation> Client::GetOperation(const v1::GetOperationRequest& request) {
  return OperationOf(
      impl_->Call(impl_->operations(), &v1::OperationService::Stub::GetOperation, request));
}

absl::StatusOr<v1::ListOperationsResponse> Client::ListOperations(
    const v1::ListOperationsRequest& request) {
  return impl_->Call(impl_->operations(), &v1::OperationService::Stub::ListOperations, request);
}

absl::StatusOr<v1::Operation> Client::RotateRoot(const v1::RotateRootRequest& request) {
  return OperationOf(
      impl_->Mutate(impl_->operations(), &v1::OperationService::Stub::RotateRoot, request));
}

absl::StatusOr<v1::GetStatusResponse> Client::GetStatus() {
  return impl_->Call(impl_->system_service(), &v1::SystemService::Stub::GetStatus,
                     v1::GetStatusRequest());
}

}  // namespace fieldkms
