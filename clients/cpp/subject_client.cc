#include "clients/cpp/subject_client.h"

#include <utility>

#include "clients/cpp/client_impl.h"

namespace fieldkms {
namespace {

using Stub = v1::SubjectService::Stub;

// The answer about one subject is the subject.
template <class Response>
absl::StatusOr<v1::Subject> SubjectOf(absl::StatusOr<Response> response) {
  if (!response.ok()) return std::move(response).status();
  return std::move(*response->mutable_subject());
}

}  // namespace

absl::StatusOr<v1::Subject> SubjectClient::GetSubject(const v1::GetSubjectRequest& request) {
  return SubjectOf(impl().Call(impl().subjects(), &Stub::GetSubject, request));
}

absl::StatusOr<v1::ListSubjectsResponse> SubjectClient::ListSubjects(
    const v1::ListSubjectsRequest& request) {
  return impl().Call(impl().subjects(), &Stub::ListSubjects, request);
}

absl::StatusOr<v1::ListSubjectTokensResponse> SubjectClient::ListSubjectTokens(
    const v1::ListSubjectTokensRequest& request) {
  return impl().Call(impl().subjects(), &Stub::ListSubjectTokens, request);
}

absl::StatusOr<v1::Subject> SubjectClient::SetLegalHold(const v1::SetLegalHoldRequest& request) {
  return SubjectOf(impl().Call(impl().subjects(), &Stub::SetLegalHold, request));
}

absl::StatusOr<v1::EraseSubjectResponse> SubjectClient::EraseSubject(
    const v1::EraseSubjectRequest& request) {
  return impl().Call(impl().subjects(), &Stub::EraseSubject, request, WasNotBegun);
}

}  // namespace fieldkms
