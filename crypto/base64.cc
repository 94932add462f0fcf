#include "crypto/base64.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace fieldkms {
namespace {

constexpr std::string_view kPaddedAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr uint8_t kNotInAlphabet = 0xff;

using Digits = std::array<uint8_t, 256>;

constexpr Digits DigitsOf(std::string_view alphabet) {
  Digits digits = {};
  digits.fill(kNotInAlphabet);
  for (size_t i = 0; i < alphabet.size(); ++i) {
    digits[static_cast<uint8_t>(alphabet[i])] = static_cast<uint8_t>(i);
  }
  return digits;
}

constexpr Digits kPaddedDigits = DigitsOf(kPaddedAlphabet);
constexpr Digits kUrlDigits = DigitsOf(kUrlAlphabet);

// Cuts the padding off. False: not as long as padded text is, or padded too much.
bool CutPadding(ByteView* text) {
  if (text->size() % 4 != 0) return false;
  for (int i = 0; i < 2 && !text->empty() && text->back() == '='; ++i) {
    *text = text->first(text->size() - 1);
  }
  return true;
}

}  // namespace

void EncodeBase64(Base64 form, ByteView bytes, MutableBytes text) {
  const std::string_view alphabet = form == Base64::kPadded ? kPaddedAlphabet : kUrlAlphabet;
  uint32_t bits = 0;   // the low `count` bits are still to be written
  unsigned count = 0;  // under 6 between bytes
  size_t written = 0;
  for (const uint8_t byte : bytes) {
    bits = (bits << 8 | byte) & 0xffff;
    for (count += 8; count >= 6; count -= 6) {
      text[written++] = static_cast<uint8_t>(alphabet[bits >> (count - 6) & 63]);
    }
  }
  if (count > 0) text[written++] = static_cast<uint8_t>(alphabet[bits << (6 - count) & 63]);
  while (written < text.size()) text[written++] = '=';
}

std::optional<size_t> DecodeBase64(Base64 form, ByteView text, MutableBytes bytes) {
  if (form == Base64::kPadded && !CutPadding(&text)) return std::nullopt;
  if (text.size() % 4 == 1) return std::nullopt;  // six bits make no byte
  const Digits& digits = form == Base64::kPadded ? kPaddedDigits : kUrlDigits;
  uint32_t bits = 0;
  unsigned count = 0;
  size_t written = 0;
  for (const uint8_t c : text) {
    const uint8_t digit = digits[c];
    if (digit == kNotInAlphabet) return std::nullopt;
    bits = (bits << 6 | digit) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes[written++] = static_cast<uint8_t>(bits >> count);
  }
  // Two texts must not stand for the same bytes.
  if ((bits & ((1U << count) - 1)) != 0) return std::nullopt;
  return written;
}

}  // namespace fieldkms
