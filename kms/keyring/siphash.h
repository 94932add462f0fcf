// SipHash (https://www.aumasson.jp/siphash/siphash.pdf): a keyed hash for tables
// whose keys others choose. Not a MAC here: the result never leaves the process.
#ifndef FIELDKMS_KMS_KEYRING_SIPHASH_H_
#define FIELDKMS_KMS_KEYRING_SIPHASH_H_

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fieldkms {

struct SipHashKey {
  uint64_t k0 = 0;
  uint64_t k1 = 0;
};

// SipHash-C-D of `data`: C rounds a word, D at the end.
template <int C, int D>
uint64_t SipHash(const SipHashKey& key, std::string_view data) {
  static_assert(std::endian::native == std::endian::little, "words are read as they lie");
  uint64_t v0 = key.k0 ^ 0x736f6d6570736575;
  uint64_t v1 = key.k1 ^ 0x646f72616e646f6d;
  uint64_t v2 = key.k0 ^ 0x6c7967656e657261;
  uint64_t v3 = key.k1 ^ 0x7465646279746573;
  const auto rounds = [&](int count) {
    for (int i = 0; i < count; ++i) {
      v0 += v1, v1 = std::rotl(v1, 13) ^ v0, v0 = std::rotl(v0, 32);
      v2 += v3, v3 = std::rotl(v3, 16) ^ v2;
      v0 += v3, v3 = std::rotl(v3, 21) ^ v0;
      v2 += v1, v1 = std::rotl(v1, 17) ^ v2, v2 = std::rotl(v2, 32);
    }
  };
  const auto absorb = [&](uint64_t word) {
    v3 ^= word;
    rounds(C);
    v0 ^= word;
  };
  const uint64_t length = data.size();
  for (; data.size() >= 8; data.remove_prefix(8)) {
    uint64_t word;
    memcpy(&word, data.data(), 8);
    absorb(word);
  }
  uint64_t last = length << 56;
  for (size_t i = 0; i < data.size(); ++i) {
    last |= uint64_t{static_cast<uint8_t>(data[i])} << (8 * i);
  }
  absorb(last);
  v2 ^= 0xff;
  rounds(D);
  return v0 ^ v1 ^ v2 ^ v3;
}

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_SIPHASH_H_
