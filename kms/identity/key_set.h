// KeySet: the public keys that an issuer signs tokens with (JWK Set, RFC 7517).
#ifndef FIELDKMS_KMS_IDENTITY_KEY_SET_H_
#define FIELDKMS_KMS_IDENTITY_KEY_SET_H_

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/signature_key.h"

namespace fieldkms {

// A set that is longer, or has more keys, is refused.
inline constexpr size_t kMaxKeySetSize = 256 << 10;
inline constexpr size_t kMaxKeySetKeys = 64;

// Immutable, so thread-safe.
class KeySet {
 public:
  KeySet() = default;

  // Parse reads a JWK Set. Keys that can verify nothing here are passed over, as RFC 7517 §5 has
  // it: other types and curves, those for encryption ("use", "key_ops"), symmetric ones. A key
  // keeps the algorithm of its "alg"; without one RSA keys have RS256, P-256 has ES256, P-384
  // ES384, Ed25519 EdDSA. Errors, all kInvalidArgument, kInvalidField, naming the member: what is
  // not JSON of this form, a set without a usable key, two usable keys with one "kid", and a key
  // of a known type that is malformed or weak: a half of a set would refuse tokens at random.
  static absl::StatusOr<KeySet> Parse(std::string_view json);

  // The key called so; without a `kid`, the only one there is. Null: none.
  const SignatureKey* Find(std::string_view kid) const;
  size_t size() const { return keys_.size(); }

 private:
  std::map<std::string, SignatureKey, std::less<>> keys_;  // by "kid", "" where it has none
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_IDENTITY_KEY_SET_H_
