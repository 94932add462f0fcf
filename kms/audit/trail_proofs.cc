#include "kms/audit/trail_proofs.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "crypto/merkle/node_set.h"
#include "crypto/status.h"
#include "kms/audit/segment_tree.h"
#include "kms/audit/trail_files.h"
#include "kms/audit/trail_recovery.h"

namespace fieldkms {
namespace {

absl::Status Dropped() {
  return Error(absl::StatusCode::kNotFound, Reason::kInvalidField,
               "the segment of this record was dropped", "index");
}

// The tree of the first `size` records, as far as the proofs of what `leaf` is in need it.
class ProofTree {
 public:
  ProofTree(const std::string& trail, uint64_t leaf, uint64_t size)
      : trail_(trail), leaf_(leaf), size_(size) {}

  absl::Status Read(const NoteVerifier& verifier) {
    FIELDKMS_ASSIGN_OR_RETURN(const TrailFiles files, ListTrail(trail_));
    uint64_t end = 0;
    for (const uint64_t first : files.trees) {
      FIELDKMS_ASSIGN_OR_RETURN(const SegmentRecord record,
                                ReadSegmentRecord(trail_, first, verifier));
      end = record.part.end();
      const bool has_leaf = leaf_ >= first && leaf_ < end;
      const bool has_size = size_ > first && size_ < end;
      if (has_leaf || has_size) {
        FIELDKMS_RETURN_IF_ERROR(ReadSegment(SegmentPath(trail_, first), first));
      } else if (first < size_) {
        nodes_.AddRange(record.part);
      }
    }
    for (const uint64_t first : files.segments) {  // those whose tree is to be written yet
      if (first < end) continue;
      FIELDKMS_RETURN_IF_ERROR(ReadSegment(SegmentPath(trail_, first), first));
      end = read_end_;
    }
    return size_ > end ? ReadSegment(trail_, end) : absl::OkStatus();
  }

  absl::Status CheckRoot(const MerkleHash& root) const {
    FIELDKMS_ASSIGN_OR_RETURN(const MerkleHash hash, nodes_.Hash(0, size_));
    return hash == root
               ? absl::OkStatus()
               : TrailDamaged("audit trail " + trail_ + ": its first " + std::to_string(size_) +
                              " records are not those of which a checkpoint was signed");
  }

  const MerkleNodes& nodes() const { return nodes_; }
  const std::optional<std::string>& line() const { return line_; }

 private:
  absl::Status ReadSegment(const std::string& path, uint64_t first) {
    SegmentTree tree{CompactRange(first)};
    CompactRange up_to_size(first);
    std::vector<MerkleHash> leaves;
    const absl::Status read = ReadLines(path, 0, [&](std::string_view lines) {
      if (leaf_ >= tree.size() && !line_) TakeLine(lines, leaf_ - tree.size());
      tree.AddLines(lines, &leaves);
      return absl::OkStatus();
    });
    if (absl::IsNotFound(read)) return Dropped();
    FIELDKMS_RETURN_IF_ERROR(read);
    read_end_ = tree.size();
    if (leaf_ >= first && leaf_ < tree.size()) {
      nodes_.SetLeaves(first, std::move(leaves));
      return absl::OkStatus();
    }
    MerkleHasher hasher;
    for (size_t i = 0; i < leaves.size() && first + i < size_; ++i) {
      up_to_size.Append(leaves[i], hasher);
    }
    nodes_.AddRange(up_to_size);
    return hasher.status();
  }

  void TakeLine(std::string_view lines, uint64_t skip) {
    while (!lines.empty()) {
      const size_t end = std::min(lines.find('\n'), lines.size());
      if (skip-- == 0) {
        line_ = lines.substr(0, end);
        return;
      }
      lines.remove_prefix(std::min(end + 1, lines.size()));
    }
  }

  const std::string& trail_;
  const uint64_t leaf_;
  const uint64_t size_;
  MerkleNodes nodes_;
  std::optional<std::string> line_;
  uint64_t read_end_ = 0;
};

}  // namespace

absl::StatusOr<RecordProof> ProveRecord(const std::string& trail, const NoteVerifier& verifier,
                                        uint64_t index, const SignedCheckpoint& checkpoint) {
  const uint64_t size = checkpoint.checkpoint.size;
  if (index >= size) return InvalidField("index", "the checkpoint is not of this record yet");
  ProofTree tree(trail, index, size);
  FIELDKMS_RETURN_IF_ERROR(tree.Read(verifier));
  FIELDKMS_RETURN_IF_ERROR(tree.CheckRoot(checkpoint.checkpoint.root));
  FIELDKMS_ASSIGN_OR_RETURN(MerkleProof proof,
                            ProveInclusion(index, size, tree.nodes().AsRangeHash()));
  return RecordProof{index, tree.line().value_or(""), std::move(proof), checkpoint};
}

absl::StatusOr<MerkleProof> ProveContinuation(const std::string& trail,
                                              const NoteVerifier& verifier, uint64_t first,
                                              const SignedCheckpoint& checkpoint) {
  const uint64_t size = checkpoint.checkpoint.size;
  if (first == 0 || first > size) {
    return InvalidField("size", "it must be from 1 to the size of the checkpoint");
  }
  if (first == size) return MerkleProof();
  ProofTree tree(trail, first - 1, size);
  FIELDKMS_RETURN_IF_ERROR(tree.Read(verifier));
  FIELDKMS_RETURN_IF_ERROR(tree.CheckRoot(checkpoint.checkpoint.root));
  return ProveConsistency(first, size, tree.nodes().AsRangeHash());
}

absl::Status VerifyRecord(const RecordProof& proof, const NoteVerifier& verifier) {
  FIELDKMS_ASSIGN_OR_RETURN(const Checkpoint checkpoint,
                            OpenCheckpoint(proof.checkpoint.note, verifier));
  MerkleHasher hasher;
  const MerkleHash leaf = hasher.Leaf(AsBytes(proof.line));
  FIELDKMS_RETURN_IF_ERROR(hasher.status());
  return VerifyInclusion(proof.index, checkpoint.size, leaf, proof.proof, checkpoint.root);
}

}  // namespace fieldkms
