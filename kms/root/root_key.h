// RootKey wraps key-encryption keys under material that never leaves a root of
// trust. Implementations are safe for concurrent use.
#ifndef FIELDKMS_KMS_ROOT_ROOT_KEY_H_
#define FIELDKMS_KMS_ROOT_ROOT_KEY_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"
#include "kms/clock.h"

namespace fieldkms {

class RootKey {
 public:
  virtual ~RootKey() = default;

  // A name for people and logs, such as "local:/var/lib/fieldkms/root.key".
  virtual std::string Describe() const = 0;

  // Wrap returns `key` (1 to 64 bytes) encrypted and bound to `context` (any
  // bytes, up to 1 KiB). kUnavailable, reason kRootUnavailable, if the root
  // cannot be reached; retrying is safe.
  virtual absl::StatusOr<std::string> Wrap(const SecretBytes& key, std::string_view context,
                                           Deadline deadline) const = 0;

  // Unwrap is the inverse. kFailedPrecondition, reason kRootWrongKey, if
  // `wrapped` was not made by this root for this context, or was altered.
  virtual absl::StatusOr<SecretBytes> Unwrap(std::string_view wrapped, std::string_view context,
                                             Deadline deadline) const = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_ROOT_KEY_H_
