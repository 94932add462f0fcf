// The form of a key that AWS KMS wrapped; see aws_root.h.
#ifndef FIELDKMS_KMS_ROOT_AWS_WRAPPED_H_
#define FIELDKMS_KMS_ROOT_AWS_WRAPPED_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace fieldkms {

// Of a CiphertextBlob, in bytes.
inline constexpr size_t kMaxAwsBlob = 6144;

// `key_arn` is that of the key that made the blob. Error: kInternal if OpenSSL fails.
absl::StatusOr<std::string> EncodeAwsWrapped(std::string_view key_arn, std::string_view blob);

// DecodeAwsWrapped returns the CiphertextBlob; nullopt for all that EncodeAwsWrapped
// does not write for this key.
absl::StatusOr<std::optional<std::string_view>> DecodeAwsWrapped(std::string_view key_arn,
                                                                 std::string_view wrapped);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_AWS_WRAPPED_H_
