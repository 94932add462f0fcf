// The one map from our statuses to what callers see: google.rpc.Status, as the
// gRPC status of a call or the `error` of an item.
#ifndef FIELDKMS_KMS_SERVICE_STATUS_MAP_H_
#define FIELDKMS_KMS_SERVICE_STATUS_MAP_H_

#include <grpcpp/support/status.h>

#include <chrono>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace fieldkms {

// Details, in this order: ErrorInfo (domain "fieldkms", the public reason);
// BadRequest if the status names a field; RetryInfo if `retry_after` or RetryAfterOf(status)
// is not zero (the longer one) or the code is UNAVAILABLE (then at least 100 ms).
//
// All failures to decrypt give the same bytes. A status that is not of our making
// (Reason::kInternal) gives its code and no message: we do not know what is in it.
// Takes statuses that are not OK.
google::rpc::Status ToRpcStatus(const absl::Status& status,
                                std::chrono::nanoseconds retry_after = {});

// The same for a whole call, with the bytes above as grpc-status-details-bin. OK
// for OK.
grpc::Status ToGrpcStatus(const absl::Status& status, std::chrono::nanoseconds retry_after = {});

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_STATUS_MAP_H_
