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
constexpr uint8_t kNotInAlphabet = 0xff;  // of no digit, or of several together

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
  const char* const alphabet = (form == Base64::kPadded ? kPaddedAlphabet : kUrlAlphabet).data();
  uint8_t* out = text.data();
  const uint8_t* in = bytes.data();
  for (size_t left = bytes.size() / 3; left > 0; --left, in += 3, out += 4) {
    const uint32_t bits = uint32_t{in[0]} << 16 | uint32_t{in[1]} << 8 | in[2];
    out[0] = static_cast<uint8_t>(alphabet[bits >> 18]);
    out[1] = static_cast<uint8_t>(alphabet[bits >> 12 & 63]);
    out[2] = static_cast<uint8_t>(alphabet[bits >> 6 & 63]);
    out[3] = static_cast<uint8_t>(alphabet[bits & 63]);
  }
  const size_t left = bytes.size() % 3;
  if (left == 0) return;
  const uint32_t bits = uint32_t{in[0]} << 16 | (left == 2 ? uint32_t{in[1]} << 8 : 0);
  *out++ = static_cast<uint8_t>(alphabet[bits >> 18]);
  *out++ = static_cast<uint8_t>(alphabet[bits >> 12 & 63]);
  if (left == 2) *out++ = static_cast<uint8_t>(alphabet[bits >> 6 & 63]);
  while (out != text.data() + text.size()) *out++ = '=';
}

std::optional<size_t> DecodeBase64(Base64 form, ByteView text, MutableBytes bytes) {
  if (form == Base64::kPadded && !CutPadding(&text)) return std::nullopt;
  if (text.size() % 4 == 1) return std::nullopt;  // six bits make no byte
  const Digits& digits = form == Base64::kPadded ? kPaddedDigits : kUrlDigits;
  const uint8_t* in = text.data();
  uint8_t* out = bytes.data();
  for (size_t left = text.size() / 4; left > 0; --left, in += 4, out += 3) {
    const uint32_t a = digits[in[0]], b = digits[in[1]], c = digits[in[2]], d = digits[in[3]];
    if ((a | b | c | d) == kNotInAlphabet) return std::nullopt;
    const uint32_t bits = a << 18 | b << 12 | c << 6 | d;
    out[0] = static_cast<uint8_t>(bits >> 16);
    out[1] = static_cast<uint8_t>(bits >> 8);
    out[2] = static_cast<uint8_t>(bits);
  }
  size_t written = text.size() / 4 * 3;
  const size_t left = text.size() % 4;
  if (left == 0) return written;
  const uint32_t a = digits[in[0]], b = digits[in[1]], c = left == 3 ? digits[in[2]] : 0;
  if ((a | b | c) == kNotInAlphabet) return std::nullopt;
  const uint32_t bits = a << 18 | b << 12 | c << 6;
  // Two texts must not stand for the same bytes.
  if ((bits & (left == 3 ? 0xff : 0xffff)) != 0) return std::nullopt;
  for (size_t i = 0; i + 1 < left; ++i) out[i] = static_cast<uint8_t>(bits >> (16 - 8 * i));
  return written + left - 1;
}

}  // namespace fieldkms
