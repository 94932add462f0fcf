// The MAC key of a loaded version.
#ifndef FIELDKMS_KMS_SERVICE_MAC_MATERIAL_H_
#define FIELDKMS_KMS_SERVICE_MAC_MATERIAL_H_

#include "crypto/mac.h"

namespace fieldkms {

// MacKeyOf returns the MAC material of an enabled version of a MAC key; null where the
// keyring has loaded none. A template, so that it compiles with a keyring whose LoadedVersion
// has no `mac_key` yet.
template <class Version>
const MacKey* MacKeyOf(const Version& version) {
  if constexpr (requires { version.mac_key.has_value(); }) {
    return version.mac_key.has_value() ? &*version.mac_key : nullptr;
  } else {
    return nullptr;
  }
}

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_MAC_MATERIAL_H_
