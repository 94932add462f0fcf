// A root key in a hardware security module, or whatever speaks PKCS#11 (OASIS, 2.40):
// an AES-256 key that does not leave its token.
#ifndef FIELDKMS_KMS_ROOT_PKCS11_ROOT_H_
#define FIELDKMS_KMS_ROOT_PKCS11_ROOT_H_

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "kms/root/root_key.h"
#include "kms/root/secret_file.h"

namespace fieldkms {

enum class Pkcs11Wrapping {
  kAuto,        // the first below that token and key offer
  kAesGcm,      // CKM_AES_GCM
  kAesKeyWrap,  // CKM_AES_KEY_WRAP_KWP, or CKM_AES_KEY_WRAP_PAD as it was called before
};

struct Pkcs11RootOptions {
  std::string module;       // absolute path of the vendor's library
  std::string token_label;  // one of the two, or both
  std::string token_serial;
  std::string key_label;  // one of the two, or both
  std::string key_id;     // CKA_ID, bytes
  SecretSource pin;       // of the token's user
  // Make the key in the token where there is none of that label and id: it is
  // sensitive, not extractable, and fit for one mechanism only. Never where keys are
  // wrapped already: then the token's backup must be restored.
  bool create_if_missing = false;
  // Take a key that may leave the token.
  bool allow_extractable = false;
  Pkcs11Wrapping wrapping = Pkcs11Wrapping::kAuto;
  // For CKM_AES_GCM: the token makes the IV and writes it back (AWS CloudHSM, tokens
  // under FIPS 140 rules).
  bool iv_from_token = false;
  size_t sessions = 4;  // 1 to 64: calls into the module at once
  // Bounds a call that has a later deadline or none, and the opening.
  std::chrono::milliseconds call_timeout{10'000};
};

// OpenPkcs11Root loads the module, logs in, finds the key, checks it and tries it out:
// a wrapped key must open, and must not open for another context. The PIN is kept in
// locked memory, to log in again after the token was away.
//
// A wrapped key is one byte that names the mechanism, then
//   1  CKM_AES_GCM: IV(12) ‖ ciphertext ‖ tag(16), with domain ‖ context as AAD
//   2  CKM_AES_KEY_WRAP_KWP: the wrapping of
//      size(1) ‖ key ‖ SHA-256(domain ‖ context) ‖ salt(16 to 23, to a multiple of 8)
//   3  CKM_AES_KEY_WRAP_PAD: of the same
// where domain is "fieldkms/root/pkcs11/1". Any of them opens, whichever wraps now, as
// long as the key may be used so. (The digest stands for the context since tokens limit
// what they wrap.) A random IV is safe for 2^32 wrappings under one key (NIST SP
// 800-38D §8.3); one is made for each version of a tenant's key and for each opening.
// What was wrapped is opened again before Wrap returns.
//
// Lost sessions and tokens: a call opens and logs in anew once, then initialises the
// module anew if no other call is in it, then fails with kRootUnavailable; the next
// call does the same. A refused PIN is never tried again by this object, nor the last
// try that a token has left used: kFailedPrecondition, reason kRootDenied, from then on.
//
// Deadlines: calls into the module run on `sessions` threads of their own. A caller
// waits until its deadline (kDeadlineExceeded) or `call_timeout` (kUnavailable, reason
// kRootUnavailable), even if the module hangs; once it hangs on every thread, calls
// fail at once. A hung call is left behind, with its thread and session. Only loading
// the library itself, in OpenPkcs11Root, is not bounded.
//
// Forks: PKCS#11 does not survive them. In the child every call fails with
// kRootUnavailable; it must open a root of its own, if the module allows that.
//
// Errors: kInvalidArgument, reason kConfigInvalid, for options that are none; those of
// ReadSecret; kFailedPrecondition, reason kConfigInvalid, if the module does not load,
// if more than one token or key fits, or if the key is no AES-256 key, may leave the
// token, or is of no use for the wrapping; kNotFound, reason kConfigInvalid, if there
// is no such key; kRootDenied as above; kUnavailable, reason kRootUnavailable, if there
// is no such token now; kUnimplemented if built without FIELDKMS_ROOT_PKCS11.
absl::StatusOr<std::unique_ptr<RootKey>> OpenPkcs11Root(const Pkcs11RootOptions& options);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_PKCS11_ROOT_H_
