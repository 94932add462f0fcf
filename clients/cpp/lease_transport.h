// What holding leases asks of the service.
#ifndef FIELDKMS_CLIENTS_CPP_LEASE_TRANSPORT_H_
#define FIELDKMS_CLIENTS_CPP_LEASE_TRANSPORT_H_

#include <chrono>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "clients/cpp/client.h"

namespace fieldkms {

// Each as Client has it; `timeout` instead of the client's own. Thread-safe.
class LeaseTransport {
 public:
  using Timeout = std::optional<std::chrono::milliseconds>;

  virtual ~LeaseTransport() = default;
  virtual absl::StatusOr<v1::AcquireLeaseResponse> Acquire(const v1::AcquireLeaseRequest& request,
                                                           Timeout timeout) = 0;
  virtual absl::StatusOr<v1::Lease> Renew(const v1::RenewLeaseRequest& request,
                                          Timeout timeout) = 0;
  virtual absl::StatusOr<v1::Lease> End(const v1::EndLeaseRequest& request, Timeout timeout) = 0;
  virtual absl::StatusOr<v1::EncryptResponse> Encrypt(const v1::EncryptRequest& request) = 0;
  virtual absl::StatusOr<v1::DecryptResponse> Decrypt(const v1::DecryptRequest& request) = 0;
};

// Over `client`.
std::unique_ptr<LeaseTransport> MakeLeaseTransport(std::shared_ptr<Client> client);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_LEASE_TRANSPORT_H_
