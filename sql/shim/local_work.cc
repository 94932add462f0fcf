#include "sql/shim/local_work.h"

#include <algorithm>
#include <utility>

#include "clients/cpp/wipe.h"
#include "crypto/bytes.h"
#include "crypto/envelope.h"
#include "crypto/field/wiped_text.h"
#include "crypto/status.h"

namespace fieldkms::shim {
namespace {

constexpr size_t kMostRoom = 8 << 20;

}  // namespace

LocalWork::LocalWork(LeasableKey& key, LocalUse::Operation operation, size_t count, Input input)
    : key_(key), operation_(operation), input_(std::move(input)), outcomes_(count) {}

LocalWork::~LocalWork() {
  WipeString(&values_);
  WipeText(&made_);
}

bool LocalWork::IsComplete() const {
  return std::all_of(outcomes_.begin(), outcomes_.end(),
                     [](const LocalOutcome& outcome) { return outcome.status.has_value(); });
}

void LocalWork::TryAll() {
  const LocalUses uses;
  for (size_t i = 0; i < outcomes_.size(); ++i) {
    if (!outcomes_[i].status && !Try(i) && sealing()) break;  // nor would it serve the others
  }
  tally_.Add(uses);
  nonces_.reset();
}

void LocalWork::WorkThroughAll() {
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
  tally_.Add(uses);
  nonces_.reset();
}

// False: it is no input, which is the item's outcome.
bool LocalWork::Read(size_t index) {
  absl::Status read = input_(index, &read_);
  // What is opened is shorter than its envelope, and finds room: no memory with a value before it
  // is given up without being wiped.
  if (read.ok() && made_.capacity() < read_.bytes.size()) {
    WipeText(&made_);
    made_.reserve(read_.bytes.size());
  }
  if (read.ok()) return true;
  outcomes_[index].status = std::move(read);
  return false;
}

// One value by itself does not tell that it was sealed here; several do, as those of a batch of the
// service's do. Null: none.
BatchNonces* LocalWork::Nonces() {
  if (outcomes_.size() == 1) return nullptr;
  if (!nonces_) {
    absl::StatusOr<BatchNonces> started = BatchNonces::Start();
    if (!started.ok()) return nullptr;  // where there is no randomness, nothing is sealed
    nonces_ = *std::move(started);
  }
  return &*nonces_;
}

void LocalWork::Set(size_t index, absl::Status status, uint32_t key_version,
                    std::string_view value) {
  LocalOutcome& outcome = outcomes_[index];
  outcome.status = std::move(status);
  if (!outcome.status->ok()) return;
  outcome.key_version = key_version;
  // Mostly they are of one size; a frame's are no more than this.
  if (values_.capacity() < value.size()) {
    MakeRoom(std::min(value.size() * (outcomes_.size() - index), kMostRoom), &values_);
  }
  outcome.begin = values_.size();
  outcome.size = value.size();
  AppendText(value, &values_);
}

void LocalWork::Keep(size_t index, const absl::StatusOr<uint32_t>& done) {
  if (done.ok()) return Set(index, absl::OkStatus(), *done, made_);
  outcomes_[index].status = done.status();
}

// True: the item has its outcome.
bool LocalWork::Try(size_t index) {
  if (!Read(index)) return true;
  const auto done = sealing() ? key_.key().TryEncrypt(read_.context, read_.bytes, &made_, Nonces())
                              : key_.key().TryDecrypt(read_.context, read_.bytes, &made_);
  if (!done) return false;
  Keep(index, *done);
  return true;
}

void LocalWork::TakeLeaseFor(size_t index) {
  nonces_.reset();
  // What the service knows better than any lease: no envelope, or one of a subject's own.
  if (!sealing()) {
    const auto envelope = ParseEnvelope(AsBytes(read_.bytes));
    if (!envelope.ok() || SubjectSize(envelope->header.suite) != 0) return;
  }
  const absl::StatusOr<uint32_t> done =
      sealing() ? key_.key().Encrypt(read_.context, read_.bytes, &made_)
                : key_.key().Decrypt(read_.context, read_.bytes, &made_);
  if (key_.IsAboutLease(done.status())) return;
  // That may be for want of a lease of whatever key it is.
  if (ReasonOf(done.status()) == Reason::kDecryptFailed) {
    Try(index);
    return;
  }
  Keep(index, done);
  if (done.status().code() == absl::StatusCode::kUnavailable ||
      done.status().code() == absl::StatusCode::kDeadlineExceeded) {
    unreachable_ = done.status();
  }
}

}  // namespace fieldkms::shim
