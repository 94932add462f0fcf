// Where PKCS#11 is left out of the build (FIELDKMS_ROOT_PKCS11).
#include "crypto/status.h"
#include "kms/root/pkcs11_root.h"

namespace fieldkms {

absl::StatusOr<std::unique_ptr<RootKey>> OpenPkcs11Root(const Pkcs11RootOptions&) {
  return Error(absl::StatusCode::kUnimplemented, Reason::kConfigInvalid,
               "this build has no PKCS#11: build with FIELDKMS_ROOT_PKCS11=ON");
}

}  // namespace fieldkms
