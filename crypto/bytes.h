// Views of bytes, and big-endian integers.
#ifndef FIELDKMS_CRYPTO_BYTES_H_
#define FIELDKMS_CRYPTO_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace fieldkms {

using ByteView = std::span<const uint8_t>;
using MutableBytes = std::span<uint8_t>;

inline ByteView AsBytes(std::string_view s) {
  return {reinterpret_cast<const uint8_t*>(s.data()), s.size()};
}
inline MutableBytes AsMutableBytes(std::string& s) {
  return {reinterpret_cast<uint8_t*>(s.data()), s.size()};
}
inline std::string_view AsText(ByteView b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}

// ConstantTimeEqual compares in time that depends on the lengths only. Lengths are public.
bool ConstantTimeEqual(ByteView a, ByteView b);

// Wipe overwrites memory in a way that no compiler removes: the barrier may read
// it. Inline, since small secrets are wiped for every message.
inline void Wipe(MutableBytes bytes) {
  if (bytes.empty()) return;
  std::memset(bytes.data(), 0, bytes.size());
  asm volatile("" : : "r"(bytes.data()) : "memory");
}

// Wipes what `text` holds, not what a reallocation left behind.
inline void WipeString(std::string* text) { Wipe(AsMutableBytes(*text)); }

inline void PutU16(uint8_t* out, uint16_t v) {
  out[0] = static_cast<uint8_t>(v >> 8);
  out[1] = static_cast<uint8_t>(v);
}
inline void PutU32(uint8_t* out, uint32_t v) {
  PutU16(out, static_cast<uint16_t>(v >> 16));
  PutU16(out + 2, static_cast<uint16_t>(v));
}
inline void PutU64(uint8_t* out, uint64_t v) {
  PutU32(out, static_cast<uint32_t>(v >> 32));
  PutU32(out + 4, static_cast<uint32_t>(v));
}
inline uint16_t GetU16(const uint8_t* in) {
  return static_cast<uint16_t>((uint16_t{in[0]} << 8) | uint16_t{in[1]});
}
inline uint32_t GetU32(const uint8_t* in) {
  return (uint32_t{GetU16(in)} << 16) | uint32_t{GetU16(in + 2)};
}
inline uint64_t GetU64(const uint8_t* in) {
  return (uint64_t{GetU32(in)} << 32) | uint64_t{GetU32(in + 4)};
}

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_BYTES_H_
