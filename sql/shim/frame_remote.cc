// Frames as batch calls of the service.
#include <type_traits>
#include <utility>

#include "crypto/status.h"
#include "sql/shim/frame_job.h"
#include "sql/shim/frame_ops.h"

namespace fieldkms::shim {
namespace {

// What went wrong with each item before it was sent; OK: it was sent, with those before it.
using LocalErrors = std::vector<absl::Status>;

template <class Op>
size_t SizeOf(const typename Op::Response& response) {
  return response.ByteSizeLong() + 32 * static_cast<size_t>(response.results_size());
}

template <class Op>
void Finish(FrameJob& job, const LocalErrors& errors,
            absl::StatusOr<typename Op::Response> response) {
  if (!response.ok()) return job.Fail(response.status());
  const WipeGuard wipe(&*response);
  AnswerWriter answer(job.frame().op, errors.size(), SizeOf<Op>(*response));
  int next = 0;
  for (const absl::Status& error : errors) {
    if (!error.ok()) {
      job.AddFailed(1);
      answer.Fail(ToFrameError(error));
      continue;
    }
    const auto& result = response->results(next++);
    if (result.has_error()) {
      job.AddFailed(1);
      answer.Fail(ToFrameError(StatusOfItem(result.error())));
    } else {
      answer.Begin();
      Op::Result(result, &answer);
    }
  }
  job.Answer(&answer);
}

template <class Op>
void Run(std::shared_ptr<FrameJob> job) {
  const Frame& frame = job->frame();
  typename Op::Request request;
  const WipeGuard wipe(&request);
  if (const absl::Status shared = Op::Shared(frame, &request); !shared.ok()) {
    return job->Fail(shared);
  }
  LocalErrors errors(frame.count());
  for (size_t i = 0; i < errors.size(); ++i) {
    errors[i] = Op::Item(frame.item(i), request.add_items());
    if constexpr (std::is_same_v<Op, RewrapOp>) {
      if (errors[i].ok()) errors[i] = job->sources().Check(*frame.item(i)[0]);
    }
    if (errors[i].ok()) continue;
    request.mutable_items()->RemoveLast();
  }
  if (request.items().empty()) return Finish<Op>(*job, errors, typename Op::Response());
  const int sent = request.items_size();
  Op::Batch(job->backend().batches())
      .Submit(
          job->Common(), std::move(request), job->deadline(),
          [job, sent, errors = std::move(errors)](absl::StatusOr<typename Op::Response> response) {
            if (response.ok() && response->results_size() != sent) {
              return job->Fail(Bug("the service answered with another number of results"));
            }
            Finish<Op>(*job, errors, std::move(response));
          });
}

}  // namespace

void RunRemotely(std::shared_ptr<FrameJob> job) {
  switch (job->frame().op) {
    case FIELDKMS_OP_ENCRYPT:
      return Run<EncryptOp>(std::move(job));
    case FIELDKMS_OP_DECRYPT:
      return Run<DecryptOp>(std::move(job));
    case FIELDKMS_OP_REWRAP:
      return Run<RewrapOp>(std::move(job));
    case FIELDKMS_OP_PROTECT:
      return Run<ProtectOp>(std::move(job));
    case FIELDKMS_OP_REVEAL:
      return Run<RevealOp>(std::move(job));
    case FIELDKMS_OP_MASK:
      return Run<MaskOp>(std::move(job));
    case FIELDKMS_OP_TOKENIZE:
      return Run<TokenizeOp>(std::move(job));
    case FIELDKMS_OP_DETOKENIZE:
      return Run<DetokenizeOp>(std::move(job));
    case FIELDKMS_OP_BLIND_INDEX:
      return Run<BlindIndexOp>(std::move(job));
    case FIELDKMS_OP_VALIDATE:
      return Run<ValidateOp>(std::move(job));
  }
  job->Fail(Bug("an op that was read and is not known"));
}

}  // namespace fieldkms::shim
