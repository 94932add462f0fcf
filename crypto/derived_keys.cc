#include "crypto/derived_keys.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>

#include "crypto/openssl.h"
#include "crypto/status.h"
#include "crypto/xaes_gcm.h"

namespace fieldkms {
namespace {

std::atomic<uint64_t> forget_epoch{0};

// Input blocks of XAES-256-GCM: K1 xor (00 ‖ i ‖ "X" ‖ 00 ‖ nonce[0:12]), i = 1, 2.
// Put together in words, in the machine's order: this runs for every message, and
// bytes written one by one and read back as words stall the processor.
void FillBlocks(std::span<const uint8_t, 16> k1, std::span<const uint8_t, 12> prefix,
                std::span<uint8_t, 32> blocks) {
  static constexpr uint8_t kHeads[2][8] = {{0, 1, 'X', 0}, {0, 2, 'X', 0}};
  static_assert(std::endian::native == std::endian::little);
  uint64_t head, mask[2], tail[2];
  uint32_t start;
  std::memcpy(mask, k1.data(), sizeof mask);
  std::memcpy(&start, prefix.data(), sizeof start);
  std::memcpy(&tail[1], prefix.data() + 4, sizeof tail[1]);
  tail[0] = mask[0] ^ (uint64_t{start} << 32);
  tail[1] ^= mask[1];
  for (size_t i = 0; i < 2; ++i) {
    std::memcpy(&head, kHeads[i], sizeof head);
    head ^= tail[0];
    std::memcpy(blocks.data() + 16 * i, &head, sizeof head);
    std::memcpy(blocks.data() + 16 * i + 8, &tail[1], sizeof tail[1]);
  }
}

// Input block of C1: "XCMT" ‖ nonce[0:12].
void FillCommitmentBlock(std::span<const uint8_t, 12> prefix, std::span<uint8_t, 16> block) {
  std::memcpy(block.data(), "XCMT", 4);
  std::memcpy(block.data() + 4, prefix.data(), prefix.size());
}

// Input blocks of KC: C1 xor K1 xor (nonce[12:24] ‖ 00 01 00 ‖ i), i = 1, 2. In words, too.
void FillCommitmentBlocks(std::span<const uint8_t, 16> c1_k1, std::span<const uint8_t, 12> suffix,
                          std::span<uint8_t, 32> blocks) {
  static constexpr uint8_t kTails[2][4] = {{0, 1, 0, 1}, {0, 1, 0, 2}};
  uint64_t mask[2], start;
  uint32_t middle, tail;
  std::memcpy(mask, c1_k1.data(), sizeof mask);
  std::memcpy(&start, suffix.data(), sizeof start);
  std::memcpy(&middle, suffix.data() + 8, sizeof middle);
  for (size_t i = 0; i < 2; ++i) {
    std::memcpy(&tail, kTails[i], sizeof tail);
    const uint64_t words[2] = {mask[0] ^ start, mask[1] ^ middle ^ (uint64_t{tail} << 32)};
    std::memcpy(blocks.data() + 16 * i, words, sizeof words);
  }
}

bool AllZero(std::span<const uint8_t, 16> block) {
  uint64_t words[2];
  std::memcpy(words, block.data(), sizeof words);
  return (words[0] | words[1]) == 0;
}

}  // namespace

// The slab is zeroed in the child of a fork: refuse to encrypt under nothing.
// A true K1 is zero with a chance of 2^-128.
absl::Status CheckNotWiped(const XaesKeyView& key) {
  if (!AllZero(key.k1)) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kCryptoFailure,
               "the key was wiped by a fork of the process");
}

void ForgetDerivedKeys() { forget_epoch.fetch_add(1, std::memory_order_release); }

uint64_t ForgetEpoch() { return forget_epoch.load(std::memory_order_acquire); }

DerivedKeys& DerivedKeys::OfThread() {
  thread_local DerivedKeys keys;
  const uint64_t epoch = ForgetEpoch();
  if (keys.epoch_ != epoch) {
    keys.Clear();
    keys.epoch_ = epoch;
  }
  return keys;
}

void DerivedKeys::Clear() {
  for (Derived* derived : {&seal_, &open_}) derived->Clear();
  block_ciphers_ = {};
}

DerivedKeys::Derived::~Derived() { Wipe(commitment_mask); }

