#include "kms/audit/trail_recovery.h"

#include <algorithm>

#include "crypto/status.h"
#include "kms/audit/segment_read.h"
#include "kms/audit/trail_files.h"

namespace fieldkms {
namespace {

constexpr char kWayOut[] =
    "; restore the trail, or set it aside with `fieldkms audit begin-anew`, which is recorded "
    "(docs/audit.md)";

absl::Status Damaged(const std::string& path, const std::string& what) {
  return TrailDamaged("audit trail " + path + ": " + what + kWayOut);
}

std::string Records(uint64_t count) { return std::to_string(count) + " records"; }

// Walks over lines, and compares roots where a checkpoint was made.
class Walk {
 public:
  Walk(const std::string& path, SegmentTree tree, std::vector<Checkpoint> known)
      : path_(path), tree_(std::move(tree)), known_(std::move(known)) {
    std::sort(known_.begin(), known_.end(),
              [](const Checkpoint& a, const Checkpoint& b) { return a.size < b.size; });
    while (next_ < known_.size() && known_[next_].size < tree_.size()) ++next_;
  }

  absl::Status Lines(std::string_view lines) {
    torn_ = lines.back() != '\n';
    while (next_ < known_.size()) {
      const size_t part = EndOfLines(lines, known_[next_].size - tree_.size());
      tree_.AddLines(lines.substr(0, part));
      lines.remove_prefix(part);
      if (tree_.size() != known_[next_].size) return absl::OkStatus();
      FIELDKMS_RETURN_IF_ERROR(Compare());
    }
    tree_.AddLines(lines);
    return absl::OkStatus();
  }

  absl::Status EndSegment() { return tree_.EndSegment(); }
  // Those of no more lines than there are.
  absl::Status CompareHere() {
    while (next_ < known_.size() && known_[next_].size == tree_.size()) {
      FIELDKMS_RETURN_IF_ERROR(Compare());
    }
    return absl::OkStatus();
  }
  absl::Status Finish() {
    FIELDKMS_RETURN_IF_ERROR(CompareHere());
    if (next_ == known_.size()) return absl::OkStatus();
    return Damaged(path_, "it has " + Records(tree_.size()) + " where a checkpoint says " +
                              std::to_string(known_.back().size) +
                              ": it was cut off or rolled back");
  }

  SegmentTree& tree() { return tree_; }
  bool torn() const { return torn_; }

 private:
  absl::Status Compare() {
    FIELDKMS_ASSIGN_OR_RETURN(const MerkleHash root, tree_.Root());
    if (root != known_[next_].root) {
      return Damaged(path_, "its first " + Records(tree_.size()) +
                                " are not those of which a checkpoint was signed");
    }
    ++next_;
    return absl::OkStatus();
  }

  const std::string& path_;
  SegmentTree tree_;
  std::vector<Checkpoint> known_;
  size_t next_ = 0;  // of known_
  bool torn_ = false;
};

// The last tree that is kept, and the segments that it and those before it are of.
struct Kept {
  CompactRange whole;
  uint64_t max_seq = 0;
  std::vector<EndedSegment> segments;
};

absl::StatusOr<Kept> ReadKept(const std::string& path, const TrailFiles& files,
                              const NoteVerifier& verifier) {
  Kept kept;
  for (const uint64_t first : files.trees) {
    FIELDKMS_ASSIGN_OR_RETURN(SegmentRecord record, ReadSegmentRecord(path, first, verifier));
    if (first != kept.whole.end()) {
      return Damaged(path, "the tree of a segment is missing after " + Records(kept.whole.end()));
    }
    if (std::binary_search(files.segments.begin(), files.segments.end(), first)) {
      kept.segments.push_back({first, record.part.end(), record.facts});
    } else if (!kept.segments.empty()) {
      return Damaged(path, "the segment from record " + std::to_string(first) + " on is missing");
    }
    kept.max_seq = record.facts.max_seq;
    kept.whole = std::move(record.whole);
  }
  return kept;
}

}  // namespace

absl::StatusOr<SegmentRecord> ReadSegmentRecord(const std::string& trail, uint64_t first,
                                                const NoteVerifier& verifier) {
  const std::string path = TreePath(trail, first);
  FIELDKMS_ASSIGN_OR_RETURN(const std::string text, ReadSmallFile(path, kMaxSegmentRecord));
  FIELDKMS_ASSIGN_OR_RETURN(SegmentRecord record, ParseSegmentRecord(text));
  MerkleHasher hasher;
  const auto checkpoint = OpenCheckpoint(record.checkpoint, verifier);
  FIELDKMS_ASSIGN_OR_RETURN(const MerkleHash root, record.whole.Root(hasher));
  if (record.part.begin() != first || !checkpoint.ok() || checkpoint->size != record.whole.end() ||
      checkpoint->root != root) {
    return Damaged(trail, "the tree at " + path + " is not the one that was signed");
  }
  return record;
}

absl::StatusOr<RecoveredTrail> RecoverTrail(const std::string& path, const NoteVerifier& verifier,
                                            std::vector<Checkpoint> known) {
  FIELDKMS_ASSIGN_OR_RETURN(const TrailFiles files, ListTrail(path));
  FIELDKMS_ASSIGN_OR_RETURN(Kept kept, ReadKept(path, files, verifier));
  const uint64_t from = kept.whole.end();
  for (const Checkpoint& checkpoint : known) {
    if (checkpoint.origin != verifier.name()) return Damaged(path, "a checkpoint is another log's");
  }
  RecoveredTrail trail{SegmentTree(), std::move(kept.segments), {}, false};
  Walk walk(path, SegmentTree(std::move(kept.whole), kept.max_seq), std::move(known));
  FIELDKMS_RETURN_IF_ERROR(walk.CompareHere());
  const auto lines = [&walk](std::string_view text) { return walk.Lines(text); };
  for (const uint64_t first : files.segments) {
    if (first < from) continue;
    if (first != walk.tree().size()) {
      return Damaged(path, "a segment is missing or has lines too many or too few: " +
                               Records(walk.tree().size()) + " lie before record " +
                               std::to_string(first));
    }
    FIELDKMS_RETURN_IF_ERROR(ReadLines(SegmentPath(path, first), 0, lines));
    trail.segments.push_back({first, walk.tree().size(), walk.tree().facts()});
    FIELDKMS_ASSIGN_OR_RETURN(CompactRange whole, walk.tree().Whole());
    trail.without_tree.push_back(
        {walk.tree().facts(), walk.tree().part(), std::move(whole), std::string()});
    FIELDKMS_RETURN_IF_ERROR(walk.EndSegment());
  }
  // Between the end of a segment and its first record the next is not there.
  const absl::Status read = ReadLines(path, 0, lines);
  if (!read.ok() && !absl::IsNotFound(read)) return read;
  FIELDKMS_RETURN_IF_ERROR(walk.Finish());
  trail.torn = read.ok() && walk.torn();
  trail.tree = std::move(walk.tree());
  return trail;
}

}  // namespace fieldkms
