// A tenant key under a root key, or another one.
#ifndef FIELDKMS_KMS_KEYRING_REWRAP_KEK_H_
#define FIELDKMS_KMS_KEYRING_REWRAP_KEK_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"
#include "kms/clock.h"
#include "kms/root/root_key.h"
#include "kms/store/store.h"

namespace fieldkms {

// WrapKek wraps a KEK by what `root` wraps with, bound to `context` (KekContext), and sees
// it open again. Errors: kFailedPrecondition, kRootWrongKey, for a root that does not give
// back what it was given; those of the root.
absl::StatusOr<std::string> WrapKek(const RootKey& root, const SecretBytes& kek,
                                    std::string_view context, Deadline deadline);

// RewrapKek wraps a KEK by what `root` wraps with now, sees it open again, and only then
// lets the old bytes go. Each KEK has a patience of its own, 8 s, and is written at once: a
// root that is slow makes the work slow, and not endless. Errors: kFailedPrecondition,
// kRootWrongKey, for a KEK that the root does not open; those of root and store.
absl::Status RewrapKek(Store& store, const RootKey& root, const Clock& clock,
                       std::string_view tenant, const KekRecord& kek);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_REWRAP_KEK_H_
