// The text of a local root key file: one line a key, the newest first.
//
//   fieldkms-root-1 KEY          a key as CreateLocalRoot makes it: 43 characters
//   fieldkms-root-1 ID KEY       one that RekeyLocalRoot added, with its public name
//
// KEY is 32 bytes in base64url (RFC 4648 §5, no padding), ID 4 bytes in hex digits.
#ifndef FIELDKMS_KMS_ROOT_KEY_TEXT_H_
#define FIELDKMS_KMS_ROOT_KEY_TEXT_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "crypto/secret_bytes.h"

namespace fieldkms {

inline constexpr size_t kRootKeySize = 32;
inline constexpr size_t kMaxRootKeys = 16;  // of a file
inline constexpr size_t kRootKeyIdSize = 4;

using RootKeyId = std::array<uint8_t, kRootKeyIdSize>;

struct LocalRootKey {
  std::optional<RootKeyId> id;  // of one key of a file at most there is none
  SecretBytes key;              // kRootKeySize bytes
};

// NoKeyFile is kInvalidArgument, reason kConfigInvalid: the file at `path` is no key file.
absl::Status NoKeyFile(const std::string& path);

// ParseKeyText accepts only what FormatKeyText writes: 1 to kMaxRootKeys keys, their
// ids all different. Error: NoKeyFile.
absl::StatusOr<std::vector<LocalRootKey>> ParseKeyText(ByteView text, const std::string& path);
absl::StatusOr<SecretBytes> FormatKeyText(std::span<const LocalRootKey> keys);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_KEY_TEXT_H_
