#include "rotation/source/sodium_det.h"

#include <sodium/crypto_generichash.h>
#include <sodium/crypto_stream_xchacha20.h>

#include <array>
#include <cstdint>

namespace fieldkms::rotation {
namespace {

using Block = std::array<uint8_t, kSodiumDetTagSize>;

Block Hash(ByteView input, ByteView key) {
  Block out = {};
  crypto_generichash(out.data(), out.size(), input.data(), input.size(), key.data(), key.size());
  return out;
}

// Twice, in the field of 2^256 elements.
void Double(Block* block) {
  const bool carry = ((*block)[0] & 0x80) != 0;
  for (size_t i = 0; i + 1 < block->size(); ++i) {
    (*block)[i] = static_cast<uint8_t>((*block)[i] << 1 | (*block)[i + 1] >> 7);
  }
  block->back() = static_cast<uint8_t>(block->back() << 1);
  if (!carry) return;
  (*block)[30] ^= 0x04;
  (*block)[31] ^= 0x25;
}

void Xor(ByteView with, Block* block) {
  for (size_t i = 0; i < with.size(); ++i) (*block)[i] ^= with[i];
}

Block TagOf(ByteView message, ByteView data, ByteView nonce, ByteView key) {
  Block sum = Hash(Block{}, key);
  for (const ByteView part : {data, nonce}) {
    if (part.empty()) continue;
    Double(&sum);
    Xor(Hash(part, key), &sum);
  }
  // The end of the message is summed up; a short one is filled up to a block.
  ByteView before;
  if (message.size() >= sum.size()) {
    before = message.first(message.size() - sum.size());
    Xor(message.last(sum.size()), &sum);
  } else {
    Double(&sum);
    Xor(message, &sum);
    sum[message.size()] ^= 0x80;
  }
  crypto_generichash_state state;
  crypto_generichash_init(&state, key.data(), key.size(), sum.size());
  crypto_generichash_update(&state, before.data(), before.size());
  crypto_generichash_update(&state, sum.data(), sum.size());
  Block tag = {};
  crypto_generichash_final(&state, tag.data(), tag.size());
  Wipe({reinterpret_cast<uint8_t*>(&state), sizeof(state)});
  Wipe(sum);
  return tag;
}

}  // namespace

bool OpenSodiumDet(ByteView sealed, ByteView data, ByteView nonce, ByteView key,
                   WipedBuffer* opened) {
  constexpr size_t kKeySize = 32;
  if (sealed.size() < kSodiumDetTagSize || key.size() != kKeySize) return false;
  const ByteView cipher = sealed.first(sealed.size() - kSodiumDetTagSize);
  const ByteView tag = sealed.last(kSodiumDetTagSize);
  std::array<uint8_t, 2 * kKeySize> keys = {};
  crypto_generichash(keys.data(), keys.size(), nullptr, 0, key.data(), key.size());
  const ByteView tag_key = ByteView(keys).first(kKeySize);
  opened->resize(cipher.size());
  // The cipher takes as much of the tag as its nonces are long.
  crypto_stream_xchacha20_xor(opened->data(), cipher.data(), cipher.size(), tag.data(),
                              keys.data() + kKeySize);
  const bool fits = ConstantTimeEqual(TagOf(*opened, data, nonce, tag_key), tag);
  Wipe(keys);
  if (!fits) opened->clear();
  return fits;
}

}  // namespace fieldkms::rotation
