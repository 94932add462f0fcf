// The trace that an operator's command leaves in the store: operations that nobody goes on
// with.
#ifndef FIELDKMS_KMS_KEYRING_OPERATOR_TRACE_H_
#define FIELDKMS_KMS_KEYRING_OPERATOR_TRACE_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/store/store.h"

namespace fieldkms {

// One operation for each tenant, or one of the whole store. Not thread-safe.
class OperatorTrace {
 public:
  // Begin writes them as failed: that is what they are until Done.
  static absl::StatusOr<OperatorTrace> Begin(Store& store, const Clock& clock, OperationKind kind,
                                             const std::optional<std::set<std::string>>& tenants,
                                             const std::string& by);
  absl::Status Done(uint64_t keys);
  // Says why, as far as the store can still be written to.
  void Failed(const absl::Status& status);

 private:
  OperatorTrace(Store& store, const Clock& clock) : store_(store), clock_(clock) {}
  absl::Status Put(OperationState state, const std::string& error, uint64_t keys);

  Store& store_;
  const Clock& clock_;
  std::vector<OperationRecord> operations_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_OPERATOR_TRACE_H_
