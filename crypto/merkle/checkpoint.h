// Checkpoints (C2SP tlog-checkpoint): what a log says of itself, as the text of a signed note.
#ifndef FIELDKMS_CRYPTO_MERKLE_CHECKPOINT_H_
#define FIELDKMS_CRYPTO_MERKLE_CHECKPOINT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/merkle/hash.h"
#include "crypto/merkle/note_key.h"

namespace fieldkms {

struct Checkpoint {
  std::string origin;  // which log
  uint64_t size = 0;   // leaves of the tree
  MerkleHash root{};
  std::vector<std::string> extensions = {};  // lines that are opaque to us; we write none
};

// The text of a note. Its lines must hold no line breaks and be not empty.
std::string FormatCheckpoint(const Checkpoint& checkpoint);
// Error: InvalidField("checkpoint") for what FormatCheckpoint does not write, or beyond
// kMaxMerkleSize.
absl::StatusOr<Checkpoint> ParseCheckpoint(std::string_view text);

absl::StatusOr<std::string> SignCheckpoint(const Checkpoint& checkpoint, const NoteSigner& signer);
// OpenCheckpoint reads a note that `verifier` signed for the log of its name. Errors: those of
// OpenNote and ParseCheckpoint; InvalidField("origin") for one of another log.
absl::StatusOr<Checkpoint> OpenCheckpoint(std::string_view note, const NoteVerifier& verifier);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_MERKLE_CHECKPOINT_H_
