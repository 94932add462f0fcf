// Client of the FieldKMS service: one channel, deadlines, retries, batches of
// any size.
#ifndef FIELDKMS_CLIENTS_CPP_CLIENT_H_
#define FIELDKMS_CLIENTS_CPP_CLIENT_H_

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fieldkms/v1/crypto_service.pb.h"
#include "fieldkms/v1/key_service.pb.h"
#include "fieldkms/v1/tenant_service.pb.h"

namespace fieldkms {

struct ClientOptions {
  // "unix:/path/to/socket". TCP needs TLS, which this release has not yet.
  std::string target;
  // Deadline of one call, all its attempts included.
  std::chrono::milliseconds timeout{10'000};
  // Attempts of a call that fails with a retryable code: UNAVAILABLE, and
  // RESOURCE_EXHAUSTED where the server sent RetryInfo. Full jitter between
  // `backoff_base` and `backoff_cap`; a server's RetryInfo is a lower bound.
  int max_attempts = 3;
  std::chrono::milliseconds backoff_base{50};
  std::chrono::milliseconds backoff_cap{2'000};
};

// Client is safe for concurrent use and cheap to share; make one a process.
//
// Errors are absl::Status with the server's code, message, reason (ReasonOf) and
// field (FieldOf). Mutations get a request id where the request has none, and
// keep it over all attempts, so that a retry never acts twice.
class Client {
 public:
  static absl::StatusOr<std::unique_ptr<Client>> Create(const ClientOptions& options);
  ~Client();

  absl::StatusOr<v1::EncryptResponse> Encrypt(const v1::EncryptRequest& request);
  absl::StatusOr<v1::DecryptResponse> Decrypt(const v1::DecryptRequest& request);
  absl::StatusOr<v1::RewrapResponse> Rewrap(const v1::RewrapRequest& request);

  // Batches of any length: cut into calls within the server's limits (10,000
  // items, 4 MiB), at most four in flight, results put together in order. Where
  // a whole call fails after its retries, the items it carried get its error and
  // the others keep their results; the status is an error only if no call
  // succeeded.
  absl::StatusOr<v1::BatchEncryptResponse> BatchEncrypt(const v1::BatchEncryptRequest& request);
  absl::StatusOr<v1::BatchDecryptResponse> BatchDecrypt(const v1::BatchDecryptRequest& request);
  absl::StatusOr<v1::BatchRewrapResponse> BatchRewrap(const v1::BatchRewrapRequest& request);

  absl::StatusOr<v1::Key> CreateKey(const v1::CreateKeyRequest& request);
  absl::StatusOr<v1::Key> GetKey(const v1::GetKeyRequest& request);
  absl::StatusOr<v1::ListKeysResponse> ListKeys(const v1::ListKeysRequest& request);
  absl::StatusOr<v1::Key> RotateKey(const v1::RotateKeyRequest& request);
  absl::StatusOr<v1::ListKeyVersionsResponse> ListKeyVersions(
      const v1::ListKeyVersionsRequest& request);
  absl::StatusOr<v1::Tenant> CreateTenant(const v1::CreateTenantRequest& request);
  absl::StatusOr<v1::ListTenantsResponse> ListTenants(const v1::ListTenantsRequest& request);

  // Health: OK if the standard health service says SERVING.
  absl::Status CheckHealth();

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_CLIENT_H_
