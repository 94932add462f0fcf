// Caretaker does what is due, whoever asked for it: rotates keys whose period is over,
// destroys versions whose waiting period has ended and tokens that have expired, carries out
// operations.
//
// Every replica has one. What two of them do at once is done once: each step is a
// compare-and-swap, under a request id that all replicas make alike.
#ifndef FIELDKMS_KMS_KEYRING_CARETAKER_H_
#define FIELDKMS_KMS_KEYRING_CARETAKER_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "kms/keyring/keyring.h"

namespace fieldkms {

// One thing that a caretaker did, or could not do. Views that live during the call.
struct CaretakerEvent {
  enum class Kind : uint8_t {
    kRotated,
    kDestroying,
    kDestroyed,
    kNotDestroyed,  // after kDestroying; `status` says why
    kOperationEnded,
    kTokensExpired,
    kClockJumped,
    kFailed,
  };
  Kind kind = Kind::kFailed;
  std::string_view tenant;
  std::string_view key;
  uint32_t version = 0;  // the new primary, or the one that was destroyed
  std::string_view operation_id;
  absl::Status status;
  uint64_t count = 0;  // of tokens
};

struct CaretakerOptions {
  std::chrono::milliseconds pause{5'000};  // between two rounds, give or take a quarter
  std::string replica;                     // a name that no other replica has
  std::chrono::seconds settle{3'600};      // see Caretaker
  // Called before a version is destroyed, which an error prevents: there is to be a
  // durable record that it was about to be done.
  std::function<absl::Status(const CaretakerEvent&)> before_destroy;
  // Called in each round, for what is due elsewhere; it may block for some seconds, and ends soon
  // after `stop`.
  std::function<absl::Status(const std::atomic<bool>& stop)> also = {};
  // Called on the caretaker's thread, before the next step: it may write an audit record.
  std::function<void(const CaretakerEvent&)> on_event;
};

// Destroying is what a wrong clock makes bad for ever. A caretaker destroys no version and takes no
// expired token away for an hour (CaretakerOptions::settle) after its start, and after it saw the
// wall clock jump against the monotonic one by more than a minute. A clock that has been wrong for
// longer, and evenly, it cannot tell.
class Caretaker {
 public:
  // The keyring outlives it.
  Caretaker(Keyring& keyring, CaretakerOptions options);
  ~Caretaker();

  // Start runs rounds on a thread that ends with the caretaker; in the middle of an
  // operation it ends after the batch at hand.
  void Start();

  // One round. Returns the first error; everything is tried.
  absl::Status RunOnce();

 private:
  absl::Status Rotate();
  absl::Status DestroyDue();
  absl::Status DestroyOne(const KeyAndVersion& due);
  bool MustWait(const KeyAndVersion& due) const;
  void NoteDestruction(const KeyAndVersion& due, bool failed);
  absl::Status Operate();
  absl::Status SweepTokens();
  bool ClockIsTrusted();
  static size_t Widen(size_t limit, size_t seen, size_t failed);
  void Report(const CaretakerEvent& event) const;
  bool Pause();

  KeyringCore& core_;
  KeyAdmin& admin_;
  const CaretakerOptions options_;

  std::chrono::microseconds wall_ahead_{0};  // of the monotonic clock, at the last look
  bool looked_ = false;
  std::chrono::steady_clock::time_point distrust_until_;
  // How many due records are looked at; grows while all of them fail, so that they keep
  // nobody else's from their turn.
  size_t rotate_limit_;
  size_t destroy_limit_;
  // Destructions that failed are tried again after a while that doubles: each attempt is on
  // record twice.
  struct Failure {
    std::chrono::steady_clock::time_point retry_at;
    std::chrono::seconds pause;
  };
  std::map<std::pair<uint64_t, uint32_t>, Failure> failures_;  // by key id and version

  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable stopping_;
  std::thread thread_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_CARETAKER_H_
