#include "crypto/aes_gcm.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <climits>

#include "crypto/openssl.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr size_t kMaxInput = INT_MAX;  // EVP's lengths are int

absl::Status Misuse(absl::StatusCode code, std::string_view rule) {
  return Error(code, Reason::kInternal, rule);
}

// CheckSizes holds before any cast of a length to int.
inline absl::Status CheckSizes(bool keyed, ByteView aad, size_t input, size_t output,
                               size_t expected) {
  if (!keyed) return Misuse(absl::StatusCode::kFailedPrecondition, "AES-256-GCM has no key");
  if (aad.size() > kMaxInput || input > kMaxInput) {
    return Misuse(absl::StatusCode::kInvalidArgument, "AES-256-GCM takes at most 2^31 - 1 bytes");
  }
  if (output != expected) {
    return Misuse(absl::StatusCode::kInvalidArgument, "the output of AES-256-GCM is of wrong size");
  }
  return absl::OkStatus();
}

// Update feeds `in` to the cipher; a null `out` makes it AAD. OpenSSL takes an
// empty input with a null pointer for the end of the message: skip it.
bool Update(EVP_CIPHER_CTX* ctx, ByteView in, uint8_t* out) {
  if (in.empty()) return true;
  int written = 0;
  return EVP_CipherUpdate(ctx, out, &written, in.data(), static_cast<int>(in.size())) == 1 &&
         static_cast<size_t>(written) == in.size();
}

// Finish ends the message: makes the tag, or checks it. GCM has no last block.
bool Finish(EVP_CIPHER_CTX* ctx) {
  uint8_t no_block[EVP_MAX_BLOCK_LENGTH];
  int written = 0;
  return EVP_CipherFinal_ex(ctx, no_block, &written) == 1;
}

// What EVP_CTRL_AEAD_GET_TAG and _SET_TAG come to, without what is around them.
bool GetTag(EVP_CIPHER_CTX* ctx, uint8_t* tag) {
  OSSL_PARAM params[] = {OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, kGcmTagSize),
                         OSSL_PARAM_END};
  return EVP_CIPHER_CTX_get_params(ctx, params) == 1;
}

bool SetTag(EVP_CIPHER_CTX* ctx, const uint8_t* tag) {
  const OSSL_PARAM params[] = {
      OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, const_cast<uint8_t*>(tag), kGcmTagSize),
      OSSL_PARAM_END};
  return EVP_CIPHER_CTX_set_params(ctx, params) == 1;
}

}  // namespace

void AesGcm::CtxDeleter::operator()(evp_cipher_ctx_st* ctx) const { EVP_CIPHER_CTX_free(ctx); }

AesGcm::AesGcm(Direction direction) : direction_(direction), ctx_(EVP_CIPHER_CTX_new()) {}

AesGcm::~AesGcm() { DropNextKey(); }

absl::Status AesGcm::SetKey(std::span<const uint8_t, 32> key) {
  if (ctx_ == nullptr) return CryptoFailure("EVP_CIPHER_CTX_new");
  std::copy(key.begin(), key.end(), StageKey().begin());
  return absl::OkStatus();
}

std::span<uint8_t, 32> AesGcm::StageKey() {
  keyed_ = ctx_ != nullptr;
  next_key_set_ = true;
  return next_key_;
}

void AesGcm::Clear() {
  keyed_ = false;
  DropNextKey();
  if (ctx_ != nullptr) EVP_CIPHER_CTX_reset(ctx_.get());  // the provider wipes the schedule
}

void AesGcm::DropNextKey() {
  Wipe(next_key_);
  next_key_set_ = false;
}

bool AesGcm::Begin(std::span<const uint8_t, 12> nonce) {
  EVP_CIPHER_CTX* ctx = ctx_.get();
  if (!next_key_set_)
    return EVP_CipherInit_ex(ctx, nullptr, nullptr, nullptr, nonce.data(), -1) == 1;
  // With a cipher given, OpenSSL rebuilds the context: give it the first time only.
  EVP_CIPHER* cipher = EVP_CIPHER_CTX_get0_cipher(ctx) == nullptr ? Aes256Gcm() : nullptr;
  const int encrypt = direction_ == Direction::kSeal ? 1 : 0;
  keyed_ = EVP_CipherInit_ex(ctx, cipher, nullptr, next_key_.data(), nonce.data(), encrypt) == 1;
  DropNextKey();
  return keyed_;
}

absl::Status AesGcm::Seal(std::span<const uint8_t, 12> nonce, ByteView aad, ByteView plaintext,
                          MutableBytes out) {
  if (direction_ != Direction::kSeal) {
    return Misuse(absl::StatusCode::kFailedPrecondition, "this AES-256-GCM context only opens");
  }
  FIELDKMS_RETURN_IF_ERROR(
      CheckSizes(keyed_, aad, plaintext.size(), out.size(), plaintext.size() + kGcmTagSize));
  EVP_CIPHER_CTX* ctx = ctx_.get();
  if (!Begin(nonce) || !Update(ctx, aad, nullptr) || !Update(ctx, plaintext, out.data()) ||
      !Finish(ctx) || !GetTag(ctx, out.data() + plaintext.size())) {
    Wipe(out);
    return CryptoFailure("AES-256-GCM encryption");
  }
  return absl::OkStatus();
}

absl::Status AesGcm::Open(std::span<const uint8_t, 12> nonce, ByteView aad, ByteView sealed,
                          MutableBytes out) {
  if (direction_ != Direction::kOpen) {
    return Misuse(absl::StatusCode::kFailedPrecondition, "this AES-256-GCM context only seals");
  }
  if (sealed.size() < kGcmTagSize) {
    Wipe(out);
    return DecryptError(Reason::kTagMismatch);
  }
  const ByteView ciphertext = sealed.first(sealed.size() - kGcmTagSize);
  FIELDKMS_RETURN_IF_ERROR(CheckSizes(keyed_, aad, sealed.size(), out.size(), ciphertext.size()));
  EVP_CIPHER_CTX* ctx = ctx_.get();
  if (!Begin(nonce) || !SetTag(ctx, sealed.data() + ciphertext.size()) ||
      !Update(ctx, aad, nullptr) || !Update(ctx, ciphertext, out.data())) {
    Wipe(out);
    return CryptoFailure("AES-256-GCM decryption");
  }
  if (!Finish(ctx)) {
    Wipe(out);  // OpenSSL has written the unauthenticated plaintext
    ERR_clear_error();
    return DecryptError(Reason::kTagMismatch);
  }
  return absl::OkStatus();
}

}  // namespace fieldkms
