// The text form of an envelope: "fk1." and base64url (RFC 4648 §5), no padding.
#include <optional>
#include <string>

#include "crypto/base64.h"
#include "crypto/envelope.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::string_view kPrefix = "fk1.";

}  // namespace

std::string EncodeText(ByteView envelope) {
  std::string text(kPrefix);
  text.resize(kPrefix.size() + Base64Size(Base64::kUrl, envelope.size()));
  EncodeBase64(Base64::kUrl, envelope, AsMutableBytes(text).subspan(kPrefix.size()));
  return text;
}

absl::StatusOr<std::string> DecodeText(std::string_view text) {
  if (!text.starts_with(kPrefix)) return DecryptError(Reason::kEnvelopeMalformed);
  text.remove_prefix(kPrefix.size());
  std::string bytes(MaxBase64Bytes(text.size()), '\0');
  const std::optional<size_t> size =
      DecodeBase64(Base64::kUrl, AsBytes(text), AsMutableBytes(bytes));
  if (!size) return DecryptError(Reason::kEnvelopeMalformed);
  bytes.resize(*size);
  return bytes;
}

}  // namespace fieldkms
