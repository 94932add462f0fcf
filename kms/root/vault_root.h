// A root of trust in HashiCorp Vault or OpenBao: a key of its transit engine.
#ifndef FIELDKMS_KMS_ROOT_VAULT_ROOT_H_
#define FIELDKMS_KMS_ROOT_VAULT_ROOT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/root/root_key.h"
#include "kms/root/vault_options.h"
#include "kms/root/vault_retry.h"

namespace fieldkms {

// What is encrypted is the key, length-prefixed (2 bytes), ‖ the context, so that an
// answer which belongs to another key is noticed. Where the server binds AAD (Vault from
// 1.9, OpenBao), the context is that as well. wrapped = one byte, 'a' with AAD or 'p'
// without ‖ Vault's text, "vault:v1:…", which names the version of the transit key:
// rotating that key leaves everything readable.
//
// Wrap decrypts what it got before it returns it: a KEK that could not be read back
// would take all data under it along. So both take update on encrypt/KEY and
// decrypt/KEY; neither makes a transit key.
//
// Errors beyond those of RootKey: kFailedPrecondition with reason kRootDenied (the
// message names the path that the policies lack) or kConfigInvalid (no such key or
// mount, key of an unfit type); those of ReadCredentialFile. What may pass is tried up to
// three times; see vault_retry.h.

// OpenVaultRoot checks the options, then logs in and finds out whether the server binds
// AAD, until `deadline`. A server that cannot be reached by then is no error: the first
// Wrap finds out, and Unwrap need not know. Errors: kInvalidArgument, reason
// kConfigInvalid; those above. The root renews its token in a thread, which its
// destructor stops; that waits for a renewal under way, up to HttpOptions::call_timeout.
absl::StatusOr<std::unique_ptr<RootKey>> OpenVaultRoot(const VaultOptions& options,
                                                       Deadline deadline,
                                                       const VaultTime& time = RealTime());

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_VAULT_ROOT_H_
