// The files of an audit trail, by their names. A trail at PATH is
//   PATH                  the segment that is being written: JSON lines
//   PATH.<20 digits>      ended segments, by the number of their first record, counted from 0
//   PATH.<20 digits>.tree what is known of each (segment_tree.h)
//   PATH.checkpoints      signed tree heads (checkpoint_log.h)
//   PATH.vkey             the key that verifies them
// so that PATH* is all of it.
#ifndef FIELDKMS_KMS_AUDIT_TRAIL_FILES_H_
#define FIELDKMS_KMS_AUDIT_TRAIL_FILES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fieldkms {

std::string SegmentPath(const std::string& trail, uint64_t first);
std::string TreePath(const std::string& trail, uint64_t first);
std::string CheckpointsPath(const std::string& trail);
std::string VerifierKeyPath(const std::string& trail);

// Numbers of first records, ascending.
struct TrailFiles {
  std::vector<uint64_t> segments;  // that have ended and are there
  std::vector<uint64_t> trees;     // also of segments that are not there any more
};

// Errors of all: kUnavailable, kAuditUnavailable, naming the file and the system call; kNotFound
// where a file to be read is not there. What is read must be a regular file.
absl::Status TrailError(const std::string& path, const std::string& what);  // with errno's text
absl::Status TrailDamaged(const std::string& message);  // kDataLoss, kStoreCorrupt

absl::StatusOr<TrailFiles> ListTrail(const std::string& trail);

// Replaces a file as a whole, durably, mode 0600: it is there in its old form or in its new one.
absl::Status ReplaceFile(const std::string& path, std::string_view bytes);
// Of at most `limit` bytes.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path, size_t limit);

// Reads a file piece by piece and gives whole lines, with their ends, as many as there are at a
// time; at the end a last line without one, if it has no end. An error of `each` ends it.
// Other error: TrailDamaged for a line of more than 16 MiB.
using EachLines = std::function<absl::Status(std::string_view lines)>;
absl::Status ReadLines(const std::string& path, uint64_t from, const EachLines& each);
// The same of a file that is open.
absl::Status ReadLines(int fd, const std::string& path, uint64_t from, const EachLines& each);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_AUDIT_TRAIL_FILES_H_
