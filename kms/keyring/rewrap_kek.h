// One tenant key under another root key.
#ifndef FIELDKMS_KMS_KEYRING_REWRAP_KEK_H_
#define FIELDKMS_KMS_KEYRING_REWRAP_KEK_H_

#include <string_view>

#include "absl/status/status.h"
#include "kms/clock.h"
#include "kms/root/root_key.h"
#include "kms/store/store.h"

namespace fieldkms {

// RewrapKek wraps a KEK by what `root` wraps with now, sees it open again, and only then
// lets the old bytes go. Each KEK has a patience of its own, 8 s, and is written at once: a
// root that is slow makes the work slow, and not endless. Errors: kFailedPrecondition,
// kRootWrongKey, for a KEK that the root does not open; those of root and store.
absl::Status RewrapKek(Store& store, const RootKey& root, const Clock& clock,
                       std::string_view tenant, const KekRecord& kek);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_REWRAP_KEK_H_
