// Client of the FieldKMS service: one channel, deadlines, retries, batches of
// any size.
//
//   auto client = fieldkms::Client::Create({.target = "unix:/run/fieldkms/fieldkmsd.sock"});
//   fieldkms::v1::EncryptRequest request;
//   request.set_tenant("acme");
//   request.set_key("customers.email");
//   request.set_plaintext(value);
//   auto response = (*client)->Encrypt(request);
//   if (!response.ok()) ... fieldkms::ReasonOf(response.status()) ...
#ifndef FIELDKMS_CLIENTS_CPP_CLIENT_H_
#define FIELDKMS_CLIENTS_CPP_CLIENT_H_

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clients/cpp/tls_options.h"
#include "fieldkms/v1/crypto_service.pb.h"
#include "fieldkms/v1/key_service.pb.h"
#include "fieldkms/v1/lease_service.pb.h"
#include "fieldkms/v1/operation_service.pb.h"
#include "fieldkms/v1/system_service.pb.h"
#include "fieldkms/v1/tenant_service.pb.h"

namespace fieldkms {

struct ClientOptions {
  // "unix:/path/to/socket", or "HOST:PORT" of another machine: then `tls` is needed.
  std::string target;
  TlsOptions tls = {};
  // Deadline of one call, all its attempts included; above zero. A batch that is
  // cut into several calls gives each its own.
  std::chrono::milliseconds timeout{10'000};
  // Attempts of a call that fails with a retryable code: UNAVAILABLE, and
  // RESOURCE_EXHAUSTED where the server sent RetryInfo. Full jitter below a bound
  // that doubles from `backoff_base` to `backoff_cap`, on top of the server's
  // RetryInfo. 1 attempt: no retries.
  int max_attempts = 3;
  std::chrono::milliseconds backoff_base{50};
  std::chrono::milliseconds backoff_cap{2'000};
  // Retries that a client may make in a row while all its calls fail; see
  // RetryBudget in retry.h.
  int retry_budget = 100;
};

// Client is safe for concurrent use and cheap to share; make one a process. Calls
// block until they are answered or `timeout` is over.
//
// Errors are absl::Status with the server's code, message, reason (ReasonOf) and
// field (FieldOf); StatusOfItem in rpc_status.h reads the error of a batch's item
// in the same way. A request above 4 MiB is refused with kRequestTooLarge before
// anything is sent. Mutations get a request id where the request has none, and
// keep it over all attempts, so that a retry never acts twice.
//
// Requests and responses with plaintext (data keys, random bytes and the material of leases,
// too) are the caller's, who wipes them (WipePlaintext in wipe.h); the copies that batches
// make are wiped here.
class Client {
 public:
  // Create connects to nothing yet. Error: kInvalidArgument, field "target",
  // "timeout", "max_attempts", or one of `tls`.
  static absl::StatusOr<std::unique_ptr<Client>> Create(const ClientOptions& options);
  ~Client();

  absl::StatusOr<v1::EncryptResponse> Encrypt(const v1::EncryptRequest& request);
  absl::StatusOr<v1::DecryptResponse> Decrypt(const v1::DecryptRequest& request);
  absl::StatusOr<v1::RewrapResponse> Rewrap(const v1::RewrapRequest& request);

  // Batches of any length: cut into calls within the server's limits (10,000
  // items, 4 MiB), at most four in flight, results put together in order. Where
  // a whole call fails after its retries, the items it carried get its error and
  // the others keep their results; the status is an error only if no call
  // succeeded. An item that is too large by itself fails alone. Fields in errors
  // ("items[N]...") count in the whole batch. An empty batch makes no call.
  absl::StatusOr<v1::BatchEncryptResponse> BatchEncrypt(const v1::BatchEncryptRequest& request);
  absl::StatusOr<v1::BatchDecryptResponse> BatchDecrypt(const v1::BatchDecryptRequest& request);
  absl::StatusOr<v1::BatchRewrapResponse> BatchRewrap(const v1::BatchRewrapRequest& request);
  absl::StatusOr<v1::BatchComputeMacResponse> BatchComputeMac(
      const v1::BatchComputeMacRequest& request);
  absl::StatusOr<v1::BatchVerifyMacResponse> BatchVerifyMac(
      const v1::BatchVerifyMacRequest& request);

  absl::StatusOr<v1::ComputeMacResponse> ComputeMac(const v1::ComputeMacRequest& request);
  // A MAC that is not valid is an answer, not an error.
  absl::StatusOr<v1::VerifyMacResponse> VerifyMac(const v1::VerifyMacRequest& request);
  absl::StatusOr<v1::GenerateDataKeyResponse> GenerateDataKey(
      const v1::GenerateDataKeyRequest& request);
  absl::StatusOr<v1::GenerateDataKeyWithoutPlaintextResponse> GenerateDataKeyWithoutPlaintext(
      const v1::GenerateDataKeyWithoutPlaintextRequest& request);
  absl::StatusOr<v1::GenerateRandomResponse> GenerateRandom(
      const v1::GenerateRandomRequest& request);

  absl::StatusOr<v1::Key> CreateKey(const v1::CreateKeyRequest& request);
  absl::StatusOr<v1::Key> GetKey(const v1::GetKeyRequest& request);
  absl::StatusOr<v1::ListKeysResponse> ListKeys(const v1::ListKeysRequest& request);
  absl::StatusOr<v1::Key> RotateKey(const v1::RotateKeyRequest& request);
  absl::StatusOr<v1::ListKeyVersionsResponse> ListKeyVersions(
      const v1::ListKeyVersionsRequest& request);
  absl::StatusOr<v1::Key> UpdateKey(const v1::UpdateKeyRequest& request);
  absl::StatusOr<v1::Key> EnableKeyVersion(const v1::EnableKeyVersionRequest& request);
  absl::StatusOr<v1::DisableKeyVersionResponse> DisableKeyVersion(
      const v1::DisableKeyVersionRequest& request);
  absl::StatusOr<v1::ScheduleKeyVersionDestroyResponse> ScheduleKeyVersionDestroy(
      const v1::ScheduleKeyVersionDestroyRequest& request);
  absl::StatusOr<v1::Key> CancelKeyVersionDestroy(
      const v1::CancelKeyVersionDestroyRequest& request);
  // Keys of one's own. WrapForImport in crypto/key_import.h wraps the 32 bytes under the public
  // key of the parameters, UnwrapImported opens what was exported.
  absl::StatusOr<v1::GetImportParametersResponse> GetImportParameters(
      const v1::GetImportParametersRequest& request);
  absl::StatusOr<v1::Key> ImportKey(const v1::ImportKeyRequest& request);
  absl::StatusOr<v1::Key> ImportKeyVersion(const v1::ImportKeyVersionRequest& request);
  absl::StatusOr<v1::ExportKeyVersionResponse> ExportKeyVersion(
      const v1::ExportKeyVersionRequest& request);
  absl::StatusOr<v1::Alias> SetAlias(const v1::SetAliasRequest& request);
  absl::Status DeleteAlias(const v1::DeleteAliasRequest& request);
  absl::StatusOr<v1::ListAliasesResponse> ListAliases(const v1::ListAliasesRequest& request);

  // Leases; LocalCrypto (local_crypto.h) takes care of them. `timeout` instead of the
  // client's own. An attempt to acquire that is repeated leaves a lease behind that nobody
  // uses, and that ends by itself. The response holds the key: wipe it.
  absl::StatusOr<v1::AcquireLeaseResponse> AcquireLease(
      const v1::AcquireLeaseRequest& request,
      std::optional<std::chrono::milliseconds> timeout = std::nullopt);
  absl::StatusOr<v1::Lease> RenewLease(
      const v1::RenewLeaseRequest& request,
      std::optional<std::chrono::milliseconds> timeout = std::nullopt);
  absl::StatusOr<v1::Lease> EndLease(
      const v1::EndLeaseRequest& request,
      std::optional<std::chrono::milliseconds> timeout = std::nullopt);

  absl::StatusOr<v1::Tenant> CreateTenant(const v1::CreateTenantRequest& request);
  absl::StatusOr<v1::ListTenantsResponse> ListTenants(const v1::ListTenantsRequest& request);
  absl::StatusOr<v1::Operation> RotateTenantKek(const v1::RotateTenantKekRequest& request);

  absl::StatusOr<v1::Operation> GetOperation(const v1::GetOperationRequest& request);
  absl::StatusOr<v1::ListOperationsResponse> ListOperations(
      const v1::ListOperationsRequest& request);
  absl::StatusOr<v1::Operation> RotateRoot(const v1::RotateRootRequest& request);

  absl::StatusOr<v1::GetStatusResponse> GetStatus();

  // CheckHealth is OK if the standard health service says SERVING, kUnavailable if it
  // says anything else or cannot be reached. One attempt.
  absl::Status CheckHealth();

 private:
  friend class AuditClient;
  friend class FieldClient;
  friend class RotationClient;
  friend class SubjectClient;
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_CLIENT_H_
