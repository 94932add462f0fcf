// Whose bearer tokens (JWT, RFC 7519) are believed, and for what.
#ifndef FIELDKMS_KMS_IDENTITY_TOKEN_ISSUER_H_
#define FIELDKMS_KMS_IDENTITY_TOKEN_ISSUER_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/identity/identity_options.h"
#include "kms/identity/key_set.h"

namespace fieldkms {

// What a token that was believed says.
struct TokenClaims {
  std::string subject;
  WallTime expires;  // "exp" and the skew
};

// CheckToken believes `token` if `keys` has the key that signed it and its claims are right for
// `options` now: "iss" and "aud" match, "exp" is there and not over, "nbf" and "iat", where they
// are there, are not ahead, and the subject is a text of 1 to 256 printable characters. Error:
// kUnauthenticated; its message tells one that is right but for its "exp" from all others. Pure
// function.
absl::StatusOr<TokenClaims> CheckToken(std::string_view token, const TokenIssuerOptions& options,
                                       const KeySet& keys, WallTime now);

// Whether the set has the key that a token names: if not, the set may be an old one.
bool HasKeyOf(std::string_view token, const KeySet& keys);

// The "iss" that a token claims, "" if it has none that can be read: whose keys to take.
std::string ClaimedIssuer(std::string_view token);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_IDENTITY_TOKEN_ISSUER_H_
