#include "clients/cli/base64_text.h"

#include <optional>

#include "crypto/base64.h"
#include "crypto/bytes.h"
#include "crypto/status.h"

namespace fieldkms {

std::string Base64Text(std::string_view bytes) {
  std::string text(Base64Size(Base64::kPadded, bytes.size()), '\0');
  EncodeBase64(Base64::kPadded, AsBytes(bytes), AsMutableBytes(text));
  return text;
}

absl::StatusOr<std::string> FromBase64Text(std::string_view text, std::string_view field) {
  std::string bytes(MaxBase64Bytes(text.size()), '\0');
  const std::optional<size_t> size =
      DecodeBase64(Base64::kPadded, AsBytes(text), AsMutableBytes(bytes));
  if (!size) return InvalidField(field, "is not padded base64");
  bytes.resize(*size);
  return bytes;
}

void AppendText(std::string_view text, WipedBuffer* out) {
  out->insert(out->end(), text.begin(), text.end());
}

void AppendBase64(std::string_view bytes, WipedBuffer* out) {
  const size_t start = out->size();
  out->resize(start + Base64Size(Base64::kPadded, bytes.size()));
  EncodeBase64(Base64::kPadded, AsBytes(bytes), MutableBytes(*out).subspan(start));
}

}  // namespace fieldkms
