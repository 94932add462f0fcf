#include "crypto/aes_gcm.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
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

OSSL_PARAM TagParameter(const uint8_t* tag) {
  return OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, const_cast<uint8_t*>(tag),
                                 kGcmTagSize);
}

// What EVP_CTRL_GCM_SET_IV_FIXED with a length of -1 comes to.
OSSL_PARAM NonceParameter(const uint8_t* nonce) {
  return OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TLS1_IV_FIXED, const_cast<uint8_t*>(nonce),
                                 static_cast<size_t>(-1));
}

bool SetParameter(EVP_CIPHER_CTX* ctx, OSSL_PARAM parameter) {
  const OSSL_PARAM parameters[] = {parameter, OSSL_PARAM_END};
  return EVP_CIPHER_CTX_set_params(ctx, parameters) == 1;
}

// The tag of an empty message; all zero if anything fails.
std::array<uint8_t, kGcmTagSize> TagOfNothing(EVP_CIPHER_CTX* ctx) {
  std::array<uint8_t, kGcmTagSize> tag = {};
  if (!Finish(ctx) || !GetTag(ctx, tag.data())) tag.fill(0);
  return tag;
}

bool TryNonceParameter() {
  const EvpCipherCtx ctx(EVP_CIPHER_CTX_new());
  const uint8_t key[32] = {};
  const uint8_t first[kGcmNonceSize] = {1};
  const uint8_t second[kGcmNonceSize] = {2};
  if (ctx == nullptr || EVP_EncryptInit_ex(ctx.get(), Aes256Gcm(), nullptr, key, second) != 1) {
    return false;
  }
  const auto expected = TagOfNothing(ctx.get());
  if (EVP_EncryptInit_ex(ctx.get(), nullptr, nullptr, nullptr, first) != 1) return false;
  const auto other = TagOfNothing(ctx.get());
  const bool works = SetParameter(ctx.get(), NonceParameter(second)) &&
                     TagOfNothing(ctx.get()) == expected && other != expected;
  ERR_clear_error();  // a provider without it is no failure
  return works;
}

}  // namespace

void AesGcm::CtxDeleter::operator()(evp_cipher_ctx_st* ctx) const { EVP_CIPHER_CTX_free(ctx); }

bool AesGcm::NonceParameterWorks() {
  static const bool works = TryNonceParameter();
  return works;
}

AesGcm::AesGcm(Direction direction, bool use_nonce_parameter)
    : direction_(direction),
      use_nonce_parameter_(use_nonce_parameter),
      ctx_(EVP_CIPHER_CTX_new()) {}

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

bool AesGcm::BeginSeal(std::span<const uint8_t, 12> nonce) {
  if (next_key_set_ || !use_nonce_parameter_) return Init(nonce);
  return SetParameter(ctx_.get(), NonceParameter(nonce.data()));
}

bool AesGcm::BeginOpen(std::span<const uint8_t, 12> nonce, const uint8_t* tag) {
  if (next_key_set_ || !use_nonce_parameter_) {
    return Init(nonce) && SetParameter(ctx_.get(), TagParameter(tag));
  }
  const OSSL_PARAM parameters[] = {NonceParameter(nonce.data()), TagParameter(tag), OSSL_PARAM_END};
  return EVP_CIPHER_CTX_set_params(ctx_.get(), parameters) == 1;
}

bool AesGcm::Init(std::span<const uint8_t, 12> nonce) {
  EVP_CIPHER_CTX* ctx = ctx_.get();
  if (!next_key_set_) {
    return EVP_CipherInit_ex(ctx, nullptr, nullptr, nullptr, nonce.data(), -1) == 1;
  }
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
  if (!BeginSeal(nonce) || !Update(ctx, aad, nullptr) || !Update(ctx, plaintext, out.data()) ||
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
  if (!BeginOpen(nonce, sealed.data() + ciphertext.size()) || !Update(ctx, aad, nullptr) ||
      !Update(ctx, ciphertext, out.data())) {
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
