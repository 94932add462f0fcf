// SubjectClient: the calls of SubjectService through a Client: data subjects, whose values are
// given to them, kept, or erased all at once.
//
//   fieldkms::SubjectClient subjects(*client);
//   fieldkms::v1::EraseSubjectRequest request;
//   request.set_tenant("acme");
//   request.set_subject("customer-1047");
//   auto proof = subjects.EraseSubject(request);
#ifndef FIELDKMS_CLIENTS_CPP_SUBJECT_CLIENT_H_
#define FIELDKMS_CLIENTS_CPP_SUBJECT_CLIENT_H_

#include "absl/status/statusor.h"
#include "clients/cpp/client.h"
#include "fieldkms/v1/subject_service.pb.h"

namespace fieldkms {

// A view of a client, which must outlive it; cheap to make, safe for concurrent use. Deadlines,
// retries and errors are as Client says, but for EraseSubject. No message has a value in it.
class SubjectClient {
 public:
  explicit SubjectClient(Client& client) : client_(client) {}

  absl::StatusOr<v1::Subject> GetSubject(const v1::GetSubjectRequest& request);
  absl::StatusOr<v1::ListSubjectsResponse> ListSubjects(const v1::ListSubjectsRequest& request);
  absl::StatusOr<v1::ListSubjectTokensResponse> ListSubjectTokens(
      const v1::ListSubjectTokensRequest& request);
  // May be repeated at will: the hold is then the last one, of its time. An empty reason lets the
  // subject go.
  absl::StatusOr<v1::Subject> SetLegalHold(const v1::SetLegalHoldRequest& request);

  // Retried only where the service said that it did nothing. After UNAVAILABLE or DEADLINE_EXCEEDED
  // the subject may be there or gone, or go when the service next starts. No attempt can tell by
  // itself: the second would find kSubjectNotFound where the first one erased, and would erase
  // another subject, of a value that was protected for the same id in between. So who calls, and
  // knows whether that can be, decides to call again. kSubjectNotFound then means that it is gone;
  // the proof, which is given once, can be had from the audit trail and the erasure log.
  absl::StatusOr<v1::EraseSubjectResponse> EraseSubject(const v1::EraseSubjectRequest& request);

 private:
  Client::Impl& impl() const { return *client_.impl_; }

  Client& client_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_SUBJECT_CLIENT_H_
