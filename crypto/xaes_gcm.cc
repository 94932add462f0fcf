#include "crypto/xaes_gcm.h"

#include <algorithm>
#include <array>
#include <utility>

#include "crypto/aes_gcm.h"
#include "crypto/cached_key.h"
#include "crypto/derived_keys.h"
#include "crypto/hkdf.h"
#include "crypto/random.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr size_t kBlockSize = 16;
static_assert(kXaesNonceSize == 2 * kGcmNonceSize);
static_assert(kXaesTagSize == kGcmTagSize);

// Double multiplies by x in GF(2^128) (the CMAC way, NIST SP 800-38B), in time
// independent of the value.
void Double(std::span<uint8_t, kBlockSize> block) {
  const auto carry = static_cast<uint8_t>(block[0] >> 7);
  for (size_t i = 0; i + 1 < kBlockSize; ++i) {
    block[i] = static_cast<uint8_t>((block[i] << 1) | (block[i + 1] >> 7));
  }
  block[kBlockSize - 1] =
      static_cast<uint8_t>((block[kBlockSize - 1] << 1) ^ (0x87 & static_cast<uint8_t>(-carry)));
}

XaesKeyView View(const SecretBytes& material, uint64_t id) {
  const ByteView bytes = material.Expose();
  return {id, bytes.first<kXaesKeySize>(), bytes.subspan<kXaesKeySize, kBlockSize>()};
}

absl::Status MovedFrom() {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kInternal, "the key was moved away");
}

}  // namespace

absl::StatusOr<XaesKey> XaesKey::Create(SecretBytes key) {
  if (key.size() != kXaesKeySize) {
    return Error(absl::StatusCode::kInvalidArgument, Reason::kInternal,
                 "an XAES-256-GCM key has 32 bytes");
  }
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes material, SecretBytes::Allocate(kXaesKeySize + kBlockSize));
  const ByteView k = key.Expose();
  std::copy(k.begin(), k.end(), material.ExposeMutable().begin());
  const uint64_t id = NextKeyId();
  const auto k1 = material.ExposeMutable().subspan<kXaesKeySize, kBlockSize>();
  const std::array<uint8_t, kBlockSize> zero = {};
  FIELDKMS_RETURN_IF_ERROR(
      DerivedKeys::OfThread().EncryptBlocks(id, k.first<kXaesKeySize>(), zero, k1));
  Double(k1);
  return XaesKey(std::move(material), id);
}

absl::StatusOr<XaesKey> XaesKey::Derive(ByteView salt, ByteView info) const {
  if (material_.empty()) return MovedFrom();
  const XaesKeyView key = View(material_, id_);
  FIELDKMS_RETURN_IF_ERROR(CheckNotWiped(key));
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes derived, SecretBytes::Allocate(kXaesKeySize));
  FIELDKMS_RETURN_IF_ERROR(HkdfSha256(key.k, salt, info, derived.ExposeMutable()));
  return Create(std::move(derived));
}

absl::Status XaesKey::Seal(XaesNonce nonce, ByteView aad, ByteView plaintext,
                           MutableBytes out) const {
  if (material_.empty()) return MovedFrom();
  FIELDKMS_ASSIGN_OR_RETURN(
      AesGcm* const gcm,
      DerivedKeys::OfThread().ForSeal(View(material_, id_), nonce.first<kGcmNonceSize>()));
  return gcm->Seal(nonce.last<kGcmNonceSize>(), aad, plaintext, out);
}

absl::Status XaesKey::Open(XaesNonce nonce, ByteView aad, ByteView sealed, MutableBytes out) const {
  if (material_.empty()) return MovedFrom();
  FIELDKMS_ASSIGN_OR_RETURN(
      AesGcm* const gcm,
      DerivedKeys::OfThread().ForOpen(View(material_, id_), nonce.first<kGcmNonceSize>()));
  return gcm->Open(nonce.last<kGcmNonceSize>(), aad, sealed, out);
}

absl::Status XaesKey::SealCommitting(XaesNonce nonce, ByteView aad, ByteView plaintext,
                                     MutableBytes out,
                                     std::span<uint8_t, kXaesCommitmentSize> commitment) const {
  if (material_.empty()) return MovedFrom();
  FIELDKMS_ASSIGN_OR_RETURN(AesGcm* const gcm, DerivedKeys::OfThread().ForCommittingSeal(
                                                   View(material_, id_), nonce, commitment));
  return gcm->Seal(nonce.last<kGcmNonceSize>(), aad, plaintext, out);
}

absl::Status XaesKey::OpenCommitting(XaesNonce nonce, ByteView aad, ByteView sealed,
                                     std::span<const uint8_t, kXaesCommitmentSize> commitment,
                                     MutableBytes out) const {
  if (material_.empty()) return MovedFrom();
  std::array<uint8_t, kXaesCommitmentSize> expected;
  FIELDKMS_ASSIGN_OR_RETURN(AesGcm* const gcm, DerivedKeys::OfThread().ForCommittingOpen(
                                                   View(material_, id_), nonce, expected));
  if (!ConstantTimeEqual(expected, commitment)) {
    Wipe(out);
    return DecryptError(Reason::kTagMismatch);
  }
  return gcm->Open(nonce.last<kGcmNonceSize>(), aad, sealed, out);
}

absl::StatusOr<BatchNonces> BatchNonces::Start() {
  BatchNonces nonces;
  FIELDKMS_RETURN_IF_ERROR(FillNonce(nonces.nonce_));
  return nonces;
}

XaesNonce BatchNonces::Next() {
  if (!std::exchange(started_, true)) return nonce_;
  uint8_t* const counter = nonce_ + kGcmNonceSize;  // 96 bits, big-endian
  const uint64_t low = GetU64(counter + 4) + 1;
  PutU64(counter + 4, low);
  if (low == 0) PutU32(counter, GetU32(counter) + 1);
  return nonce_;
}

}  // namespace fieldkms
