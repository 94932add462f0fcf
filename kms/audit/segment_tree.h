// SegmentTree: the tree of a trail as its lines come, and what is kept of it beside each segment.
//
// A leaf is the bytes of a line without its end.
#ifndef FIELDKMS_KMS_AUDIT_SEGMENT_TREE_H_
#define FIELDKMS_KMS_AUDIT_SEGMENT_TREE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/merkle/compact_range.h"

namespace fieldkms {

// What its lines say, beside their hashes.
struct SegmentFacts {
  uint64_t bytes = 0;
  uint64_t max_seq = 0;  // the greatest number of a record, also in segments before
  uint64_t gaps = 0;     // records whose number does not follow that of the one before
  std::string
      first_time;  // the least and the greatest of its records, RFC 3339; empty: it has none
  std::string last_time;
};

// Not thread-safe.
class SegmentTree {
 public:
  // Of a segment that follows the leaves of `base`, which begins at 0.
  explicit SegmentTree(CompactRange base = CompactRange(), uint64_t max_seq = 0);

  // Lines, each with its end, but perhaps the last: that has none then.
  void AddLines(std::string_view lines);
  // The same, and the hashes of the leaves are appended to `leaves`.
  void AddLines(std::string_view lines, std::vector<MerkleHash>* leaves);
  // Ends the segment: what comes is the next.
  absl::Status EndSegment();

  uint64_t first() const { return part_.begin(); }
  uint64_t size() const { return part_.end(); }
  const SegmentFacts& facts() const { return facts_; }
  const CompactRange& part() const { return part_; }
  // Of all leaves so far. Errors: the hasher's.
  absl::StatusOr<CompactRange> Whole();
  absl::StatusOr<MerkleHash> Root();

 private:
  void AddLine(std::string_view line, std::vector<MerkleHash>* leaves);

  MerkleHasher hasher_;
  CompactRange base_;
  CompactRange part_;
  SegmentFacts facts_;
};

// SegmentRecord: what the file PATH.<20 digits>.tree holds of a segment that has ended.
struct SegmentRecord {
  SegmentFacts facts;
  CompactRange part;       // the segment's own leaves
  CompactRange whole;      // all leaves to its end
  std::string checkpoint;  // a signed note of that size
};

std::string FormatSegmentRecord(const SegmentRecord& record);
// Error: kDataLoss, kStoreCorrupt, for what FormatSegmentRecord does not write.
absl::StatusOr<SegmentRecord> ParseSegmentRecord(std::string_view text);

inline constexpr size_t kMaxSegmentRecord = size_t{64} << 10;

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_AUDIT_SEGMENT_TREE_H_
