// TrailSealer follows a trail behind its answers: hashes what was committed, signs checkpoints,
// ends segments. One thread of its own; the committers only hand lines over.
#ifndef FIELDKMS_KMS_AUDIT_TRAIL_SEALER_H_
#define FIELDKMS_KMS_AUDIT_TRAIL_SEALER_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/audit/checkpoint_log.h"
#include "kms/audit/jsonl_audit.h"
#include "kms/audit/segment_tree.h"
#include "kms/audit/trail_recovery.h"

namespace fieldkms {

struct SealerOptions {
  std::string path;
  // A segment ends with the first commit that makes it as long or as old.
  uint64_t segment_bytes = uint64_t{64} << 20;
  std::chrono::seconds segment_age{std::chrono::hours(24)};
  // A checkpoint is signed for so many records, and for any that is so old.
  uint64_t checkpoint_records = 65'536;
  std::chrono::milliseconds checkpoint_age{60'000};
  // On the sealer's thread: each checkpoint, when it is durable.
  std::function<void(const SignedCheckpoint&)> on_checkpoint = {};
};

// What readers need to know of a trail that is being written.
struct TrailView {
  std::vector<EndedSegment> segments;  // that are there; facts of the last may come later
  uint64_t active_first = 0;           // of the segment that is written
  uint64_t size = 0;                   // records that are durable
  SignedCheckpoint checkpoint;         // the last one
};

// Thread-safe, but for what AuditFollower says. Errors: kUnavailable, kAuditUnavailable. A failure
// to seal is final, and fails the trail: nothing is answered that nobody would vouch for.
class TrailSealer final : public AuditFollower {
 public:
  TrailSealer(SealerOptions options, NoteSigner signer, CheckpointLog log, RecoveredTrail trail);
  // Signs what was committed. The trail has ended by then.
  ~TrailSealer() override;

  absl::Status Committed(std::string_view lines) override;
  bool RotationDue() override;
  absl::StatusOr<std::unique_ptr<AuditFile>> Rotate() override;

  TrailView View() const;
  const NoteVerifier& verifier() const { return signer_.verifier(); }
  // Forgets segments that are no longer there: those that end by `end`.
  void Dropped(uint64_t end);

 private:
  using SteadyClock = std::chrono::steady_clock;
  // What there is to do, taken all at once.
  struct Work {
    std::string lines;
    std::vector<size_t> segment_ends;  // in `lines`
    bool stop = false;
  };

  void Loop();
  Work Await();
  bool CheckpointDue(SteadyClock::time_point now) const;
  absl::Status Do(const Work& work);
  absl::Status AddLines(std::string_view lines);
  absl::Status SignHere();
  absl::Status KeepTree(SegmentRecord record);
  absl::StatusOr<SignedCheckpoint> Signed(uint64_t size, const MerkleHash& root) const;

  const SealerOptions options_;
  const NoteSigner signer_;
  std::vector<SegmentRecord> without_tree_;

  // The thread's.
  CheckpointLog log_;
  SegmentTree tree_;
  SteadyClock::time_point unsigned_since_{};

  // The committer's whose turn it is.
  uint64_t segment_first_;
  uint64_t segment_written_;  // bytes
  SteadyClock::time_point segment_began_;

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::condition_variable taken_;
  // Under mutex_:
  std::string pending_;
  std::vector<size_t> pending_ends_;
  absl::Status failure_;
  bool stopping_ = false;
  TrailView view_;

  std::thread thread_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_AUDIT_TRAIL_SEALER_H_
