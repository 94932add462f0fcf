// The root key in a token: found or made, and checked.
#ifndef FIELDKMS_KMS_ROOT_PKCS11_KEY_H_
#define FIELDKMS_KMS_ROOT_PKCS11_KEY_H_

#include <p11-kit/pkcs11.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/root/pkcs11_session.h"

namespace fieldkms {

// What a key is looked up by; one may be empty.
struct Pkcs11KeyName {
  std::string label;
  std::string id;
};

// What a key may be used for, by its own attributes.
struct Pkcs11Usage {
  bool crypt = false;  // CKA_ENCRYPT and CKA_DECRYPT
  bool wrap = false;   // CKA_WRAP and CKA_UNWRAP
};

struct Pkcs11Key {
  CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
  Pkcs11Usage usage;
};

// FindPkcs11Key errors: kNotFound; kFailedPrecondition, reason kConfigInvalid, if more
// than one fits, or it is no AES-256 key, or may leave the token though `extractable`
// does not allow that; those of the session.
absl::StatusOr<Pkcs11Key> FindPkcs11Key(Pkcs11Session& session, const Pkcs11KeyName& name,
                                        bool extractable);

// MakePkcs11Key makes an AES-256 key in the token for that usage only, which never
// leaves it. The session must be writable.
absl::Status MakePkcs11Key(Pkcs11Session& session, const Pkcs11KeyName& name, Pkcs11Usage usage);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_PKCS11_KEY_H_
