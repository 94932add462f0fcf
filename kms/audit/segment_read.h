// Reading one segment of a trail, apart from all others.
#ifndef FIELDKMS_KMS_AUDIT_SEGMENT_READ_H_
#define FIELDKMS_KMS_AUDIT_SEGMENT_READ_H_

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "kms/audit/segment_tree.h"
#include "kms/audit/trail_verify.h"

namespace fieldkms {

struct SegmentFile {
  uint64_t first = 0;
  std::string path;
  bool active = false;  // being written: a last line without an end is no record yet
};

// What was read.
struct ReadSegmentResult {
  absl::Status status;
  CompactRange part;
  SegmentFacts facts;
  std::map<uint64_t, CompactRange> at;  // the part up to the sizes that were asked for
};

// VerifyCounter adds up what several threads read. Thread-safe.
class VerifyCounter {
 public:
  // `tell` may be empty; it outlives this.
  VerifyCounter(uint64_t total_bytes, const std::function<void(const VerifyProgress&)>& tell);
  void Add(uint64_t bytes, uint64_t records);

 private:
  const std::function<void(const VerifyProgress&)>& tell_;
  std::mutex mutex_;
  VerifyProgress progress_;
};

// `sizes`: of the log, ascending. A segment that is being written need not be there. Thread-safe.
ReadSegmentResult ReadSegment(const SegmentFile& segment, const std::vector<uint64_t>& sizes,
                              VerifyCounter& counter);

// The end of the first `count` lines of `lines`, or of all.
size_t EndOfLines(std::string_view lines, uint64_t count);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_AUDIT_SEGMENT_READ_H_
