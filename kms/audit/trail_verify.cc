#include "kms/audit/trail_verify.h"

#include <algorithm>
#include <filesystem>
#include <future>
#include <map>
#include <thread>
#include <utility>

#include "crypto/status.h"
#include "kms/audit/segment_read.h"
#include "kms/audit/segment_tree.h"
#include "kms/audit/trail_files.h"

namespace fieldkms {
namespace {

using Kind = TrailFinding::Kind;

constexpr int kMostTries = 3;

// A root that somebody vouched for.
struct Claim {
  uint64_t size = 0;
  MerkleHash root{};
  bool anchor = false;
};

std::string Records(uint64_t first, uint64_t end) {
  return "records " + std::to_string(first) + " to " + std::to_string(end == 0 ? 0 : end - 1);
}

class Verification {
 public:
  Verification(const std::string& path, const NoteVerifier& verifier, const VerifyOptions& options)
      : path_(path), verifier_(verifier), options_(options) {}

  absl::StatusOr<VerifyReport> Run() {
    FIELDKMS_ASSIGN_OR_RETURN(files_, ListTrail(path_));
    FIELDKMS_RETURN_IF_ERROR(TakeCheckpoints());
    for (const SignedCheckpoint& anchor : options_.anchors) {
      claims_.push_back({anchor.checkpoint.size, anchor.checkpoint.root, true});
    }
    std::stable_sort(claims_.begin(), claims_.end(),
                     [](const Claim& a, const Claim& b) { return a.size < b.size; });
    FIELDKMS_RETURN_IF_ERROR(TakeBase());
    FIELDKMS_RETURN_IF_ERROR(CheckClaims({}));
    FIELDKMS_RETURN_IF_ERROR(ReadAll());
    return Conclude();
  }

 private:
  void Find(Kind kind, uint64_t first, uint64_t end, std::string what) {
    report_.findings.push_back({kind, first, end, std::move(what)});
  }

  absl::Status TakeCheckpoints() {
    const std::string path = CheckpointsPath(path_);
    const auto read = ReadCheckpoints(path, verifier_);
    if (read.ok()) {
      for (const SignedCheckpoint& each : *read) {
        claims_.push_back({each.checkpoint.size, each.checkpoint.root, false});
      }
      if (!read->empty()) return absl::OkStatus();
      Find(Kind::kCheckpoint, 0, 0, path + ": it has no checkpoint");
      return absl::OkStatus();
    }
    if (absl::IsNotFound(read.status())) {
      Find(Kind::kCheckpoint, 0, 0, path + ": the checkpoints are not there");
      return absl::OkStatus();
    }
    if (ReasonOf(read.status()) != Reason::kStoreCorrupt) return read.status();
    Find(Kind::kCheckpoint, 0, 0, std::string(MessageOf(read.status())));
    return absl::OkStatus();
  }

  // What comes before the first segment to be read: dropped, or verified earlier.
  absl::Status TakeBase() {
    const uint64_t first_there = files_.segments.empty() ? FirstOfActive() : files_.segments[0];
    report_.first_record = first_there;
    if (options_.from) {
      if (options_.from->origin != verifier_.name()) {
        return InvalidField("state", "it is of another log");
      }
      if (TakeState(*options_.from, first_there)) return absl::OkStatus();
    }
    if (first_there == 0) return absl::OkStatus();
    for (auto tree = files_.trees.rbegin(); tree != files_.trees.rend(); ++tree) {
      if (*tree >= first_there) continue;
      auto record = SignedTree(*tree);
      if (record.ok() && record->whole.end() == first_there) {
        max_seq_ = record->facts.max_seq;
        whole_ = std::move(record->whole);
        return absl::OkStatus();
      }
      break;
    }
    Find(Kind::kMissing, 0, first_there,
         Records(0, first_there) + " are not there, nor the signed tree of what was dropped");
    whole_ = CompactRange(first_there);
    return absl::OkStatus();
  }

  // Whether what was verified earlier is where to go on. A trail that does not reach so far any
  // more was rolled back, and is then read from its beginning.
  bool TakeState(const VerifiedUpTo& from, uint64_t first_there) {
    const uint64_t ended = FirstOfActive();
    if (from.tree.end() > ended) {
      Find(Kind::kCutOff, ended, from.tree.end(),
           "the segments of the trail end after " + std::to_string(ended) +
               " records where the state says that " + std::to_string(from.tree.end()) +
               " were verified: it was cut off or rolled back");
      return false;
    }
    if (from.tree.end() < first_there) return false;
    whole_ = from.tree;
    max_seq_ = from.max_seq;
    return true;
  }

  // Of what is written now: behind the last segment that has ended.
  uint64_t FirstOfActive() const {
    if (files_.trees.empty()) return 0;
    const auto record = SignedTree(files_.trees.back());
    return record.ok() ? record->whole.end() : 0;
  }

