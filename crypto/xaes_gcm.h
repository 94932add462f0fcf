// XAES-256-GCM (https://c2sp.org/XAES-256-GCM): AES-256-GCM with a 24-byte
// nonce. From key and nonce[0:12] a fresh AES-256-GCM key is derived, used with
// nonce[12:24]; random nonces are safe for 2^80 messages a key.
//
// Each thread keeps the last derived key in keyed OpenSSL contexts. A run of
// messages with one key and one nonce[0:12] (a batch whose nonces share a random
// start and count up in the last 12 bytes) derives once, in both directions.
//
// KC-XAES-256-GCM (eprint 2025/758, as AWS-LC has it) adds a commitment to the key:
// 32 bytes, KC, of key and nonce alone. A message opens under the key that it was
// sealed with and no other, also for those who know and choose keys. It takes two AES
// blocks a message more, and one a derived key. It does not commit to the AAD.
//
// The contexts are on OpenSSL's heap, not in the locked memory of SecretBytes:
// they are wiped by ForgetDerivedKeys and at the end of the thread.
#ifndef FIELDKMS_CRYPTO_XAES_GCM_H_
#define FIELDKMS_CRYPTO_XAES_GCM_H_

#include <cstdint>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "crypto/secret_bytes.h"

namespace fieldkms {

inline constexpr size_t kXaesKeySize = 32;
inline constexpr size_t kXaesNonceSize = 24;
inline constexpr size_t kXaesTagSize = 16;
inline constexpr size_t kXaesCommitmentSize = 32;
using XaesNonce = std::span<const uint8_t, kXaesNonceSize>;

// XaesKey is an immutable key with what the construction precomputes from it
// (K1 of the specification). Move-only; safe for concurrent use.
class XaesKey {
 public:
  // Takes 32 bytes. Error: kInvalidArgument for another size.
  static absl::StatusOr<XaesKey> Create(SecretBytes key);

  XaesKey(XaesKey&&) noexcept = default;
  XaesKey& operator=(XaesKey&&) noexcept = default;

  // Derive returns the key whose 32 bytes are HKDF-SHA256 of this one's with `salt` and
  // `info` (crypto/hkdf.h). Whoever derives keys for different uses gives each an `info` of
  // its own. Error: kFailedPrecondition for a key that a fork has wiped, in the child.
  absl::StatusOr<XaesKey> Derive(ByteView salt, ByteView info) const;

  // Seal writes ciphertext ‖ tag to `out`, plaintext.size() + 16 bytes.
  absl::Status Seal(XaesNonce nonce, ByteView aad, ByteView plaintext, MutableBytes out) const;

  // Open writes the plaintext to `out`, sealed.size() - 16 bytes. Error:
  // DecryptError(kTagMismatch) (also for sealed.size() < 16), `out` wiped.
  absl::Status Open(XaesNonce nonce, ByteView aad, ByteView sealed, MutableBytes out) const;

  // SealCommitting and OpenCommitting are the same for KC-XAES-256-GCM, whose
  // `commitment` is compared first, in constant time. Another one is
  // DecryptError(kTagMismatch) too. The ciphertext and tag are those of Seal: a nonce
  // is fresh for both together.
  absl::Status SealCommitting(XaesNonce nonce, ByteView aad, ByteView plaintext, MutableBytes out,
                              std::span<uint8_t, kXaesCommitmentSize> commitment) const;
  absl::Status OpenCommitting(XaesNonce nonce, ByteView aad, ByteView sealed,
                              std::span<const uint8_t, kXaesCommitmentSize> commitment,
                              MutableBytes out) const;

 private:
  XaesKey(SecretBytes material, uint64_t id) : material_(std::move(material)), id_(id) {}

  SecretBytes material_;  // K ‖ K1
  uint64_t id_;           // never reused in a process: names this key in thread caches
};

// ForgetDerivedKeys makes every thread drop its derived keys before its next
// Seal or Open, and its contexts of MAC keys (crypto/mac.h) and FF1 keys (crypto/ff1.h) before its
// next use of one. It is for whoever evicts or destroys a key; release 0.1 does neither yet, so
// nothing but tests calls it.
void ForgetDerivedKeys();

// BatchNonces hands out the nonces of one batch: a random start, and i added to
// the last 12 bytes modulo 2^96 for the i-th. At most 2^32 a batch.
class BatchNonces {
 public:
  static absl::StatusOr<BatchNonces> Start();
  // The next nonce, valid until the next call.
  XaesNonce Next();

 private:
  uint8_t nonce_[kXaesNonceSize] = {};
  bool started_ = false;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_XAES_GCM_H_
