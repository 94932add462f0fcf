// Checkpoints in other places than beside the trail: what whoever can write to the trail, its
// checkpoints and its key cannot take back. Whoever verifies the trail calls them anchors.
#ifndef FIELDKMS_KMS_AUDIT_CHECKPOINT_EXPORT_H_
#define FIELDKMS_KMS_AUDIT_CHECKPOINT_EXPORT_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/audit/checkpoint_log.h"

namespace fieldkms {

// One place. For one thread.
class CheckpointTarget {
 public:
  virtual ~CheckpointTarget() = default;
  // Error: kUnavailable, kAuditUnavailable, and it is tried again later; kDataLoss, kStoreCorrupt,
  // if another checkpoint of that log and size is there: the log was forked.
  virtual absl::Status Export(const SignedCheckpoint& checkpoint) = 0;
};

// DirectoryTarget writes each to a file of its own, never over another: ORIGIN.SIZE.checkpoint, the
// origin with "_" for "/", the size with 20 digits. The directory is not made: it should be another
// disk's, which may not be mounted.
std::unique_ptr<CheckpointTarget> DirectoryTarget(std::string directory);

// ReadAnchors reads checkpoints that were exported: a directory as above, or a file of one or more
// of them. Those of other logs are passed over. Errors: kNotFound, kUnavailable, kAuditUnavailable;
// kDataLoss, kStoreCorrupt, for one of this log's name that it did not sign.
absl::StatusOr<std::vector<SignedCheckpoint>> ReadAnchors(const std::string& path,
                                                          const NoteVerifier& verifier);
// The one of most records in a directory; nothing if there is none.
absl::StatusOr<std::optional<SignedCheckpoint>> LastAnchor(const std::string& directory,
                                                           const NoteVerifier& verifier);

struct ExportOptions {
  std::string directory;                                     // of a DirectoryTarget; empty: none
  std::vector<std::shared_ptr<CheckpointTarget>> also = {};  // further ones, for the one trail
  // How long one checkpoint at least lies between two that are exported.
  std::chrono::seconds interval{300};
  // Whether an export failed, whenever that changes. On the exporter's thread.
  std::function<void(const absl::Status&)> on_change = {};
};

struct ExportHealth {
  bool wanted = false;         // there are targets
  uint64_t exported_size = 0;  // records of the last checkpoint that all targets have
};

// CheckpointExporter exports on a thread of its own: a place that hangs holds up nobody.
// Thread-safe.
class CheckpointExporter {
 public:
  CheckpointExporter(ExportOptions options, std::vector<std::shared_ptr<CheckpointTarget>> targets);
  // Exports the last one that was offered.
  ~CheckpointExporter();

  void Offer(const SignedCheckpoint& checkpoint);
  // A checkpoint that was found to be at the targets already.
  void AlreadyExported(uint64_t size);
  ExportHealth Health() const;

 private:
  absl::Status ExportToAll(const SignedCheckpoint& checkpoint) const;
  void Loop();

  const ExportOptions options_;
  const std::vector<std::shared_ptr<CheckpointTarget>> targets_;  // the thread's
  mutable std::mutex mutex_;
  std::condition_variable offered_;
  std::optional<SignedCheckpoint> next_;
  uint64_t exported_size_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_AUDIT_CHECKPOINT_EXPORT_H_
