// ChangeListener hears from the keyring's follower of changes that are not the keyring's own.
#ifndef FIELDKMS_KMS_KEYRING_CHANGE_LISTENER_H_
#define FIELDKMS_KMS_KEYRING_CHANGE_LISTENER_H_

#include <string_view>

namespace fieldkms {

// Called on the follower's thread, and must not block.
class ChangeListener {
 public:
  virtual ~ChangeListener() = default;
  // A field was made or changed.
  virtual void OnFieldChanged(std::string_view tenant, std::string_view name) = 0;
  // The store is not the one that it was (restored, failed over): nothing loaded is true.
  virtual void OnAllChanged() = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_CHANGE_LISTENER_H_
