// Signed notes (C2SP signed-note): text, a blank line, and lines of signatures.
#ifndef FIELDKMS_CRYPTO_MERKLE_NOTE_H_
#define FIELDKMS_CRYPTO_MERKLE_NOTE_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "crypto/merkle/note_key.h"

namespace fieldkms {

inline constexpr size_t kMaxNoteSize = 256 << 10;  // 32 signatures, also of post-quantum kinds
inline constexpr size_t kMaxNoteSignatures = 32;

struct NoteSignature {
  std::string_view key_name;
  uint32_t key_id = 0;
  std::string signature;  // without the key's id
};

struct Note {
  std::string_view text;  // with its last line break
  std::vector<NoteSignature> signatures;
};

// CheckNoteText: UTF-8, no control characters but line breaks, one of them at the end. Error:
// InvalidField("note").
absl::Status CheckNoteText(std::string_view text);

// ParseNote takes a note apart, as views into it; nothing is verified. Error: InvalidField("note")
// for what has not exactly the form.
absl::StatusOr<Note> ParseNote(std::string_view note);

// OpenNote returns the text if `verifier` signed it. Errors: InvalidField("note") as
// ParseNote; InvalidField("signature") if there is none of that key, or one that is wrong. Those of
// other keys are passed over.
absl::StatusOr<std::string> OpenNote(std::string_view note, const NoteVerifier& verifier);

// The line of a signature; `signature` begins with the key's id.
std::string FormatNoteSignature(std::string_view key_name, ByteView signature);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_MERKLE_NOTE_H_
