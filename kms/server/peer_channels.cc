#include "kms/server/peer_channels.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>

#include "crypto/bytes.h"
#include "crypto/status.h"
#include "kms/service/token_seal.h"

namespace fieldkms {
namespace {

// A peer that does not answer is not to take all the time that a call has.
constexpr std::chrono::seconds kPatience{2};

void SetDeadline(Deadline deadline, grpc::ClientContext* context) {
  const auto left =
      std::min<Deadline::duration>(deadline - std::chrono::steady_clock::now(), kPatience);
  context->set_deadline(std::chrono::system_clock::now() + left);
}

template <class Request>
void Name(const PeerToken& token, Request* request) {
  request->set_tenant(std::string(token.tenant));
  request->set_field(std::string(token.field));
  request->set_token(std::string(token.token));
  request->set_forwarded(true);
}

// Of a peer that is not there, or is not that of the token, the next one is asked.
absl::Status Check(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAUTHENTICATED:
      return Error(absl::StatusCode::kInternal, Reason::kInternal,
                   "another replica refuses this one: give the user that it runs as the rights "
                   "field.detokenize, with mask_level full, and field.erase there");
    default:
      return absl::OkStatus();
  }
}

}  // namespace

PeerChannels::PeerChannels(const std::vector<std::string>& sockets) {
  for (const std::string& socket : sockets) {
    peers_.push_back(v1::FieldService::NewStub(
        grpc::CreateChannel("unix:" + socket, grpc::InsecureChannelCredentials())));
  }
}

absl::Status PeerChannels::Detokenize(const PeerToken& token, Deadline deadline,
                                      std::string* value) {
  v1::DetokenizeRequest request;
  Name(token, &request);
  request.set_view(v1::VIEW_FULL);
  for (const auto& peer : peers_) {
    grpc::ClientContext context;
    SetDeadline(deadline, &context);
    v1::DetokenizeResponse response;
    const grpc::Status status = peer->Detokenize(&context, request, &response);
    if (status.ok()) {
      value->assign(response.value());
      WipeString(response.mutable_value());
      return absl::OkStatus();
    }
    FIELDKMS_RETURN_IF_ERROR(Check(status));
  }
  return TokenNotFound();
}

absl::StatusOr<uint64_t> PeerChannels::Erase(const PeerToken& token, Deadline deadline) {
  v1::EraseRequest request;
  Name(token, &request);
  for (const auto& peer : peers_) {
    grpc::ClientContext context;
    SetDeadline(deadline, &context);
    v1::EraseResponse response;
    const grpc::Status status = peer->Erase(&context, request, &response);
    if (status.ok() && response.erased_count() != 0) return response.erased_count();
    FIELDKMS_RETURN_IF_ERROR(Check(status));
  }
  return uint64_t{0};
}

}  // namespace fieldkms
