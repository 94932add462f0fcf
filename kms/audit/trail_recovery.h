// What a trail is when its service starts: how far it goes, whether it is still what its last
// checkpoint says, and what a crash left undone.
#ifndef FIELDKMS_KMS_AUDIT_TRAIL_RECOVERY_H_
#define FIELDKMS_KMS_AUDIT_TRAIL_RECOVERY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kms/audit/checkpoint_log.h"
#include "kms/audit/segment_tree.h"

namespace fieldkms {

// A segment that has ended and is still there.
struct EndedSegment {
  uint64_t first = 0;
  uint64_t end = 0;
  SegmentFacts facts;
};

struct RecoveredTrail {
  SegmentTree tree;                         // of the segment that is written next
  std::vector<EndedSegment> segments;       // in their order
  std::vector<SegmentRecord> without_tree;  // of these, the last ones, whose tree is not kept yet;
                                            // they have no checkpoint
  bool torn = false;                        // the last line has no end
};

// RecoverTrail reads the trees that are kept, and of the lines only those of segments behind the
// last of them: at most two segments, unless a crash came in between. `known`: checkpoints that the
// trail must agree with, the last of its own among them; nobody else's.
//
// Errors: kDataLoss, kStoreCorrupt, naming what is missing or differs, and what an operator can
// do; kUnavailable, kAuditUnavailable. What lies before the last tree is not read: `audit verify`
// is for that.
absl::StatusOr<RecoveredTrail> RecoverTrail(const std::string& path, const NoteVerifier& verifier,
                                            std::vector<Checkpoint> known);

// ReadSegmentRecord reads a tree that is kept, and checks it against its signed checkpoint: what it
// says of hashes is then true. Errors as above.
absl::StatusOr<SegmentRecord> ReadSegmentRecord(const std::string& trail, uint64_t first,
                                                const NoteVerifier& verifier);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_AUDIT_TRAIL_RECOVERY_H_
