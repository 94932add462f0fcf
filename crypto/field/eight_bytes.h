// Questions about all bytes of a text, asked of eight bytes at a time. Internal to crypto/field.
#ifndef FIELDKMS_CRYPTO_FIELD_EIGHT_BYTES_H_
#define FIELDKMS_CRYPTO_FIELD_EIGHT_BYTES_H_

#include <cstdint>
#include <cstring>
#include <string_view>

namespace fieldkms {

constexpr uint64_t EachByte(uint8_t byte) { return 0x0101010101010101u * byte; }

// What follows has a high bit set if a byte is such, and is 0 if none is. The bits do not tell
// which one: a byte may have its bit for what stands before it.
constexpr uint64_t AnyBeyondAscii(uint64_t eight) { return eight & EachByte(0x80); }
// `least`: at most 0x80.
constexpr uint64_t AnyBelow(uint64_t eight, uint8_t least) {
  return (eight - EachByte(least)) & ~eight & EachByte(0x80);
}
constexpr uint64_t AnyIs(uint64_t eight, uint8_t byte) {
  return AnyBelow(eight ^ EachByte(byte), 1);
}

// Whether `any(eight)` is 0 for all of `text`. Spaces stand for what is missing of eight.
template <class Any>
bool NoByteIs(std::string_view text, Any any) {
  uint64_t eight = EachByte(' '), found = 0;
  if (text.size() < sizeof eight) {
    if (!text.empty()) std::memcpy(&eight, text.data(), text.size());
    return any(eight) == 0;
  }
  const char* const last = text.data() + text.size() - sizeof eight;
  for (const char* at = text.data(); at < last; at += sizeof eight) {
    std::memcpy(&eight, at, sizeof eight);
    found |= any(eight);
  }
  std::memcpy(&eight, last, sizeof eight);
  return (found | any(eight)) == 0;
}

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_EIGHT_BYTES_H_
