// Verifying a trail without its service: that each record is one of which the key has signed, in
// its place, with none missing.
#ifndef FIELDKMS_KMS_AUDIT_TRAIL_VERIFY_H_
#define FIELDKMS_KMS_AUDIT_TRAIL_VERIFY_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kms/audit/checkpoint_log.h"
#include "kms/audit/verified_state.h"

namespace fieldkms {

struct VerifyProgress {
  uint64_t bytes = 0;
  uint64_t total_bytes = 0;
  uint64_t records = 0;
};

struct VerifyOptions {
  std::vector<SignedCheckpoint> anchors;  // ReadAnchors
  std::optional<VerifiedUpTo> from;
  unsigned threads = 0;                                         // 0: one a core
  std::function<void(const VerifyProgress&)> on_progress = {};  // on any of them, one at a time
};

// What is wrong with a trail, each thing that was found.
struct TrailFinding {
  enum class Kind {
    kChanged,     // records differ from those that were signed: edited, deleted, inserted, moved
    kCutOff,      // fewer records than were signed
    kMissing,     // a segment is not there
    kForked,      // an anchor is of other records: another history was signed, or rolled back to
    kCheckpoint,  // a checkpoint is not this log's, or damaged, or out of order
    kTree,        // what is kept beside a segment is not what its lines are
    kNumbers,     // numbers of records that do not follow each other
  };
  Kind kind;
  uint64_t first = 0;  // the records that it is about, counted from 0: [first, end)
  uint64_t end = 0;
  std::string what;  // for people
};
std::string_view FindingName(TrailFinding::Kind kind);

struct VerifyReport {
  uint64_t first_record = 0;  // those before were dropped; their tree is signed all the same
  uint64_t records = 0;       // of the log, those that were dropped counted
  uint64_t read = 0;          // of these, read now
  uint64_t signed_records =
      0;  // up to the last checkpoint that holds; those behind are vouched for by nobody
  uint64_t anchored_records = 0;  // up to the last anchor that holds
  size_t checkpoints = 0;         // that hold
  size_t anchors = 0;
  std::optional<VerifiedUpTo> verified;  // to go on from the next time; none with findings
  std::vector<TrailFinding> findings;
};

// VerifyTrail reads the trail at `path`, also one that is being written. Errors: kUnavailable,
// kAuditUnavailable, for what cannot be read; kNotFound, where there is no trail;
// InvalidField("state") for a state of another log.
absl::StatusOr<VerifyReport> VerifyTrail(const std::string& path, const NoteVerifier& verifier,
                                         const VerifyOptions& options);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_AUDIT_TRAIL_VERIFY_H_
