// CheckpointLog: the checkpoints of a trail, one after the other in a file. Each is a signed note
// (crypto/merkle/checkpoint.h) and a blank line.
#ifndef FIELDKMS_KMS_AUDIT_CHECKPOINT_LOG_H_
#define FIELDKMS_KMS_AUDIT_CHECKPOINT_LOG_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/merkle/checkpoint.h"
#include "kms/files.h"

namespace fieldkms {

// A checkpoint whose signature was verified, and its note.
struct SignedCheckpoint {
  Checkpoint checkpoint;
  std::string note;
};

// SplitCheckpoints returns the notes in `text`, as views. `*rest` is what comes after the last
// whole one: empty, or the beginning of one that a crash cut off.
std::vector<std::string_view> SplitCheckpoints(std::string_view text, std::string_view* rest);

// ReadCheckpoints reads a file of them, each signed by `verifier` for its log. Errors: kNotFound,
// kAuditUnavailable; kDataLoss, kStoreCorrupt, for what is no such checkpoint, or sizes that
// shrink. A torn end is passed over.
absl::StatusOr<std::vector<SignedCheckpoint>> ReadCheckpoints(const std::string& path,
                                                              const NoteVerifier& verifier);

// Not thread-safe. Errors as above.
class CheckpointLog {
 public:
  // Opens the file at `path`, takes off a torn end, and finds its last checkpoint without reading
  // all of it. Error: kDataLoss, kStoreCorrupt, for one that has none.
  static absl::StatusOr<CheckpointLog> Open(const std::string& path, const NoteVerifier& verifier);

  const SignedCheckpoint& last() const { return last_; }
  // Adds it, durably. After an error the log is to be opened anew.
  absl::Status Append(SignedCheckpoint checkpoint);

 private:
  CheckpointLog(std::string path, FileDescriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}
  std::string path_;
  FileDescriptor file_;
  SignedCheckpoint last_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_AUDIT_CHECKPOINT_LOG_H_
