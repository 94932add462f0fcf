// The MAC key of a loaded version.
#ifndef FIELDKMS_KMS_SERVICE_MAC_MATERIAL_H_
#define FIELDKMS_KMS_SERVICE_MAC_MATERIAL_H_

#include "kms/keyring/key_snapshot.h"

namespace fieldkms {

// MacKeyOf returns the MAC material of an enabled version of a MAC key; null where there
// is none.
inline const MacKey* MacKeyOf(const LoadedVersion& version) {
  return version.mac_key.has_value() ? &*version.mac_key : nullptr;
}

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVICE_MAC_MATERIAL_H_
