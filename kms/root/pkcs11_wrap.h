// How a key in a token wraps another: mechanisms, and the bytes that they make
// (kms/root/pkcs11_root.h).
#ifndef FIELDKMS_KMS_ROOT_PKCS11_WRAP_H_
#define FIELDKMS_KMS_ROOT_PKCS11_WRAP_H_

#include <p11-kit/pkcs11.h>

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"
#include "kms/root/pkcs11_key.h"
#include "kms/root/pkcs11_root.h"
#include "kms/root/pkcs11_session.h"

namespace fieldkms {

// The first byte of a wrapped key. Stored: a number is never used again.
enum class Pkcs11Format : uint8_t { kAesGcm = 1, kKeyWrapKwp = 2, kKeyWrapPad = 3 };

// One way to use a token.
struct Pkcs11Scheme {
  Pkcs11Format format = Pkcs11Format::kAesGcm;
  // C_Encrypt and C_Decrypt; else C_WrapKey and C_UnwrapKey, which take what they wrap
  // as an object of the session. The bytes are the same.
  bool crypt = true;

  Pkcs11Usage usage() const { return {.crypt = crypt, .wrap = !crypt}; }
};

// ChooseScheme returns the first of `wrapping` that the token offers, and the key, if
// there is one, allows. Error: Pkcs11Misfit.
absl::StatusOr<Pkcs11Scheme> ChooseScheme(Pkcs11Session& session, Pkcs11Wrapping wrapping,
                                          const std::optional<Pkcs11Usage>& usage);

// Pkcs11Wrap and Pkcs11Unwrap keep the limits and errors of RootKey, where the caller
// has checked sizes and context. A token that says no more than that a decryption
// failed gives kUnavailable here: only another decryption tells whether it serves.
absl::StatusOr<std::string> Pkcs11Wrap(Pkcs11Session& session, const Pkcs11Key& root,
                                       const Pkcs11Scheme& scheme, bool iv_from_token,
                                       const SecretBytes& key, std::string_view context);
absl::StatusOr<SecretBytes> Pkcs11Unwrap(Pkcs11Session& session, const Pkcs11Key& root,
                                         std::string_view wrapped, std::string_view context);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_PKCS11_WRAP_H_
