// Signed notes, checkpoints and verifier keys: what parses is written identically, and nothing that
// is made up opens.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "crypto/merkle/checkpoint.h"
#include "crypto/merkle/note.h"
#include "tests/fuzz/require.h"

namespace fieldkms {
namespace {

std::string FormatNote(const Note& note) {
  std::string text = std::string(note.text) + "\n";
  for (const NoteSignature& signature : note.signatures) {
    std::string bytes(4, '\0');
    PutU32(AsMutableBytes(bytes).data(), signature.key_id);
    text += FormatNoteSignature(signature.key_name, AsBytes(bytes + signature.signature));
  }
  return text;
}

}  // namespace
}  // namespace fieldkms

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fieldkms;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const NoteVerifier verifier = *NoteVerifier::Make(
      "log", ByteView(AsBytes(std::string_view("a public key of thirty-two bytes"))));
  if (const auto note = ParseNote(text); note.ok()) {
    Require(FormatNote(*note) == text);
    Require(note->text.size() < text.size() && !note->signatures.empty());
    Require(!OpenCheckpoint(text, verifier).ok());
  }
  if (const auto checkpoint = ParseCheckpoint(text); checkpoint.ok()) {
    Require(FormatCheckpoint(*checkpoint) == text);
  }
  if (const auto key = NoteVerifier::Parse(text); key.ok()) {
    Require(key->ToString() == text);
  }
  return 0;
}
