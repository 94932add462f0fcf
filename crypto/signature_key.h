// SignatureKey: a public key that verifies signatures of one algorithm of JWS (RFC 7518 §3,
// RFC 8037), and of no other: what a message says of its algorithm cannot choose.
#ifndef FIELDKMS_CRYPTO_SIGNATURE_KEY_H_
#define FIELDKMS_CRYPTO_SIGNATURE_KEY_H_

#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/bytes.h"

// OpenSSL's EVP_PKEY, without its headers.
struct evp_pkey_st;

namespace fieldkms {

enum class SignatureAlgorithm {
  kRs256,  // RSASSA-PKCS1-v1_5 (RFC 8017 §8.2)
  kRs384,
  kRs512,
  kPs256,  // RSASSA-PSS, salt as long as the digest (RFC 8017 §8.1)
  kPs384,
  kPs512,
  kEs256,  // ECDSA over P-256 with SHA-256: R ‖ S, 64 bytes
  kEs384,  // ECDSA over P-384 with SHA-384: R ‖ S, 96 bytes
  kEdDsa,  // Ed25519 (RFC 8032)
};

// "RS256" and so on, as in a JWS header's "alg".
std::string_view SignatureAlgorithmName(SignatureAlgorithm algorithm);
std::optional<SignatureAlgorithm> ParseSignatureAlgorithm(std::string_view name);

// Immutable, so thread-safe. Big-endian numbers have no length of their own but for coordinates.
class SignatureKey {
 public:
  // Errors of all: kInvalidArgument, kInvalidField, naming the JWK's member at fault.
  // `n`: 2,048 to 8,192 bits; `e`: odd, 3 to 2^32 − 1.
  static absl::StatusOr<SignatureKey> Rsa(SignatureAlgorithm algorithm, ByteView n, ByteView e);
  // Coordinates of exactly the curve's length; a point on it.
  static absl::StatusOr<SignatureKey> Ec(SignatureAlgorithm algorithm, ByteView x, ByteView y);
  static absl::StatusOr<SignatureKey> Ed25519(ByteView x);  // 32 bytes

  SignatureAlgorithm algorithm() const { return algorithm_; }

  // False for whatever is not a signature of `message` by this key, malformed ones among it.
  bool Verify(ByteView message, ByteView signature) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  using Pkey = std::unique_ptr<evp_pkey_st, Free>;

  SignatureKey(SignatureAlgorithm algorithm, Pkey key)
      : algorithm_(algorithm), key_(std::move(key)) {}
  static absl::StatusOr<SignatureKey> Make(SignatureAlgorithm algorithm, evp_pkey_st* key,
                                           std::string_view member);

  SignatureAlgorithm algorithm_;
  Pkey key_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_SIGNATURE_KEY_H_
