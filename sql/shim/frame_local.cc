// Frames that encrypt or decrypt, with leases.
#include <utility>

#include "crypto/context.h"
#include "crypto/status.h"
#include "sql/shim/frame_job.h"
#include "sql/shim/frame_ops.h"
#include "sql/shim/local_work.h"

namespace fieldkms::shim {
namespace {

// What is computed on a thread of I/O, which others wait for.
constexpr size_t kMostItemsAtOnce = 64;
constexpr size_t kMostBytesAtOnce = 128 << 10;

bool IsSealing(const Frame& frame) { return frame.op == FIELDKMS_OP_ENCRYPT; }

// The items of one frame. Used by one thread at a time.
class LocalRun {
 public:
  LocalRun(std::shared_ptr<FrameJob> job, LeasableKey& key)
      : job_(std::move(job)),
        work_(key,
              IsSealing(job_->frame()) ? LocalUse::Operation::kEncrypt
                                       : LocalUse::Operation::kDecrypt,
              job_->frame().count(),
              [this](size_t index, LocalInput* input) { return Read(index, input); }) {}

  FrameJob& job() { return *job_; }
  LocalWork& work() { return work_; }

  void Answer() {
    constexpr size_t kBesideAValue = 64;  // or a failure
    AnswerWriter answer(job_->frame().op, work_.count(),
                        work_.size() + kBesideAValue * work_.count());
    for (size_t i = 0; i < work_.count(); ++i) {
      if (const absl::Status& status = *work_.outcome(i).status; !status.ok()) {
        job_->AddFailed(1);
        answer.Fail(ToFrameError(status));
      } else {
        answer.Begin();
        answer.Part(work_.value(i));
      }
    }
    job_->SetLocal(work_.tally());
    job_->Answer(&answer);
  }

  void Fail(const absl::Status& status) {
    job_->SetLocal(work_.tally());
    job_->Fail(status);
  }

  template <class Op>
  void AskForRest(std::shared_ptr<LocalRun> self);

 private:
  absl::Status Read(size_t index, LocalInput* input) const {
    const FrameItem item = job_->frame().item(index);
    FIELDKMS_ASSIGN_OR_RETURN(input->bytes,
                              Required(item[0], IsSealing(job_->frame()) ? "value" : "envelope"));
    FIELDKMS_ASSIGN_OR_RETURN(const std::string_view context, Required(item[1], "context"));
    FIELDKMS_ASSIGN_OR_RETURN(input->context, ParseContext(context));
    return absl::OkStatus();
  }

  const std::shared_ptr<FrameJob> job_;
  LocalWork work_;
};

const std::string& ValueOf(const v1::BatchEncryptResponse::Result& result) {
  return result.ciphertext();
}
const std::string& ValueOf(const v1::BatchDecryptResponse::Result& result) {
  return result.plaintext();
}

template <class Op>
void LocalRun::AskForRest(std::shared_ptr<LocalRun> self) {
  typename Op::Request request;
  const WipeGuard wipe(&request);
  if (const absl::Status shared = Op::Shared(job_->frame(), &request); !shared.ok()) {
    return Fail(shared);
  }
  std::vector<size_t> rest;
  for (size_t i = 0; i < work_.count(); ++i) {
    if (work_.outcome(i).status) continue;
    if (absl::Status item = Op::Item(job_->frame().item(i), request.add_items()); !item.ok()) {
      work_.Set(i, std::move(item), 0, {});
      request.mutable_items()->RemoveLast();
    } else {
      rest.push_back(i);
    }
  }
  if (rest.empty()) return Answer();
  Op::Batch(job_->backend().batches())
      .Submit(job_->Common(), std::move(request), job_->deadline(),
              [self, rest](absl::StatusOr<typename Op::Response> response) {
                if (!response.ok()) return self->Fail(response.status());
                const WipeGuard guard(&*response);
                if (response->results_size() != static_cast<int>(rest.size())) {
                  return self->Fail(Bug("the service answered with another number of results"));
                }
                for (size_t k = 0; k < rest.size(); ++k) {
                  const auto& result = response->results(static_cast<int>(k));
                  self->work_.Set(rest[k], StatusOfItem(result.error()), result.key_version(),
                                  ValueOf(result));
                }
                self->Answer();
              });
}

void AskForRest(const std::shared_ptr<LocalRun>& run) {
  if (run->work().IsComplete()) return run->Answer();
  if (IsSealing(run->job().frame())) return run->AskForRest<EncryptOp>(run);
  run->AskForRest<DecryptOp>(run);
}

}  // namespace

void RunLocally(std::shared_ptr<FrameJob> job) {
  const Frame& frame = job->frame();
  Backend& backend = job->backend();
  LeasableKey* const key = backend.Leasable(frame.tenant, frame.name);
  if (key == nullptr) return RunRemotely(std::move(job));
  size_t size = 0;
  for (const FramePart& part : frame.parts) size += part ? part->size() : 0;
  // A record that waits for a disk is waited for by a worker.
  const bool at_once =
      frame.count() <= kMostItemsAtOnce && size <= kMostBytesAtOnce && !backend.config().audit_sync;
  const auto run = std::make_shared<LocalRun>(job, *key);
  if (at_once) {
    run->work().TryAll();
    if (run->work().IsComplete()) return run->Answer();
  }
  const bool queued = backend.workers().Submit([run] {
    const CallTimeout timeout(run->job().TimeLeft());
    run->work().WorkThroughAll();
    AskForRest(run);
  });
  if (!queued) run->Fail(ShimOverloaded());
}

}  // namespace fieldkms::shim
