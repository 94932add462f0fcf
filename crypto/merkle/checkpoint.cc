#include "crypto/merkle/checkpoint.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <tuple>

#include "crypto/base64.h"
#include "crypto/merkle/compact_range.h"
#include "crypto/merkle/note.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

// The next line, which is not empty; or nothing.
std::optional<std::string_view> TakeLine(std::string_view* text) {
  const size_t end = text->find('\n');
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(end + 1);
  return line;
}

bool ParseSize(std::string_view text, uint64_t* size) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *size);
  return error == std::errc() && end == text.data() + text.size() && *size <= kMaxMerkleSize &&
         std::to_string(*size) == text;
}

bool ParseHash(std::string_view text, MerkleHash* hash) {
  constexpr size_t kTextSize = Base64Size(Base64::kPadded, std::tuple_size_v<MerkleHash>);
  // Without padding as many characters stand for one byte more.
  std::array<uint8_t, MaxBase64Bytes(kTextSize)> bytes = {};
  if (text.size() != kTextSize ||
      DecodeBase64(Base64::kPadded, AsBytes(text), bytes) != hash->size()) {
    return false;
  }
  std::copy_n(bytes.begin(), hash->size(), hash->begin());
  return true;
}

}  // namespace

std::string FormatCheckpoint(const Checkpoint& checkpoint) {
  std::string root(Base64Size(Base64::kPadded, checkpoint.root.size()), '\0');
  EncodeBase64(Base64::kPadded, checkpoint.root, AsMutableBytes(root));
  std::string text =
      checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" + root + "\n";
  for (const std::string& line : checkpoint.extensions) text += line + "\n";
  return text;
}

absl::StatusOr<Checkpoint> ParseCheckpoint(std::string_view text) {
  Checkpoint checkpoint;
  const auto origin = TakeLine(&text);
  const auto size = origin ? TakeLine(&text) : std::nullopt;
  const auto root = size ? TakeLine(&text) : std::nullopt;
  bool ok = root && ParseSize(*size, &checkpoint.size) && ParseHash(*root, &checkpoint.root);
  if (ok) checkpoint.origin = *origin;
  while (ok && !text.empty()) {
    const auto line = TakeLine(&text);
    ok = line.has_value();
    if (ok) checkpoint.extensions.emplace_back(*line);
  }
  if (!ok) return InvalidField("checkpoint", "it must be lines of origin, size and root hash");
  return checkpoint;
}

absl::StatusOr<std::string> SignCheckpoint(const Checkpoint& checkpoint, const NoteSigner& signer) {
  return signer.Sign(FormatCheckpoint(checkpoint));
}

absl::StatusOr<Checkpoint> OpenCheckpoint(std::string_view note, const NoteVerifier& verifier) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string text, OpenNote(note, verifier));
  FIELDKMS_ASSIGN_OR_RETURN(Checkpoint checkpoint, ParseCheckpoint(text));
  if (checkpoint.origin != verifier.name()) {
    return InvalidField("origin", "the checkpoint is of another log than its key");
  }
  return checkpoint;
}

}  // namespace fieldkms
