#include "kms/service/batch.h"

#include <string>

#include "crypto/names.h"
#include "kms/service/crypto_service.h"
#include "kms/service/status_map.h"

namespace fieldkms {

absl::Status CheckBatchSize(int items) {
  if (items == 0) return InvalidField("items", "a batch must have at least one item");
  if (items > kMaxBatchItems) {
    return Error(absl::StatusCode::kInvalidArgument, Reason::kTooManyItems,
                 "a batch may have 10000 items", "items");
  }
  return absl::OkStatus();
}

absl::Status DescribeBatch(std::string_view tenant, std::string_view key,
                           std::string_view key_field, int items, CallPlan* plan) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  if (!key.empty()) FIELDKMS_RETURN_IF_ERROR(CheckKeyName(key, key_field));
  FIELDKMS_RETURN_IF_ERROR(CheckBatchSize(items));
  plan->scope = CallPlan::Scope::kSomeKey;
  plan->tenant = tenant;
  plan->items = static_cast<uint32_t>(items);
  return absl::OkStatus();
}

absl::StatusOr<std::string_view> ItemKey(const std::string& own, const std::string& of_batch,
                                         std::string_view field) {
  if (own.empty()) return std::string_view(of_batch);
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(own, field));
  return std::string_view(own);
}

void FailItem(int index, const absl::Status& status, google::rpc::Status* error,
              CallOutcome* outcome) {
  ++outcome->failed;
  const Reason reason = ReasonOf(status);
  if (outcome->failed == 1) outcome->reason = reason;
  if (outcome->trouble.ok() && OperatorReason(reason)) outcome->trouble = status;
  if (PublicReason(reason) == Reason::kDecryptFailed) {
    // By far the most frequent, and always the same.
    static const google::rpc::Status& failed =
        *new google::rpc::Status(ToRpcStatus(DecryptError(Reason::kTagMismatch)));
    error->CopyFrom(failed);
    return;
  }
  const std::string field = FieldOf(status);
  if (field.empty()) {
    *error = ToRpcStatus(status);
    return;
  }
  *error = ToRpcStatus(Error(status.code(), reason, MessageOf(status),
                             "items[" + std::to_string(index) + "]." + field));
}

bool IsOutage(const absl::Status& status) {
  switch (ReasonOf(status)) {
    case Reason::kStoreUnavailable:
    case Reason::kRootUnavailable:
    case Reason::kDeadlineExceeded:
      return true;
    default:
      return false;
  }
}

}  // namespace fieldkms
