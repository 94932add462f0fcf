#include "clients/cpp/lease_transport.h"

#include <utility>

namespace fieldkms {
namespace {

class ClientTransport final : public LeaseTransport {
 public:
  explicit ClientTransport(std::shared_ptr<Client> client) : client_(std::move(client)) {}

  absl::StatusOr<v1::AcquireLeaseResponse> Acquire(const v1::AcquireLeaseRequest& request,
                                                   Timeout timeout) override {
    return client_->AcquireLease(request, timeout);
  }
  absl::StatusOr<v1::Lease> Renew(const v1::RenewLeaseRequest& request, Timeout timeout) override {
    return client_->RenewLease(request, timeout);
  }
  absl::StatusOr<v1::Lease> End(const v1::EndLeaseRequest& request, Timeout timeout) override {
    return client_->EndLease(request, timeout);
  }
  absl::StatusOr<v1::EncryptResponse> Encrypt(const v1::EncryptRequest& request) override {
    return client_->Encrypt(request);
  }
  absl::StatusOr<v1::DecryptResponse> Decrypt(const v1::DecryptRequest& request) override {
    return client_->Decrypt(request);
  }

 private:
  const std::shared_ptr<Client> client_;
};

}  // namespace

std::unique_ptr<LeaseTransport> MakeLeaseTransport(std::shared_ptr<Client> client) {
  return std::make_unique<ClientTransport>(std::move(client));
}

}  // namespace fieldkms
