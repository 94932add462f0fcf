// Frames that encrypt or decrypt, with leases.
#include <optional>
#include <utility>

#include "crypto/context.h"
#include "crypto/envelope.h"
#include "crypto/status.h"
#include "sql/shim/frame_job.h"
#include "sql/shim/frame_ops.h"

namespace fieldkms::shim {
namespace {

// What is computed on a thread of I/O, which others wait for.
constexpr size_t kMostItemsAtOnce = 64;
constexpr size_t kMostBytesAtOnce = 128 << 10;

// An item's result; none yet: the service is to be asked.
struct Outcome {
  std::optional<absl::Status> status;
  std::string value;  // envelope or plaintext
};

// The items of one frame. Used by one thread at a time.
class LocalRun {
 public:
  LocalRun(std::shared_ptr<FrameJob> job, LeasableKey& key)
      : job_(std::move(job)), key_(key), outcomes_(job_->frame().count()) {}
  ~LocalRun() {
    for (Outcome& outcome : outcomes_) WipeText(&outcome.value);
  }

  const Frame& frame() const { return job_->frame(); }
  FrameJob& job() { return *job_; }
  LeasableKey& key() { return key_; }
  bool sealing() const { return frame().op == FIELDKMS_OP_ENCRYPT; }
  bool IsComplete() const {
    return std::all_of(outcomes_.begin(), outcomes_.end(),
                       [](const Outcome& outcome) { return outcome.status.has_value(); });
  }

  // With leases that are held.
  void TryAll() {
    const LocalUses uses;
    for (size_t i = 0; i < outcomes_.size(); ++i) {
      if (!outcomes_[i].status && !Try(i) && sealing()) break;  // nor would it serve the others
    }
    job_->AddLocal(uses);
  }

  // The same, and takes leases. Blocks. False: the service is to be asked for the rest.
  void WorkThroughAll() {
    const CallTimeout timeout(job_->TimeLeft());
    const LocalUses uses;
    for (size_t i = 0; i < outcomes_.size() && key_.MayTry(); ++i) {
      if (outcomes_[i].status || Try(i)) continue;
      // Who does not answer is asked once.
      if (!unreachable_.ok()) {
        outcomes_[i].status = unreachable_;
      } else {
        TakeLeaseFor(i);
      }
    }
    job_->AddLocal(uses);
  }

  void Answer() {
    size_t size = 0;
    for (const Outcome& outcome : outcomes_) size += 64 + outcome.value.size();
    AnswerWriter answer(frame().op, outcomes_.size(), size);
    for (Outcome& outcome : outcomes_) {
      if (outcome.status->ok()) {
        answer.Begin();
        answer.Part(outcome.value);
      } else {
        job_->AddFailed(1);
        answer.Fail(ToFrameError(*outcome.status));
      }
    }
    job_->Answer(&answer);
  }

  template <class Op>
  void AskForRest(std::shared_ptr<LocalRun> self);

 private:
  // The context of an item; its outcome if it has none.
  std::optional<std::vector<ContextEntry>> ContextOf(size_t i) {
    const FrameItem item = frame().item(i);
    absl::Status status = Required(item[0], sealing() ? "value" : "envelope").status();
    if (status.ok()) status = Required(item[1], "context").status();
    if (status.ok()) {
      absl::StatusOr<std::vector<ContextEntry>> context = ParseContext(*item[1]);
      if (context.ok()) return *std::move(context);
      status = context.status();
    }
    outcomes_[i].status = std::move(status);
    return std::nullopt;
  }

  // True: the item has its outcome.
  bool Try(size_t i) {
    const auto context = ContextOf(i);
    if (!context) return true;
    const std::string_view in = *frame().item(i)[0];
    std::string* const out = &outcomes_[i].value;
    const auto done = sealing() ? key_.key().TryEncrypt(*context, in, out)
                                : key_.key().TryDecrypt(*context, in, out);
    if (done) outcomes_[i].status = done->status();
    return done.has_value();
  }

