#include "clients/cpp/audit_client.h"

#include "clients/cpp/client_impl.h"
#include "clients/cpp/long_poll.h"

namespace fieldkms {
namespace {

using Stub = v1::AuditService::Stub;

}  // namespace

absl::StatusOr<v1::ListAuditRecordsResponse> AuditClient::ListAuditRecords(
    const v1::ListAuditRecordsRequest& request) {
  return impl().Call(impl().audit(), &Stub::ListAuditRecords, request);
}

absl::StatusOr<v1::WatchAuditRecordsResponse> AuditClient::WatchAuditRecords(
    const v1::WatchAuditRecordsRequest& request) {
  return impl().Call(impl().audit(), &Stub::WatchAuditRecords, request,
                     impl().timeout() + LongPollWait(request));
}

absl::StatusOr<v1::GetAuditCheckpointResponse> AuditClient::GetAuditCheckpoint(
    const v1::GetAuditCheckpointRequest& request) {
  return impl().Call(impl().audit(), &Stub::GetAuditCheckpoint, request);
}

absl::StatusOr<v1::ProveAuditRecordResponse> AuditClient::ProveAuditRecord(
    const v1::ProveAuditRecordRequest& request) {
  return impl().Call(impl().audit(), &Stub::ProveAuditRecord, request);
}

absl::StatusOr<v1::ProveAuditContinuationResponse> AuditClient::ProveAuditContinuation(
    const v1::ProveAuditContinuationRequest& request) {
  return impl().Call(impl().audit(), &Stub::ProveAuditContinuation, request);
}

}  // namespace fieldkms
