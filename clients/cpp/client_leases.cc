// What Client does about leases.
#include <utility>

#include "clients/cpp/client.h"
#include "clients/cpp/client_impl.h"

namespace fieldkms {
namespace {

template <class Response>
absl::StatusOr<v1::Lease> LeaseOf(absl::StatusOr<Response> response) {
  if (!response.ok()) return std::move(response).status();
  return std::move(*response->mutable_lease());
}

}  // namespace

absl::StatusOr<v1::AcquireLeaseResponse> Client::AcquireLease(
    const v1::AcquireLeaseRequest& request, std::optional<std::chrono::milliseconds> timeout) {
  return impl_->Call(impl_->leases(), &v1::LeaseService::Stub::AcquireLease, request,
                     timeout.value_or(impl_->timeout()));
}

absl::StatusOr<v1::Lease> Client::RenewLease(const v1::RenewLeaseRequest& request,
                                             std::optional<std::chrono::milliseconds> timeout) {
  return LeaseOf(impl_->Call(impl_->leases(), &v1::LeaseService::Stub::RenewLease, request,
                             timeout.value_or(impl_->timeout())));
}

absl::StatusOr<v1::Lease> Client::EndLease(const v1::EndLeaseRequest& request,
                                           std::optional<std::chrono::milliseconds> timeout) {
  return LeaseOf(impl_->Call(impl_->leases(), &v1::LeaseService::Stub::EndLease, request,
                             timeout.value_or(impl_->timeout())));
}

}  // namespace fieldkms
