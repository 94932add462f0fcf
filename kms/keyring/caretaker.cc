#include "kms/keyring/caretaker.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "crypto/random.h"
#include "crypto/status.h"
#include "kms/keyring/core.h"
#include "kms/keyring/operations.h"

namespace fieldkms {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr size_t kDueAtOnce = 100;
constexpr size_t kMostAtOnce = 100'000;
constexpr size_t kOperationsAtOnce = 100;
constexpr size_t kTokensAtOnce = 1'000;
constexpr int kSweepsAtOnce = 20;
constexpr seconds kPatience{8};  // less than a shutdown may take
constexpr minutes kJump{1};
constexpr seconds kFirstPause{60}, kLongestPause{3'600};

// Of errors that say that another replica was quicker, or the key is no longer due.
bool IsMoot(const absl::Status& status) {
  switch (ReasonOf(status)) {
    case Reason::kPrimaryChanged:
    case Reason::kEtagMismatch:
    case Reason::kKeyState:
    case Reason::kKeyNotFound:
      return true;
    default:
      return false;
  }
}

void Keep(const absl::Status& status, absl::Status* first) {
  if (first->ok()) *first = status;
}

}  // namespace

Caretaker::Caretaker(Keyring& keyring, CaretakerOptions options)
    : core_(keyring.core()),
      admin_(keyring.admin()),
      options_(std::move(options)),
      distrust_until_(core_.clock.Steady() + options_.settle),
      rotate_limit_(kDueAtOnce),
      destroy_limit_(kDueAtOnce) {}

Caretaker::~Caretaker() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopping_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Caretaker::Start() {
  if (thread_.joinable()) return;
  thread_ = std::thread([this] {
    while (Pause()) (void)RunOnce();
  });
}

absl::Status Caretaker::RunOnce() {
  absl::Status first;
  if (!stop_) Keep(Rotate(), &first);
  const bool trusted = ClockIsTrusted();
  if (!stop_ && trusted) Keep(DestroyDue(), &first);
  if (!stop_ && trusted) Keep(SweepTokens(), &first);
  if (!stop_) Keep(Operate(), &first);
  if (!stop_ && options_.also) Keep(options_.also(stop_), &first);
  return first;
}

absl::Status Caretaker::Rotate() {
  const Deadline listing = core_.clock.Steady() + kPatience;
  FIELDKMS_ASSIGN_OR_RETURN(
      const std::vector<KeyRecord> due,
      core_.store.ListDueRotations(core_.clock.Now(), rotate_limit_, listing));
  absl::Status first;
  size_t failed = 0;
  for (const KeyRecord& key : due) {
    if (stop_) break;
    const auto rotated = admin_.RotateDue(key, core_.clock.Steady() + kPatience);
    if (!rotated.ok()) ++failed;
    if (rotated.ok()) {
      Report({CaretakerEvent::Kind::kRotated,
              key.tenant,
              key.name,
              rotated->primary_version,
              {},
              absl::OkStatus()});
    } else if (!IsMoot(rotated.status())) {
      Report({CaretakerEvent::Kind::kFailed,
              key.tenant,
              key.name,
              key.primary_version,
              {},
              rotated.status()});
      Keep(rotated.status(), &first);
    }
  }
  rotate_limit_ = Widen(rotate_limit_, due.size(), failed);
  return first;
}

size_t Caretaker::Widen(size_t limit, size_t seen, size_t failed) {
  if (seen < limit || failed < seen) return kDueAtOnce;
  return std::min(2 * limit, kMostAtOnce);
}

absl::Status Caretaker::DestroyDue() {
  const WallTime now = core_.clock.Now();
  const Deadline listing = core_.clock.Steady() + kPatience;
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<KeyAndVersion> due,
                            core_.store.ListDueDestructions(now, destroy_limit_, listing));
  absl::Status first;
  size_t failed = 0;
  for (const KeyAndVersion& one : due) {
    if (stop_) break;
    const bool waits = MustWait(one);
    const absl::Status status = waits ? absl::OkStatus() : DestroyOne(one);
    if (waits || !status.ok()) ++failed;
    if (!IsMoot(status)) Keep(status, &first);
  }
  destroy_limit_ = Widen(destroy_limit_, due.size(), failed);
  return first;
}

