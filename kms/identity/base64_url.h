// Base64url as JOSE writes it (RFC 7515 §2), into strings. Internal to kms/identity.
#ifndef FIELDKMS_KMS_IDENTITY_BASE64_URL_H_
#define FIELDKMS_KMS_IDENTITY_BASE64_URL_H_

#include <optional>
#include <string>
#include <string_view>

#include "crypto/base64.h"

namespace fieldkms {

// nullopt for all that is not exactly that: padding, white space, loose bits.
inline std::optional<std::string> FromBase64Url(std::string_view text) {
  std::string bytes(MaxBase64Bytes(text.size()), '\0');
  const std::optional<size_t> size =
      DecodeBase64(Base64::kUrl, AsBytes(text), AsMutableBytes(bytes));
  if (!size) return std::nullopt;
  bytes.resize(*size);
  return bytes;
}

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_IDENTITY_BASE64_URL_H_
