#include "rotation/source/pgcrypto_pgp.h"

#include <cstddef>
#include <optional>
#include <string>

#include "crypto/bytes.h"
#include "rotation/source/pgp_message.h"
#include "rotation/source/plain_text.h"

namespace fieldkms::rotation {
namespace {

void ConvertLineEnds(WipedBuffer* text) {
  size_t kept = 0;
  for (size_t i = 0; i < text->size(); ++i) {
    const bool dropped = (*text)[i] == '\r' && i + 1 < text->size() && (*text)[i + 1] == '\n';
    if (!dropped) (*text)[kept++] = (*text)[i];
  }
  Wipe(MutableBytes(*text).subspan(kept));
  text->resize(kept);
}

// None: it is no such text.
std::optional<std::string> MessageOf(const SourceCell& cell, SourceText text) {
  if (IsArmored(cell.value)) return BytesOfArmor(cell.value);
  return cell.is_text ? BytesOfText(cell.value, text) : std::string(cell.value);
}

}  // namespace

SourceValue PgcryptoPgpOpener::OpenOne(const SourceCell& cell) const {
  const std::optional<std::string> message = MessageOf(cell, options_.text);
  if (!message) return {.value = {}, .bad = kSourceMalformed};
  PgpPlaintext plaintext;
  const std::string_view bad =
      OpenPgpMessage(AsBytes(*message), options_.passphrase.Expose(), &plaintext);
  if (!bad.empty()) return {.value = {}, .bad = bad};
  if (plaintext.is_text && options_.convert_crlf) ConvertLineEnds(&plaintext.bytes);
  if (plaintext.is_text && !IsPlainText(plaintext.bytes))
    return {.value = {}, .bad = kSourceNoText};
  return {.value = std::move(plaintext.bytes), .bad = {}};
}

absl::StatusOr<std::vector<SourceValue>> PgcryptoPgpOpener::Open(
    std::span<const SourceCell> cells) const {
  std::vector<SourceValue> values;
  values.reserve(cells.size());
  for (const SourceCell& cell : cells) values.push_back(OpenOne(cell));
  return values;
}

}  // namespace fieldkms::rotation