absl::Status Caretaker::DestroyOne(const KeyAndVersion& due) {
  CaretakerEvent event{CaretakerEvent::Kind::kDestroying,
                       due.key.tenant,
                       due.key.name,
                       due.version.version,
                       {},
                       absl::OkStatus()};
  if (options_.before_destroy) {
    event.status = options_.before_destroy(event);
    event.kind = CaretakerEvent::Kind::kFailed;
  }
  if (event.status.ok()) {
    event.status = admin_.DestroyDue(due, core_.clock.Steady() + kPatience);
    event.kind =
        event.status.ok() ? CaretakerEvent::Kind::kDestroyed : CaretakerEvent::Kind::kNotDestroyed;
    NoteDestruction(due, !event.status.ok() && !IsMoot(event.status));
  }
  Report(event);
  return event.status;
}

bool Caretaker::MustWait(const KeyAndVersion& due) const {
  const auto found = failures_.find({due.key.key_id, due.version.version});
  return found != failures_.end() && core_.clock.Steady() < found->second.retry_at;
}

void Caretaker::NoteDestruction(const KeyAndVersion& due, bool failed) {
  const std::pair id{due.key.key_id, due.version.version};
  if (!failed) {
    failures_.erase(id);
    return;
  }
  const auto [it, first] = failures_.try_emplace(id, Failure{{}, kFirstPause});
  Failure& failure = it->second;
  if (!first) failure.pause = std::min(2 * failure.pause, kLongestPause);
  failure.retry_at = core_.clock.Steady() + failure.pause;
}

absl::Status Caretaker::Operate() {
  const Deadline deadline = core_.clock.Steady() + kPatience;
  FIELDKMS_ASSIGN_OR_RETURN(
      const std::vector<OperationRecord> running,
      core_.store.ListOperations(/*running_only=*/true, kOperationsAtOnce, deadline));
  absl::Status first;
  for (const OperationRecord& operation : running) {
    if (stop_) break;
    const absl::Status status = RunOperation(core_, operation, options_.replica, stop_);
    Keep(status, &first);
    const auto after =
        core_.store.GetOperation(operation.operation_id, core_.clock.Steady() + kPatience);
    if (!after.ok() || after->state == OperationState::kRunning) continue;
    if (after->owner != options_.replica) continue;
    Report({CaretakerEvent::Kind::kOperationEnded,
            operation.tenant,
            {},
            0,
            operation.operation_id,
            after->state == OperationState::kDone
                ? absl::OkStatus()
                : Error(absl::StatusCode::kFailedPrecondition, Reason::kInternal, after->error)});
  }
  return first;
}

// Until there are no more, or for as many batches as leave time for the rest.
absl::Status Caretaker::SweepTokens() {
  absl::Status status;
  uint64_t count = 0;
  for (int batch = 0; batch < kSweepsAtOnce && !stop_; ++batch) {
    const absl::StatusOr<uint64_t> swept = core_.store.tokens().SweepExpired(
        core_.clock.Now(), kTokensAtOnce, core_.clock.Steady() + kPatience);
    status = swept.status();
    if (swept.ok()) count += *swept;
    if (!swept.ok() || *swept < kTokensAtOnce) break;
  }
  if (count != 0) {
    Report({CaretakerEvent::Kind::kTokensExpired, {}, {}, 0, {}, absl::OkStatus(), count});
  }
  return status;
}

bool Caretaker::ClockIsTrusted() {
  const auto steady = core_.clock.Steady();
  const auto ahead =
      core_.clock.Now().time_since_epoch() - duration_cast<microseconds>(steady.time_since_epoch());
  const bool jumped = looked_ && std::chrono::abs(ahead - wall_ahead_) > kJump;
  wall_ahead_ = ahead;
  looked_ = true;
  if (jumped) {
    distrust_until_ = steady + options_.settle;
    Report({CaretakerEvent::Kind::kClockJumped, {}, {}, 0, {}, absl::OkStatus()});
  }
  return steady >= distrust_until_;
}

void Caretaker::Report(const CaretakerEvent& event) const {
  if (options_.on_event) options_.on_event(event);
}

bool Caretaker::Pause() {
  // Replicas that were started together do not look together.
  uint8_t byte = 0;
  (void)RandomBytes(MutableBytes(&byte, 1));
  const milliseconds pause = options_.pause * 3 / 4 + options_.pause * byte / 512;
  std::unique_lock lock(mutex_);
  stopping_.wait_for(lock, pause, [this] { return stop_.load(); });
  return !stop_;
}

}  // namespace fieldkms
