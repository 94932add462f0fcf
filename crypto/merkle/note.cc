#include "crypto/merkle/note.h"

#include <optional>

#include "crypto/base64.h"
#include "crypto/status.h"
#include "crypto/utf8.h"

namespace fieldkms {
namespace {

constexpr std::string_view kDash = "\xe2\x80\x94 ";  // U+2014, a space
constexpr size_t kKeyIdSize = 4;

absl::Status Malformed(const char* why) { return InvalidField("note", why); }

// A line without its break.
std::optional<NoteSignature> ParseSignature(std::string_view line) {
  if (!line.starts_with(kDash)) return std::nullopt;
  line.remove_prefix(kDash.size());
  const size_t space = line.find(' ');
  if (space == std::string_view::npos || !CheckNoteKeyName(line.substr(0, space)).ok()) {
    return std::nullopt;
  }
  const std::string_view encoded = line.substr(space + 1);
  std::string bytes(MaxBase64Bytes(encoded.size()), '\0');
  const auto size = DecodeBase64(Base64::kPadded, AsBytes(encoded), AsMutableBytes(bytes));
  if (!size || *size <= kKeyIdSize) return std::nullopt;
  bytes.resize(*size);
  return NoteSignature{line.substr(0, space), GetU32(AsBytes(bytes).data()),
                       bytes.substr(kKeyIdSize)};
}

}  // namespace

absl::Status CheckNoteText(std::string_view text) {
  if (text.empty() || text.back() != '\n') return Malformed("its text must end a line");
  if (text.size() > kMaxNoteSize) return Malformed("it is too long");
  for (char32_t point = 0; !text.empty();) {
    if (!TakeCodePoint(&text, &point) || (point < 0x20 && point != '\n')) {
      return Malformed("it must be UTF-8 without control characters");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Note> ParseNote(std::string_view note) {
  FIELDKMS_RETURN_IF_ERROR(CheckNoteText(note));
  const size_t blank = note.rfind("\n\n");
  if (blank == std::string_view::npos) return Malformed("it has no signatures");
  Note parsed;
  parsed.text = note.substr(0, blank + 1);
  std::string_view rest = note.substr(blank + 2);
  if (rest.empty()) return Malformed("it has no signatures");
  while (!rest.empty()) {
    const size_t end = rest.find('\n');  // there is one: the note ends with it
    auto signature = ParseSignature(rest.substr(0, end));
    if (!signature) return Malformed("a line of a signature has not its form");
    if (parsed.signatures.size() == kMaxNoteSignatures) return Malformed("too many signatures");
    parsed.signatures.push_back(*std::move(signature));
    rest.remove_prefix(end + 1);
  }
  return parsed;
}

absl::StatusOr<std::string> OpenNote(std::string_view note, const NoteVerifier& verifier) {
  FIELDKMS_ASSIGN_OR_RETURN(const Note parsed, ParseNote(note));
  bool verified = false;
  for (const NoteSignature& signature : parsed.signatures) {
    if (signature.key_name != verifier.name() || signature.key_id != verifier.key_id()) continue;
    if (!verifier.Verify(parsed.text, AsBytes(signature.signature))) {
      return InvalidField("signature", "it is not of this text and key");
    }
    verified = true;
  }
  if (!verified) return InvalidField("signature", "there is none of this key");
  return std::string(parsed.text);
}

std::string FormatNoteSignature(std::string_view key_name, ByteView signature) {
  std::string encoded(Base64Size(Base64::kPadded, signature.size()), '\0');
  EncodeBase64(Base64::kPadded, signature, AsMutableBytes(encoded));
  return std::string(kDash) + std::string(key_name) + " " + encoded + "\n";
}

}  // namespace fieldkms
