// The one place where return values of PKCS#11 become statuses.
#ifndef FIELDKMS_KMS_ROOT_PKCS11_ERROR_H_
#define FIELDKMS_KMS_ROOT_PKCS11_ERROR_H_

#include <p11-kit/pkcs11.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace fieldkms {

// What a return value asks of the caller.
enum class Pkcs11Fault {
  kLost,     // session, token or library are gone, or in disorder: open anew, once
  kPin,      // the PIN was refused: never try again, tokens count and lock
  kRefused,  // what was to be decrypted was not encrypted so
  kOther,
};
Pkcs11Fault FaultOf(CK_RV rv);

// Pkcs11Error makes the status of `rv` (not CKR_OK): kFailedPrecondition, reason
// kRootDenied, for a refused PIN; kFailedPrecondition, reason kRootWrongKey, for a
// refused ciphertext; else kUnavailable, reason kRootUnavailable. `doing` names the
// function ("C_Login").
absl::Status Pkcs11Error(CK_RV rv, std::string_view doing);

// RootWrongKey is the one status of a wrapped key that does not open.
absl::Status RootWrongKey();

// Pkcs11Misfit is kFailedPrecondition, reason kConfigInvalid: the token or its key
// are not what was asked for.
absl::Status Pkcs11Misfit(std::string_view message);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_PKCS11_ERROR_H_
