// Base64 (RFC 4648 §4, padded): how JSON carries values that may be any bytes.
#ifndef FIELDKMS_CLIENTS_CLI_BASE64_H_
#define FIELDKMS_CLIENTS_CLI_BASE64_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "crypto/wiping_allocator.h"

namespace fieldkms {

// AppendBase64 appends to a buffer that wipes itself, as values may be secret.
void AppendBase64(ByteView bytes, WipedBuffer* out);

// DecodeBase64 takes what AppendBase64 writes and nothing else. Error:
// kInvalidArgument.
absl::StatusOr<std::string> DecodeBase64(std::string_view text);

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_BASE64_H_
