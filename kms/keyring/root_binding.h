// The tie between a store and the root key it was made with.
#ifndef FIELDKMS_KMS_KEYRING_ROOT_BINDING_H_
#define FIELDKMS_KMS_KEYRING_ROOT_BINDING_H_

#include "absl/status/status.h"
#include "kms/clock.h"
#include "kms/root/root_key.h"
#include "kms/store/store.h"

namespace fieldkms {

// TieStoreToRoot gives a new store its binding: 32 random bytes, wrapped by the
// root with the context "fieldkms/store/1". Of an old store it opens the binding.
// Errors: kFailedPrecondition, reason kRootWrongKey, with what to do; kDataLoss,
// reason kStoreCorrupt, if the store has tenants but no binding; those of both.
absl::Status TieStoreToRoot(Store& store, const RootKey& root, const Clock& clock);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_ROOT_BINDING_H_
