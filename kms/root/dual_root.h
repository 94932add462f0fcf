// Two root keys during a migration from one to the other, while all keys stay in use.
#ifndef FIELDKMS_KMS_ROOT_DUAL_ROOT_H_
#define FIELDKMS_KMS_ROOT_DUAL_ROOT_H_

#include <memory>
#include <string>

#include "kms/root/root_key.h"

namespace fieldkms {

// DualRoot wraps with the new root and unwraps with whichever root wrapped. The old
// one is asked only where the new one says kRootWrongKey: any other error of the new
// root, such as kUnavailable, is the answer.
//
// Nothing is added to wrapped keys to tell them apart. After the migration the new
// root opens them alone, without a DualRoot that could take a mark off; and those of
// the old root have none. So a key of the old root costs a call to each.
class DualRoot final : public RootKey {
 public:
  DualRoot(std::unique_ptr<RootKey> new_root, std::unique_ptr<RootKey> old_root);

  std::string Describe() const override;
  absl::StatusOr<std::string> Wrap(const SecretBytes& key, std::string_view context,
                                   Deadline deadline) const override;
  absl::StatusOr<SecretBytes> Unwrap(std::string_view wrapped, std::string_view context,
                                     Deadline deadline) const override;

  // IsOld: whether the new root alone does not open `wrapped` (it says kRootWrongKey).
  // A migration is over when it is false for every wrapped key. True also for what
  // neither root wrapped, which Unwrap tells. Errors: any other of the new root.
  absl::StatusOr<bool> IsOld(std::string_view wrapped, std::string_view context,
                             Deadline deadline) const;

 private:
  const std::unique_ptr<const RootKey> new_;
  const std::unique_ptr<const RootKey> old_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_DUAL_ROOT_H_