  absl::StatusOr<SegmentRecord> SignedTree(uint64_t first) const {
    FIELDKMS_ASSIGN_OR_RETURN(const std::string text,
                              ReadSmallFile(TreePath(path_, first), kMaxSegmentRecord));
    FIELDKMS_ASSIGN_OR_RETURN(SegmentRecord record, ParseSegmentRecord(text));
    FIELDKMS_ASSIGN_OR_RETURN(const Checkpoint checkpoint,
                              OpenCheckpoint(record.checkpoint, verifier_));
    MerkleHasher hasher;
    FIELDKMS_ASSIGN_OR_RETURN(const MerkleHash root, record.whole.Root(hasher));
    if (record.part.begin() != first || checkpoint.size != record.whole.end() ||
        checkpoint.root != root) {
      return TrailDamaged("the tree of a segment is not the one that was signed");
    }
    return record;
  }

  absl::Status ReadAll() {
    std::vector<SegmentFile> segments;
    uint64_t total = 0;
    for (size_t i = 0; i < files_.segments.size(); ++i) {
      const uint64_t first = files_.segments[i];
      if (first < whole_.end()) continue;  // verified earlier
      segments.push_back({first, SegmentPath(path_, first), false});
    }
    segments.push_back({kActive, path_, true});
    std::error_code error;
    for (const SegmentFile& segment : segments) {
      const auto size = std::filesystem::file_size(segment.path, error);
      if (!error) total += size;
    }
    if (segments.size() == 1 && error && claims_.empty()) {
      return Error(absl::StatusCode::kNotFound, Reason::kAuditUnavailable,
                   "there is no audit trail at " + path_);
    }
    std::vector<uint64_t> sizes;
    for (const Claim& claim : claims_) {
      if (sizes.empty() || sizes.back() != claim.size) sizes.push_back(claim.size);
    }
    VerifyCounter counter(total, options_.on_progress);
    const size_t width = options_.threads != 0 ? options_.threads
                                               : std::max(1u, std::thread::hardware_concurrency());
    for (size_t at = 0; at + 1 < segments.size();) {
      std::vector<std::future<ReadSegmentResult>> reads;
      const size_t from = at;
      for (; at + 1 < segments.size() && reads.size() < width; ++at) {
        reads.push_back(std::async(std::launch::async,
                                   [&, at] { return ReadSegment(segments[at], sizes, counter); }));
      }
      for (size_t i = 0; i < reads.size(); ++i) {
        FIELDKMS_RETURN_IF_ERROR(Join(segments[from + i], reads[i].get()));
      }
    }
    segments.back().first = std::max(whole_.end(), FirstOfActive());
    return Join(segments.back(), ReadSegment(segments.back(), sizes, counter));
  }

  // Puts a segment behind those before it.
  absl::Status Join(const SegmentFile& segment, ReadSegmentResult read) {
    FIELDKMS_RETURN_IF_ERROR(read.status);
    if (segment.first != whole_.end()) {
      Find(Kind::kMissing, std::min(whole_.end(), segment.first),
           std::max(whole_.end(), segment.first),
           "a segment is missing, or has lines too many or too few: " +
               std::to_string(whole_.end()) + " records lie before " + segment.path);
      joined_ = false;
    }
    report_.read += read.part.size();
    CheckNumbers(segment, read);
    const bool has_tree = !segment.active && CheckTree(segment, read);
    if (!joined_) {
      whole_ = CompactRange(read.part.end());  // nothing can be said of roots any more
      return absl::OkStatus();
    }
    FIELDKMS_RETURN_IF_ERROR(CheckClaims(read.at));
    FIELDKMS_RETURN_IF_ERROR(whole_.Merge(read.part, hasher_));
    // Up to where a later verification goes on: it looks for the tree.
    if (has_tree) ended_ = {verifier_.name(), whole_, max_seq_};
    return absl::OkStatus();
  }

  void CheckNumbers(const SegmentFile& segment, const ReadSegmentResult& read) {
    // Each part was read as if nothing came before it.
    if (read.facts.gaps > 0) {
      Find(Kind::kNumbers, segment.first, read.part.end(),
           segment.path + ": the numbers of " + std::to_string(read.facts.gaps) +
               " records do not follow those before them");
    }
    max_seq_ = std::max(max_seq_, read.facts.max_seq);
  }

