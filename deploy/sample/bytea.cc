#include "deploy/sample/bytea.h"

#include <cstddef>
#include <stdexcept>

#include "crypto/bytes.h"

namespace fieldkms::sample {
namespace {

unsigned Nibble(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<unsigned>(digit - 'a' + 10);
  throw std::invalid_argument("not a hex digit in a bytea value");
}

}  // namespace

std::string Hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out(bytes.size() * 2, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) {
    auto byte = static_cast<unsigned char>(bytes[i]);
    out[2 * i] = kDigits[byte >> 4U];
    out[2 * i + 1] = kDigits[byte & 15U];
  }
  return out;
}

std::string EncodeBytea(std::string_view bytes) { return "\\x" + Hex(bytes); }

std::string DecodeBytea(std::string_view text) {
  if (text.size() % 2 != 0 || !text.starts_with("\\x")) {
    throw std::invalid_argument("a bytea value is not in hex form");
  }
  std::string out(text.size() / 2 - 1, '\0');
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<char>((Nibble(text[2 * i + 2]) << 4U) | Nibble(text[2 * i + 3]));
  }
  return out;
}

std::string VersionBytes(uint32_t version) {
  std::string bytes(4, '\0');
  PutU32(reinterpret_cast<uint8_t*>(bytes.data()), version);
  return bytes;
}

}  // namespace fieldkms::sample
