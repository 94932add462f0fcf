// What the batch RPCs share: items in order, an error for each that fails.
#ifndef FIELDKMS_KMS_SERVICE_BATCH_H_
#define FIELDKMS_KMS_SERVICE_BATCH_H_

#include <algorithm>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/names.h"
#include "google/rpc/status.pb.h"
#include "kms/service/call.h"
#include "kms/service/workspace.h"

namespace fieldkms {

// CheckBatchSize refuses an empty batch and one of more than kMaxBatchItems.
absl::Status CheckBatchSize(int items);

// DescribeBatch is the part of Describe that they share. `key`: the batch's, of the field
// `key_field`; may be empty.
absl::Status DescribeBatch(std::string_view tenant, std::string_view key,
                           std::string_view key_field, int items, CallPlan* plan);

// DescribeKeyedBatch is DescribeBatch of batches whose items each take a key of one name:
// their own, or the batch's. `one_key`: no item names one of its own; then the batch's key is
// required, and the call is about that.
template <class Request>
absl::Status DescribeKeyedBatch(const Request& request, CallPlan* plan, bool* one_key) {
  FIELDKMS_RETURN_IF_ERROR(
      DescribeBatch(request.tenant(), request.key(), "key", request.items_size(), plan));
  *one_key = std::all_of(request.items().begin(), request.items().end(),
                         [](const auto& item) { return item.key().empty(); });
  if (!*one_key) return absl::OkStatus();
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(request.key(), "key"));
  plan->key = request.key();
  return absl::OkStatus();
}

// The item's name of a key if it gives one, checked, else the batch's.
absl::StatusOr<std::string_view> ItemKey(const std::string& own, const std::string& of_batch,
                                         std::string_view field);

// The items and their entries of context; see MessagesIn in method_call.h.
template <class Request>
size_t CountBatch(const Request& request) {
  size_t count = Size(request.shared_context()) + static_cast<size_t>(request.items_size());
  for (const auto& item : request.items()) count += Size(item.context());
  return count;
}

// FailItem notes that item `index` failed: in its `error`, and for the audit trail.
// A field named in `status` is named as "items[index].field".
void FailItem(int index, const absl::Status& status, google::rpc::Status* error,
              CallOutcome* outcome);

// Whether an error says that what items need is down or out of time. A batch all
// of whose items fail so was not tried, and fails as a whole, to be retried; with
// one good item it is answered, so that no good item is lost.
bool IsOutage(const absl::Status& status);

// RunBatch carries out items [*next, items) of a batch by
//   absl::StatusOr<RunState> item(int index, Result* result)
// and adds a result for each. It stops at an item that needs I/O, with *next there.
template <class Response, class ItemFunction>
absl::StatusOr<RunState> RunBatch(RunContext& context, int items, int* next, Response* response,
                                  ItemFunction item) {
  constexpr int kItemsPerDeadlineCheck = 1024;
  int outages = 0;  // of this run: items done in an earlier one are good or bad by themselves
  for (; *next < items; ++*next) {
    if (*next % kItemsPerDeadlineCheck == kItemsPerDeadlineCheck - 1 &&
        context.deadline <= context.service.clock.Steady()) {
      return Error(absl::StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded,
                   "the deadline passed in the middle of the batch");
    }
    auto* result = response->add_results();
    const absl::StatusOr<RunState> state = item(*next, result);
    if (state.ok()) {
      if (*state == RunState::kDone) continue;
      response->mutable_results()->RemoveLast();
      return RunState::kNeedsIo;
    }
    // No item of a tenant that is not there can be tried.
    if (*next == 0 && ReasonOf(state.status()) == Reason::kTenantNotFound) return state.status();
    if (IsOutage(state.status()) && ++outages == items) return state.status();
    result->Clear();
    FailItem(*next, state.status(), result->mutable_error(), &context.outcome);
  }
  response->set_failed_count(context.outcome.failed);
  return RunState::kDone;
}

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_BATCH_H_
