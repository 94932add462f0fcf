#include "crypto/aes_ecb.h"

namespace fieldkms {
namespace {

EVP_CIPHER* AlgorithmOf(size_t key_size) {
  if (key_size == 16) return Aes128Ecb();
  return key_size == 24 ? Aes192Ecb() : Aes256Ecb();
}

}  // namespace

bool AesEcb::Schedule(uint64_t key_id, ByteView key) {
  key_id_ = 0;
  if (ctx_ == nullptr) ctx_.reset(EVP_CIPHER_CTX_new());
  // Null keeps the algorithm that the context has.
  EVP_CIPHER* const algorithm = key_size_ == key.size() ? nullptr : AlgorithmOf(key.size());
  // Padding is left on: it would be added at the end of a message, which never comes, and
  // to turn it off costs as much as a key.
  if (ctx_ == nullptr ||
      EVP_EncryptInit_ex(ctx_.get(), algorithm, nullptr, key.data(), nullptr) != 1) {
    *this = AesEcb();
    return false;
  }
  key_id_ = key_id;
  key_size_ = key.size();
  return true;
}

}  // namespace fieldkms
