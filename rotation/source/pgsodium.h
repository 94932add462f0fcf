// Values of pgsodium: crypto_secretbox, crypto_aead_ietf and crypto_aead_det, also as its column
// encryption writes them.
#ifndef FIELDKMS_ROTATION_SOURCE_PGSODIUM_H_
#define FIELDKMS_ROTATION_SOURCE_PGSODIUM_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"
#include "rotation/source/source_opener.h"
#include "rotation/source/source_text.h"

namespace fieldkms::rotation {

enum class SodiumConstruction : uint8_t {
  kSecretbox,  // XSalsa20-Poly1305, nonces of 24 bytes
  kAeadIetf,   // ChaCha20-Poly1305, nonces of 12 bytes
  kAeadDet,    // a synthetic nonce, pgsodium's own; one of 16 bytes may be given besides
};
inline constexpr size_t kSodiumKeySize = 32;

// The key that pgsodium makes of its root key for a key id (pgsodium.key.key_id, key_context).
// Error: kInternal.
absl::StatusOr<SecretBytes> DeriveSodiumKey(ByteView root, uint64_t key_id,
                                            std::string_view context);

class PgsodiumOpener : public SourceOpener {
 public:
  struct Options {
    SodiumConstruction construction = SodiumConstruction::kSecretbox;
    SecretBytes key;  // of kSodiumKeySize
    // Where the nonce is: the value's first bytes, or a column beside it (kNonce); otherwise it is
    // this one, of the construction's size, or, of kAeadDet, none.
    bool nonce_prefix = false;
    std::string nonce = {};
    SourceText text = SourceText::kBase64;
    bool holds_text = false;  // what it opens to must be UTF-8
    std::vector<SourceRole> roles = {};
  };
  static size_t NonceSize(SodiumConstruction construction);

  explicit PgsodiumOpener(Options options) : options_(std::move(options)) {}

  SourceKind kind() const override { return SourceKind::kPgsodium; }
  size_t columns_beside() const override { return options_.roles.size(); }
  absl::StatusOr<std::vector<SourceValue>> Open(std::span<const SourceCell> cells) const override;

 private:
  SourceValue OpenOne(const SourceCell& cell) const;

  const Options options_;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_SOURCE_PGSODIUM_H_
