// The key that a data subject's values are sealed under: suite 3 of crypto/envelope.h.
//   key = HKDF-SHA256(ikm = key version, salt = the subject's secret,
//         info = "fieldkms/subject/1" ‖ U8(|tenant|) ‖ tenant ‖ key id (8) ‖ version (4) ‖
//                handle (16)), 32 bytes
// Neither the version nor the secret alone gives it: without the secret, nothing of the
// subject opens any more, and who has found the secret still needs the version.
// crypto/FORMAT.md has the same, with an example.
#ifndef FIELDKMS_CRYPTO_SUBJECT_KEY_H_
#define FIELDKMS_CRYPTO_SUBJECT_KEY_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "crypto/xaes_gcm.h"

namespace fieldkms {

inline constexpr size_t kSubjectKeySecretSize = 32;

// What a subject's key belongs to: all that an envelope says, and whose it is.
struct SubjectKeyPlace {
  std::string_view tenant;  // a tenant id (crypto/names.h)
  uint64_t key_id = 0;      // never 0
  uint32_t version = 0;     // never 0
  ByteView handle;          // the subject's, kEnvelopeSubjectSize bytes
};

// DeriveSubjectKey returns the key of a subject (its secret: kSubjectKeySecretSize random bytes,
// neither kept nor wiped here) under `version_key`. Errors: kInvalidArgument for a secret or a
// place out of bounds; kFailedPrecondition (kCryptoFailure) for a key or secret that a fork has
// wiped, in the child.
//
// Who erases a subject also destroys every key derived for it, and calls ForgetDerivedKeys:
// threads may still have them in their contexts.
absl::StatusOr<XaesKey> DeriveSubjectKey(const XaesKey& version_key, ByteView secret,
                                         const SubjectKeyPlace& place);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_SUBJECT_KEY_H_
