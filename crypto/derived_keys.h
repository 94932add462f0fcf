// The calling thread's keyed OpenSSL contexts for XAES-256-GCM, and for its
// key-committing form. Internal to
// crypto/. Nothing here is shared between threads but the epoch of
// ForgetDerivedKeys, so there is no lock and no contended reference count.
#ifndef FIELDKMS_CRYPTO_DERIVED_KEYS_H_
#define FIELDKMS_CRYPTO_DERIVED_KEYS_H_

#include <array>
#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/aes_ecb.h"
#include "crypto/aes_gcm.h"
#include "crypto/bytes.h"

namespace fieldkms {

// What DerivedKeys needs of an XaesKey. Views: valid during a call.
struct XaesKeyView {
  uint64_t id;                      // never 0, never reused
  std::span<const uint8_t, 32> k;   // K
  std::span<const uint8_t, 16> k1;  // K1
};

// Error: kFailedPrecondition (kCryptoFailure) for a key that a fork has wiped, in the child.
absl::Status CheckNotWiped(const XaesKeyView& key);

// How often ForgetDerivedKeys was called: what a thread keeps of an earlier epoch is to
// be dropped before its next use.
uint64_t ForgetEpoch();

class DerivedKeys {
 public:
  // The calling thread's. Drops all keys first if ForgetDerivedKeys was called.
  static DerivedKeys& OfThread();

  // The context for Seal or Open, keyed with the message key of `key` and
  // nonce[0:12]. Valid until the next call.
  absl::StatusOr<AesGcm*> ForSeal(const XaesKeyView& key, std::span<const uint8_t, 12> prefix) {
    return seal_.For(*this, key, prefix);
  }
  absl::StatusOr<AesGcm*> ForOpen(const XaesKeyView& key, std::span<const uint8_t, 12> prefix) {
    return open_.For(*this, key, prefix);
  }

  // The same, and the key commitment of `key` and `nonce` (KC of eprint 2025/758).
  absl::StatusOr<AesGcm*> ForCommittingSeal(const XaesKeyView& key,
                                            std::span<const uint8_t, 24> nonce,
                                            std::span<uint8_t, 32> commitment) {
    return seal_.ForCommitting(*this, key, nonce, commitment);
  }
  absl::StatusOr<AesGcm*> ForCommittingOpen(const XaesKeyView& key,
                                            std::span<const uint8_t, 24> nonce,
                                            std::span<uint8_t, 32> commitment) {
    return open_.ForCommitting(*this, key, nonce, commitment);
  }

  // AES-256 in ECB mode under K: `out` = E_K of each 16-byte block of `in`.
  // `out` may be `in`.
  absl::Status EncryptBlocks(uint64_t key_id, std::span<const uint8_t, 32> k, ByteView in,
                             MutableBytes out);

  // Drops and wipes every key.
  void Clear();

 private:
  // One message key: the last one derived for a direction.
  struct Derived {
    explicit Derived(AesGcm::Direction direction) : gcm(direction) {}
    ~Derived();
    Derived(const Derived&) = delete;
    Derived& operator=(const Derived&) = delete;
    absl::StatusOr<AesGcm*> For(DerivedKeys& keys, const XaesKeyView& key,
                                std::span<const uint8_t, 12> prefix);
    absl::StatusOr<AesGcm*> ForCommitting(DerivedKeys& keys, const XaesKeyView& key,
                                          std::span<const uint8_t, 24> nonce,
                                          std::span<uint8_t, 32> commitment);
    bool Holds(const XaesKeyView& key, std::span<const uint8_t, 12> prefix) const;
    void Keep(const XaesKeyView& key, std::span<const uint8_t, 12> prefix, bool with_mask);
    void Clear();

    uint64_t key_id = 0;  // 0: none
    std::array<uint8_t, 12> nonce_prefix = {};
    bool has_mask = false;                         // not after For
    std::array<uint8_t, 16> commitment_mask = {};  // C1 xor K1
    AesGcm gcm;
  };

  static constexpr size_t kBlockCiphers = 16;

  absl::Status Derive(const XaesKeyView& key, std::span<const uint8_t, 12> prefix,
                      std::span<uint8_t, 32> message_key);
  absl::Status DeriveCommitting(const XaesKeyView& key, std::span<const uint8_t, 12> prefix,
                                Derived* derived);

  uint64_t epoch_ = 0;
  Derived seal_{AesGcm::Direction::kSeal};
  Derived open_{AesGcm::Direction::kOpen};
  std::array<AesEcb, kBlockCiphers> block_ciphers_;  // K of XaesKeys, by key id modulo their number
};

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_DERIVED_KEYS_H_
