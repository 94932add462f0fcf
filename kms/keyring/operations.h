// Long work that any replica can go on with: a KEK or the root is rotated by wrapping
// anew, in batches, what stands under the old one. Each batch is written where it is
// still needed, so an operation that is run twice at once, or from the start again,
// does no harm.
#ifndef FIELDKMS_KMS_KEYRING_OPERATIONS_H_
#define FIELDKMS_KMS_KEYRING_OPERATIONS_H_

#include <atomic>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/store/store.h"

namespace fieldkms {

struct KeyringCore;

// NewOperation: one that is not in the store yet. Its id is made of the mutation, so that
// a repeated request finds it.
absl::StatusOr<OperationRecord> NewOperation(OperationKind kind, std::string_view tenant,
                                             const Mutation& mutation, const Clock& clock);

// FindOperation: `wanted` as the store has it, if it does. Error: kFailedPrecondition,
// kOperationRunning, where another of its kind and tenant runs.
absl::StatusOr<std::optional<OperationRecord>> FindOperation(Store& store,
                                                             const OperationRecord& wanted,
                                                             Deadline deadline);

// PutNewOperation writes a new operation; where another attempt of the same request was
// quicker, it returns that one's.
absl::StatusOr<OperationRecord> PutNewOperation(Store& store, const OperationRecord& operation,
                                                Deadline deadline);

// RunOperation takes over an operation that nobody else runs, and carries it out until
// it is done or has failed, or `stop`; progress is in the store after each batch. What
// does not open is passed over and counted, and fails the operation at its end.
// `replica`: a name for the one who runs it. OK where another replica has it. An error
// is that of the store or the root: the operation goes on when they are back.
absl::Status RunOperation(KeyringCore& core, OperationRecord operation, std::string_view replica,
                          const std::atomic<bool>& stop);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_OPERATIONS_H_