  // Whether there is one: where not, a crash came before, or it is to be written.
  bool CheckTree(const SegmentFile& segment, const ReadSegmentResult& read) {
    auto record = SignedTree(segment.first);
    if (absl::IsNotFound(record.status())) return false;
    if (!record.ok()) {
      Find(Kind::kTree, segment.first, read.part.end(),
           segment.path + ".tree: " + std::string(MessageOf(record.status())));
    } else if (record->part.end() != read.part.end() ||
               record->part.hashes() != read.part.hashes() ||
               record->facts.bytes != read.facts.bytes ||
               record->facts.first_time != read.facts.first_time ||
               record->facts.last_time != read.facts.last_time) {
      Find(Kind::kChanged, segment.first, std::max(record->part.end(), read.part.end()),
           segment.path + ": its lines are not those of its signed tree");
    }
    return true;
  }

  // Those whose size is reached at the beginning of what `parts` has, or in it.
  absl::Status CheckClaims(const std::map<uint64_t, CompactRange>& parts) {
    for (; next_ < claims_.size(); ++next_) {
      const Claim& claim = claims_[next_];
      CompactRange tree = whole_;
      if (claim.size > whole_.end()) {
        const auto part = parts.find(claim.size);
        if (part == parts.end()) return absl::OkStatus();
        FIELDKMS_RETURN_IF_ERROR(tree.Merge(part->second, hasher_));
      } else if (claim.size < whole_.end()) {
        continue;  // of what was dropped, or verified earlier
      }
      if (tree.begin() != 0) continue;
      FIELDKMS_ASSIGN_OR_RETURN(const MerkleHash root, tree.Root(hasher_));
      Judge(claim, root == claim.root);
    }
    return absl::OkStatus();
  }

  void Judge(const Claim& claim, bool holds) {
    uint64_t& good = claim.anchor ? report_.anchored_records : report_.signed_records;
    if (holds) {
      good = claim.size;
      ++(claim.anchor ? report_.anchors : report_.checkpoints);
      known_good_ = std::max(known_good_, claim.size);
      return;
    }
    // One finding says it: all later roots are of the same records.
    bool& told = claim.anchor ? fork_told_ : change_told_;
    if (std::exchange(told, true)) return;
    Find(claim.anchor ? Kind::kForked : Kind::kChanged, known_good_, claim.size,
         claim.anchor ? "the anchor of " + std::to_string(claim.size) +
                            " records is of another history than this trail"
                      : Records(known_good_, claim.size) +
                            " are not those of which a checkpoint was signed");
  }

  VerifyReport Conclude() {
    report_.records = whole_.end();
    uint64_t vouched = 0;
    bool by_anchor = false;
    for (size_t i = next_; i < claims_.size(); ++i) {
      if (claims_[i].size > vouched) by_anchor = claims_[i].anchor;
      vouched = std::max(vouched, claims_[i].size);
    }
    if (vouched > whole_.end()) {
      Find(Kind::kCutOff, whole_.end(), vouched,
           "the trail has " + std::to_string(whole_.end()) + " records where " +
               (by_anchor ? "an anchor" : "a checkpoint") + " says " + std::to_string(vouched) +
               ": it was cut off or rolled back");
    }
    if (report_.findings.empty()) report_.verified = std::move(ended_);
    return std::move(report_);
  }

  static constexpr uint64_t kActive = UINT64_MAX;  // not known until the others are read

  const std::string& path_;
  const NoteVerifier& verifier_;
  const VerifyOptions& options_;
  TrailFiles files_;
  std::vector<Claim> claims_;  // by size
  size_t next_ = 0;            // of them
  CompactRange whole_;
  MerkleHasher hasher_;
  uint64_t max_seq_ = 0;
  bool joined_ = true;
  bool change_told_ = false;
  bool fork_told_ = false;
  uint64_t known_good_ = 0;
  std::optional<VerifiedUpTo> ended_;
  VerifyReport report_;
};

}  // namespace

std::string_view FindingName(TrailFinding::Kind kind) {
  switch (kind) {
    case Kind::kChanged:
      return "changed";
    case Kind::kCutOff:
      return "cut_off";
    case Kind::kMissing:
      return "missing";
    case Kind::kForked:
      return "forked";
    case Kind::kCheckpoint:
      return "checkpoint";
    case Kind::kTree:
      return "tree";
    case Kind::kNumbers:
      return "numbers";
  }
  return "unknown";
}

absl::StatusOr<VerifyReport> VerifyTrail(const std::string& path, const NoteVerifier& verifier,
                                         const VerifyOptions& options) {
  for (int tries = 1;; ++tries) {
    FIELDKMS_ASSIGN_OR_RETURN(const TrailFiles before, ListTrail(path));
    auto report = Verification(path, verifier, options).Run();
    if (!report.ok() || report->findings.empty() || tries == kMostTries) return report;
    // A trail that is being written may have begun a segment meanwhile.
    FIELDKMS_ASSIGN_OR_RETURN(const TrailFiles after, ListTrail(path));
    if (after.segments == before.segments) return report;
  }
}

}  // namespace fieldkms
