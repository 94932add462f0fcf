// What the three batch RPCs share: items in order, an error for each that fails.
#ifndef FIELDKMS_KMS_SERVICE_BATCH_H_
#define FIELDKMS_KMS_SERVICE_BATCH_H_

#include "absl/status/statusor.h"
#include "google/rpc/status.pb.h"
#include "kms/service/call.h"

namespace fieldkms {

// CheckBatchSize refuses an empty batch and one of more than kMaxBatchItems.
absl::Status CheckBatchSize(int items);

// FailItem notes that item `index` failed: in its `error`, and for the audit trail.
// A field named in `status` is named as "items[index].field".
void FailItem(int index, const absl::Status& status, google::rpc::Status* error,
              CallOutcome* outcome);

// Whether an error of the first item stands for the whole batch: the tenant is not
// there, or what all items need is down. No item could be tried then.
bool FailsAll(const absl::Status& status);

// RunBatch carries out items [*next, items) of a batch by
//   absl::StatusOr<RunState> item(int index, Result* result)
// and adds a result for each. It stops at an item that needs I/O, with *next there.
template <class Response, class ItemFunction>
absl::StatusOr<RunState> RunBatch(RunContext& context, int items, int* next, Response* response,
                                  ItemFunction item) {
  constexpr int kItemsPerDeadlineCheck = 1024;
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
    if (*next == 0 && FailsAll(state.status())) return state.status();
    result->Clear();
    FailItem(*next, state.status(), result->mutable_error(), &context.outcome);
  }
  response->set_failed_count(context.outcome.failed);
  return RunState::kDone;
}

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_BATCH_H_
