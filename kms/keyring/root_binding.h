// The tie between a store and the root key it was made with.
#ifndef FIELDKMS_KMS_KEYRING_ROOT_BINDING_H_
#define FIELDKMS_KMS_KEYRING_ROOT_BINDING_H_

#include <atomic>

#include "absl/status/status.h"
#include "kms/clock.h"
#include "kms/root/root_key.h"
#include "kms/store/store.h"

namespace fieldkms {

// The context that a binding is wrapped under.
inline constexpr char kRootBindingContext[] = "fieldkms/store/1";

// Thread-safe.
class RootBinding {
 public:
  RootBinding(Store& store, const RootKey& root) : store_(store), root_(root) {}

  // Tie gives a new store its binding: 32 random bytes, wrapped by the root with the
  // context "fieldkms/store/1". Of an old store it opens the binding; OK where the root
  // cannot be reached to do so, for a root that is down must not keep a service down
  // that may have to answer for its health.
  // Errors: kFailedPrecondition, reason kRootWrongKey, with what to do; kDataLoss,
  // reason kStoreCorrupt, if the store has tenants but no binding; those of both.
  absl::Status Tie(Deadline deadline);

  // Check opens the binding if that has not been seen to work yet: to be asked before
  // anything new is wrapped by the root. Errors as above, and kUnavailable.
  absl::Status Check(Deadline deadline);

  // Rewrap wraps the binding anew, under what the root wraps with now.
  absl::Status Rewrap(Deadline deadline);

 private:
  absl::Status Open(const std::string& binding, Deadline deadline);
  absl::Status Make(Deadline deadline);

  Store& store_;
  const RootKey& root_;
  std::atomic<bool> checked_{false};
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_ROOT_BINDING_H_
