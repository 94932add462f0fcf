// AuditClient: the calls of AuditService through a Client: the records of the audit trail, its
// checkpoints and its proofs.
#ifndef FIELDKMS_CLIENTS_CPP_AUDIT_CLIENT_H_
#define FIELDKMS_CLIENTS_CPP_AUDIT_CLIENT_H_

#include "absl/status/statusor.h"
#include "clients/cpp/client.h"
#include "fieldkms/v1/audit_service.pb.h"

namespace fieldkms {

// A view of a client, which must outlive it; cheap to make, safe for concurrent use. Deadlines,
// retries and errors are as Client says.
class AuditClient {
 public:
  explicit AuditClient(Client& client) : client_(client) {}

  absl::StatusOr<v1::ListAuditRecordsResponse> ListAuditRecords(
      const v1::ListAuditRecordsRequest& request);
  // It may take `wait` longer than the client's timeout.
  absl::StatusOr<v1::WatchAuditRecordsResponse> WatchAuditRecords(
      const v1::WatchAuditRecordsRequest& request);
  absl::StatusOr<v1::GetAuditCheckpointResponse> GetAuditCheckpoint(
      const v1::GetAuditCheckpointRequest& request);
  absl::StatusOr<v1::ProveAuditRecordResponse> ProveAuditRecord(
      const v1::ProveAuditRecordRequest& request);
  absl::StatusOr<v1::ProveAuditContinuationResponse> ProveAuditContinuation(
      const v1::ProveAuditContinuationRequest& request);

 private:
  Client::Impl& impl() const { return *client_.impl_; }

  Client& client_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_AUDIT_CLIENT_H_
