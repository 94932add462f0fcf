#include "crypto/derived_keys.h"

#include <algorithm>
#include <atomic>

#include "crypto/status.h"
#include "crypto/xaes_gcm.h"

namespace fieldkms {
namespace {

std::atomic<uint64_t> forget_epoch{0};

// Input blocks of XAES-256-GCM: K1 xor (00 ‖ i ‖ "X" ‖ 00 ‖ nonce[0:12]), i = 1, 2.
void FillBlock(uint8_t i, std::span<const uint8_t, 16> k1, std::span<const uint8_t, 12> prefix,
               uint8_t* block) {
  block[0] = k1[0];
  block[1] = static_cast<uint8_t>(k1[1] ^ i);
  block[2] = static_cast<uint8_t>(k1[2] ^ 'X');
  block[3] = k1[3];
  for (size_t j = 0; j < prefix.size(); ++j) {
    block[4 + j] = static_cast<uint8_t>(k1[4 + j] ^ prefix[j]);
  }
}

bool AllZero(std::span<const uint8_t, 16> block) {
  uint8_t any = 0;
  for (const uint8_t byte : block) any = static_cast<uint8_t>(any | byte);
  return any == 0;
}

}  // namespace

void ForgetDerivedKeys() { forget_epoch.fetch_add(1, std::memory_order_release); }

DerivedKeys& DerivedKeys::OfThread() {
  thread_local DerivedKeys keys;
  const uint64_t epoch = forget_epoch.load(std::memory_order_acquire);
  if (keys.epoch_ != epoch) {
    keys.Clear();
    keys.epoch_ = epoch;
  }
  return keys;
}

void DerivedKeys::Clear() {
  for (Derived* derived : {&seal_, &open_}) {
    derived->key_id = 0;
    derived->gcm.Clear();
  }
  for (BlockCipher& cipher : block_ciphers_) cipher = BlockCipher();
}

absl::StatusOr<AesGcm*> DerivedKeys::Derived::For(DerivedKeys& keys, const XaesKeyView& key,
                                                  std::span<const uint8_t, 12> prefix) {
  if (key_id == key.id && std::equal(prefix.begin(), prefix.end(), nonce_prefix.begin())) {
    return &gcm;
  }
  key_id = 0;
  std::array<uint8_t, 32> message_key;
  absl::Status status = keys.Derive(key, prefix, message_key);
  if (status.ok()) status = gcm.SetKey(message_key);
  Wipe(message_key);
  if (!status.ok()) return status;
  std::copy(prefix.begin(), prefix.end(), nonce_prefix.begin());
  key_id = key.id;
  return &gcm;
}

absl::Status DerivedKeys::Derive(const XaesKeyView& key, std::span<const uint8_t, 12> prefix,
                                 std::span<uint8_t, 32> message_key) {
  // The slab is zeroed in the child of a fork: refuse to encrypt under nothing.
  // A true K1 is zero with a chance of 2^-128.
  if (AllZero(key.k1)) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kCryptoFailure,
                 "the key was wiped by a fork of the process");
  }
  std::array<uint8_t, 32> blocks;
  FillBlock(1, key.k1, prefix, blocks.data());
  FillBlock(2, key.k1, prefix, blocks.data() + 16);
  absl::Status status = EncryptBlocks(key.id, key.k, blocks, message_key);
  Wipe(blocks);  // gives K1 away
  return status;
}

absl::Status DerivedKeys::EncryptBlocks(uint64_t key_id, std::span<const uint8_t, 32> k,
                                        ByteView in, MutableBytes out) {
  BlockCipher& cipher = block_ciphers_[key_id % kBlockCiphers];
  if (cipher.key_id != key_id) {
    cipher.key_id = 0;
    EVP_CIPHER* algorithm = nullptr;  // keeps the one that the context has
    if (cipher.ctx == nullptr) {
      cipher.ctx.reset(EVP_CIPHER_CTX_new());
      algorithm = Aes256Ecb();
    }
    if (cipher.ctx == nullptr ||
        EVP_EncryptInit_ex(cipher.ctx.get(), algorithm, nullptr, k.data(), nullptr) != 1 ||
        EVP_CIPHER_CTX_set_padding(cipher.ctx.get(), 0) != 1) {
      cipher.ctx.reset();
      return CryptoFailure("AES-256 key setup");
    }
    cipher.key_id = key_id;
  }
  int written = 0;
  if (EVP_EncryptUpdate(cipher.ctx.get(), out.data(), &written, in.data(),
                        static_cast<int>(in.size())) != 1 ||
      static_cast<size_t>(written) != in.size()) {
    cipher = BlockCipher();
    return CryptoFailure("AES-256 encryption");
  }
  return absl::OkStatus();
}

}  // namespace fieldkms