  void TakeLeaseFor(size_t i) {
    const std::vector<ContextEntry> context = *ContextOf(i);
    const std::string_view in = *frame().item(i)[0];
    std::string* const out = &outcomes_[i].value;
    // What the service knows better than any lease: no envelope, or one of a subject's own.
    if (!sealing()) {
      const auto envelope = ParseEnvelope(AsBytes(in));
      if (!envelope.ok() || SubjectSize(envelope->header.suite) != 0) return;
    }
    const absl::Status status =
        (sealing() ? key_.key().Encrypt(context, in, out) : key_.key().Decrypt(context, in, out))
            .status();
    if (key_.IsAboutLease(status)) return;
    // That may be for want of a lease of whatever key it is.
    if (ReasonOf(status) == Reason::kDecryptFailed) {
      Try(i);
      return;
    }
    outcomes_[i].status = status;
    if (status.code() == absl::StatusCode::kUnavailable ||
        status.code() == absl::StatusCode::kDeadlineExceeded) {
      unreachable_ = status;
    }
  }

  const std::shared_ptr<FrameJob> job_;
  LeasableKey& key_;
  std::vector<Outcome> outcomes_;
  absl::Status unreachable_;
};

std::string* ValueOf(v1::BatchEncryptResponse::Result* result) {
  return result->mutable_ciphertext();
}
std::string* ValueOf(v1::BatchDecryptResponse::Result* result) {
  return result->mutable_plaintext();
}

template <class Op>
void LocalRun::AskForRest(std::shared_ptr<LocalRun> self) {
  typename Op::Request request;
  const WipeGuard wipe(&request);
  if (const absl::Status shared = Op::Shared(frame(), &request); !shared.ok()) {
    return job_->Fail(shared);
  }
  std::vector<size_t> rest;
  for (size_t i = 0; i < outcomes_.size(); ++i) {
    if (outcomes_[i].status) continue;
    if (absl::Status item = Op::Item(frame().item(i), request.add_items()); !item.ok()) {
      outcomes_[i].status = std::move(item);
      request.mutable_items()->RemoveLast();
    } else {
      rest.push_back(i);
    }
  }
  if (rest.empty()) return Answer();
  Op::Batch(job_->backend().batches())
      .Submit(
          job_->Common(), std::move(request), job_->deadline(),
          [self, rest](absl::StatusOr<typename Op::Response> response) {
            if (!response.ok()) return self->job_->Fail(response.status());
            const WipeGuard guard(&*response);
            if (response->results_size() != static_cast<int>(rest.size())) {
              return self->job_->Fail(Bug("the service answered with another number of results"));
            }
            for (size_t k = 0; k < rest.size(); ++k) {
              auto* const result = response->mutable_results(static_cast<int>(k));
              Outcome& outcome = self->outcomes_[rest[k]];
              outcome.status = StatusOfItem(result->error());
              outcome.value.swap(*ValueOf(result));
            }
            self->Answer();
          });
}

void AskForRest(const std::shared_ptr<LocalRun>& run) {
  if (run->IsComplete()) return run->Answer();
  if (run->sealing()) return run->AskForRest<EncryptOp>(run);
  run->AskForRest<DecryptOp>(run);
}

}  // namespace

void RunLocally(std::shared_ptr<FrameJob> job) {
  const Frame& frame = job->frame();
  Backend& backend = job->backend();
  LeasableKey* const key =
      frame.name.empty() ? nullptr : backend.local()->Find(frame.tenant, frame.name);
  if (key == nullptr || !key->MayTry()) return RunRemotely(std::move(job));
  size_t size = 0;
  for (const FramePart& part : frame.parts) size += part ? part->size() : 0;
  // A record that waits for a disk is waited for by a worker.
  const bool at_once =
      frame.count() <= kMostItemsAtOnce && size <= kMostBytesAtOnce && !backend.config().audit_sync;
  const auto run = std::make_shared<LocalRun>(job, *key);
  if (at_once) {
    run->TryAll();
    if (run->IsComplete()) return run->Answer();
  }
  const bool queued = backend.workers().Submit([run] {
    run->WorkThroughAll();
    AskForRest(run);
  });
  if (!queued) job->Fail(ShimOverloaded());
}

}  // namespace fieldkms::shim