void DerivedKeys::Derived::Clear() {
  key_id = 0;
  gcm.Clear();
  Wipe(commitment_mask);
}

inline bool DerivedKeys::Derived::Holds(const XaesKeyView& key,
                                        std::span<const uint8_t, 12> prefix) const {
  return key_id == key.id && std::equal(prefix.begin(), prefix.end(), nonce_prefix.begin()) &&
         gcm.keyed();
}

inline void DerivedKeys::Derived::Keep(const XaesKeyView& key, std::span<const uint8_t, 12> prefix,
                                       bool with_mask) {
  std::copy(prefix.begin(), prefix.end(), nonce_prefix.begin());
  has_mask = with_mask;
  key_id = key.id;
}

absl::StatusOr<AesGcm*> DerivedKeys::Derived::For(DerivedKeys& keys, const XaesKeyView& key,
                                                  std::span<const uint8_t, 12> prefix) {
  if (Holds(key, prefix)) return &gcm;
  key_id = 0;
  if (absl::Status status = keys.Derive(key, prefix, gcm.StageKey()); !status.ok()) {
    Clear();
    return status;
  }
  Keep(key, prefix, false);
  return &gcm;
}

absl::StatusOr<AesGcm*> DerivedKeys::Derived::ForCommitting(DerivedKeys& keys,
                                                            const XaesKeyView& key,
                                                            std::span<const uint8_t, 24> nonce,
                                                            std::span<uint8_t, 32> commitment) {
  // Also where the message key is at hand: KC takes K, whose own context may be evicted.
  FIELDKMS_RETURN_IF_ERROR(CheckNotWiped(key));
  const auto prefix = nonce.first<12>();
  if (!has_mask || !Holds(key, prefix)) {
    key_id = 0;
    if (absl::Status status = keys.DeriveCommitting(key, prefix, this); !status.ok()) {
      Clear();
      return status;
    }
    Keep(key, prefix, true);
  }
  std::array<uint8_t, 32> blocks;
  FillCommitmentBlocks(commitment_mask, nonce.last<12>(), blocks);
  const absl::Status status = keys.EncryptBlocks(key.id, key.k, blocks, commitment);
  Wipe(blocks);  // gives the mask away
  if (!status.ok()) return status;
  return &gcm;
}

absl::Status DerivedKeys::Derive(const XaesKeyView& key, std::span<const uint8_t, 12> prefix,
                                 std::span<uint8_t, 32> message_key) {
  FIELDKMS_RETURN_IF_ERROR(CheckNotWiped(key));
  std::array<uint8_t, 32> blocks;
  FillBlocks(key.k1, prefix, blocks);
  absl::Status status = EncryptBlocks(key.id, key.k, blocks, message_key);
  Wipe(blocks);  // gives K1 away
  return status;
}

// The message key and C1 in one pass through OpenSSL.
absl::Status DerivedKeys::DeriveCommitting(const XaesKeyView& key,
                                           std::span<const uint8_t, 12> prefix, Derived* derived) {
  std::array<uint8_t, 48> blocks;
  const std::span<uint8_t, 48> all(blocks);
  FillBlocks(key.k1, prefix, all.first<32>());
  FillCommitmentBlock(prefix, all.last<16>());
  absl::Status status = EncryptBlocks(key.id, key.k, blocks, blocks);
  if (status.ok()) {
    const auto message_key = all.first<32>();
    std::copy(message_key.begin(), message_key.end(), derived->gcm.StageKey().begin());
    for (size_t i = 0; i < key.k1.size(); ++i) {
      derived->commitment_mask[i] = static_cast<uint8_t>(blocks[32 + i] ^ key.k1[i]);
    }
  }
  Wipe(blocks);
  return status;
}

absl::Status DerivedKeys::EncryptBlocks(uint64_t key_id, std::span<const uint8_t, 32> k,
                                        ByteView in, MutableBytes out) {
  AesEcb& cipher = block_ciphers_[key_id % kBlockCiphers];
  if (!cipher.SetKey(key_id, k)) return CryptoFailure("AES-256 key setup");
  if (!cipher.Encrypt(in, out)) return CryptoFailure("AES-256 encryption");
  return absl::OkStatus();
}

}  // namespace fieldkms
