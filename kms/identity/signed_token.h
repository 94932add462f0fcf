// SignedToken: a JWS in its compact form (RFC 7515 §7.1), taken apart. Nothing in it is verified.
#ifndef FIELDKMS_KMS_IDENTITY_SIGNED_TOKEN_H_
#define FIELDKMS_KMS_IDENTITY_SIGNED_TOKEN_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/signature_key.h"

namespace fieldkms {

// A longer token is refused before it is looked at; gRPC lets about as much through.
inline constexpr size_t kMaxTokenSize = 8 << 10;

struct SignedToken {
  SignatureAlgorithm algorithm;   // that the header claims
  std::string kid;                // "" where it has none
  std::string payload;            // decoded
  std::string signature;          // decoded
  std::string_view signed_bytes;  // of the token: header and payload as they came
};

// ParseSignedToken returns nullopt for what is not exactly three parts of base64url with a JSON
// object as the header, in which "alg" is an algorithm of SignatureAlgorithm: neither "none" nor a
// symmetric one; and for a header with "crit", since no extension is known here, or one in which a
// member stands twice. The views are into `token`.
std::optional<SignedToken> ParseSignedToken(std::string_view token);

// Whether `key` has signed it, and by its own algorithm.
bool IsSignedBy(const SignedToken& token, const SignatureKey& key);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_IDENTITY_SIGNED_TOKEN_H_
