#include "kms/keyring/operator_trace.h"

#include <chrono>
#include <utility>

#include "crypto/random_id.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr char kUnfinished[] = "it was not finished";

}  // namespace

absl::StatusOr<OperatorTrace> OperatorTrace::Begin(
    Store& store, const Clock& clock, OperationKind kind,
    const std::optional<std::set<std::string>>& tenants, const std::string& by) {
  OperatorTrace trace(store, clock);
  for (const std::string& tenant : tenants.value_or(std::set<std::string>{""})) {
    OperationRecord operation;
    FIELDKMS_ASSIGN_OR_RETURN(operation.operation_id, RandomId());
    operation.kind = kind;
    operation.tenant = tenant;
    operation.owner = by;
    operation.create_time = operation.owner_until = clock.Now();
    trace.operations_.push_back(std::move(operation));
  }
  FIELDKMS_RETURN_IF_ERROR(trace.Put(OperationState::kFailed, kUnfinished, 0));
  return trace;
}

absl::Status OperatorTrace::Done(uint64_t keys) { return Put(OperationState::kDone, "", keys); }

void OperatorTrace::Failed(const absl::Status& status) {
  (void)Put(OperationState::kFailed, std::string(MessageOf(status)), 0);
}

absl::Status OperatorTrace::Put(OperationState state, const std::string& error, uint64_t keys) {
  for (OperationRecord& operation : operations_) {
    operation.state = state;
    operation.error = error;
    operation.done = operation.total = keys;
    operation.update_time = clock_.Now();
    FIELDKMS_ASSIGN_OR_RETURN(operation,
                              store_.PutOperation(operation, clock_.Steady() + kPatience));
  }
  return absl::OkStatus();
}

}  // namespace fieldkms
