// Proofs from the files of a trail: that a record is in it, and that one checkpoint continues
// another. Who checks them needs the verifier key and nothing else of the trail.
#ifndef FIELDKMS_KMS_AUDIT_TRAIL_PROOFS_H_
#define FIELDKMS_KMS_AUDIT_TRAIL_PROOFS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "crypto/merkle/proof.h"
#include "kms/audit/checkpoint_log.h"

namespace fieldkms {

struct RecordProof {
  uint64_t index = 0;  // of the record, counted from 0
  std::string line;    // the record, without its line break
  MerkleProof proof;
  SignedCheckpoint checkpoint;
};

// Each reads the one or two segments that it is about, and the trees of the others. Errors:
// InvalidField("index") or InvalidField("size") for what the tree has not; kNotFound,
// kInvalidField, where the segment was dropped; kDataLoss, kStoreCorrupt, if what is read is not
// what was signed; kUnavailable, kAuditUnavailable.
//
// `checkpoint`: of more records than `index`.
absl::StatusOr<RecordProof> ProveRecord(const std::string& trail, const NoteVerifier& verifier,
                                        uint64_t index, const SignedCheckpoint& checkpoint);
// `first`: 1 to checkpoint.size.
absl::StatusOr<MerkleProof> ProveContinuation(const std::string& trail,
                                              const NoteVerifier& verifier, uint64_t first,
                                              const SignedCheckpoint& checkpoint);

// VerifyRecord: OK if the proof proves it. Errors: those of OpenCheckpoint and VerifyInclusion.
absl::Status VerifyRecord(const RecordProof& proof, const NoteVerifier& verifier);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_AUDIT_TRAIL_PROOFS_H_
