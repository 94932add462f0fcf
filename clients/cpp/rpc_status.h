// Statuses on the wire: google.rpc.Status with details, to and from absl::Status
// with the reason and field of crypto/status.h. Functions here are pure.
#ifndef FIELDKMS_CLIENTS_CPP_RPC_STATUS_H_
#define FIELDKMS_CLIENTS_CPP_RPC_STATUS_H_

#include <chrono>
#include <cstddef>
#include <optional>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace grpc {
class Status;
}

namespace fieldkms {

// What one attempt of a call came to.
struct AttemptResult {
  absl::Status status;
  // The server's google.rpc.RetryInfo, if it sent one.
  std::optional<std::chrono::milliseconds> retry_after;
};

// FromGrpc reads a call's status and its details. A status that no FieldKMS
// server made (the connection failed, say) has reason kUnspecified, or
// kDeadlineExceeded where its code says so.
AttemptResult FromGrpc(const grpc::Status& status);

// StatusOfItem reads the `error` of a batch's item: OK where it has no code.
absl::Status StatusOfItem(const google::rpc::Status& error);

// ToItemError is the inverse, for items of a call that failed as a whole.
google::rpc::Status ToItemError(const absl::Status& status);

// ShiftItemIndex adds `offset` to the index of a field named "items[N]..." in
// the details of `error`: what item N of a part of a batch is in the whole.
void ShiftItemIndex(size_t offset, google::rpc::Status* error);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_RPC_STATUS_H_
