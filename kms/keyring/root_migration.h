// Moves all that a root key wraps to another root key, while both are at hand.
#ifndef FIELDKMS_KMS_KEYRING_ROOT_MIGRATION_H_
#define FIELDKMS_KMS_KEYRING_ROOT_MIGRATION_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/root/dual_root.h"
#include "kms/root/root_key.h"
#include "kms/store/store.h"

namespace fieldkms {

// CheckDifferent: whether both roots wrap and unwrap, and neither opens what the other
// wrapped. Errors: kFailedPrecondition, kRootWrongKey, for two that are one; those of the
// roots.
absl::Status CheckDifferent(const RootKey& one, const RootKey& other, const Clock& clock);

// What the new root alone does not open.
struct RootCheck {
  uint64_t tenants = 0;
  uint64_t keks = 0;
  uint64_t old_keks = 0;  // of these
  bool old_binding = false;
  bool all_new() const { return old_keks == 0 && !old_binding; }
};
// CheckRoot asks `root` to open every KEK and the binding of a store, and changes nothing.
absl::StatusOr<RootCheck> CheckRoot(Store& store, const RootKey& root, const Clock& clock);
// The same of the new one of two.
absl::StatusOr<RootCheck> CheckRoot(Store& store, const DualRoot& roots, const Clock& clock);

// MigrateRoot wraps by the new root, one by one, what the old one wrapped: KEKs and binding.
// What the new one opens is left as it is, so that a run that was interrupted is gone on
// with by the next. It asks for nothing of a running service but that it can open what
// either of them wrapped. Leaves an operation of kind kRotateRoot by `by`.
// `on_progress`: KEKs seen so far; may be empty. Returns how many KEKs it moved. Errors:
// kFailedPrecondition, kOperationRunning, where a rotation of the root is under way;
// kFailedPrecondition, kRootWrongKey, naming the tenant of a KEK that neither opens; those of
// the roots and the store.
absl::StatusOr<uint64_t> MigrateRoot(Store& store, const DualRoot& roots, const Clock& clock,
                                     const std::string& by,
                                     const std::function<void(uint64_t keks)>& on_progress);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_ROOT_MIGRATION_H_
