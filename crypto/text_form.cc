// The text form of an envelope: "fk1." and base64url (RFC 4648 §5), no padding.
#include <array>

#include "crypto/envelope.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::string_view kPrefix = "fk1.";
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr uint8_t kNotInAlphabet = 0xff;

// The value of each byte as a digit. Envelopes are public, so a table will do.
constexpr std::array<uint8_t, 256> kDigits = [] {
  std::array<uint8_t, 256> digits = {};
  digits.fill(kNotInAlphabet);
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    digits[static_cast<uint8_t>(kAlphabet[i])] = static_cast<uint8_t>(i);
  }
  return digits;
}();

}  // namespace

std::string EncodeText(ByteView envelope) {
  std::string text;
  text.reserve(kPrefix.size() + (envelope.size() * 4 + 2) / 3);
  text = kPrefix;
  uint32_t bits = 0;   // the low `count` bits are still to be written
  unsigned count = 0;  // under 6 between bytes
  for (const uint8_t byte : envelope) {
    bits = (bits << 8) | byte;
    for (count += 8; count >= 6; count -= 6) text.push_back(kAlphabet[(bits >> (count - 6)) & 63]);
  }
  if (count > 0) text.push_back(kAlphabet[(bits << (6 - count)) & 63]);
  return text;
}

absl::StatusOr<std::string> DecodeText(std::string_view text) {
  if (!text.starts_with(kPrefix)) return DecryptError(Reason::kEnvelopeMalformed);
  text.remove_prefix(kPrefix.size());
  if (text.size() % 4 == 1)
    return DecryptError(Reason::kEnvelopeMalformed);  // six bits make no byte
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const uint8_t digit = kDigits[static_cast<uint8_t>(c)];
    if (digit == kNotInAlphabet) return DecryptError(Reason::kEnvelopeMalformed);
    bits = (bits << 6) | digit;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<char>((bits >> count) & 0xff));
    }
  }
  // Left-over bits are zero, or two texts would stand for one envelope.
  if ((bits & ((1U << count) - 1)) != 0) return DecryptError(Reason::kEnvelopeMalformed);
  return bytes;
}

}  // namespace fieldkms
