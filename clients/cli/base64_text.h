// Bytes as text on the command line and in JSON: base64 with padding.
#ifndef FIELDKMS_CLIENTS_CLI_BASE64_TEXT_H_
#define FIELDKMS_CLIENTS_CLI_BASE64_TEXT_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/wiping_allocator.h"

namespace fieldkms {

// Not for secrets: AppendBase64 is.
std::string Base64Text(std::string_view bytes);
// The inverse. Error: InvalidField(field, ...).
absl::StatusOr<std::string> FromBase64Text(std::string_view text, std::string_view field);

// Append to what will be wiped.
void AppendText(std::string_view text, WipedBuffer* out);
void AppendBase64(std::string_view bytes, WipedBuffer* out);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_BASE64_TEXT_H_
