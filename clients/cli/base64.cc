#include "clients/cli/base64.h"

#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

absl::Status NotBase64() { return InvalidField("", "is not base64 with padding"); }

}  // namespace

void AppendBase64(ByteView bytes, WipedBuffer* out) {
  out->reserve(out->size() + (bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t left = bytes.size() - i;
    const uint32_t group = uint32_t{bytes[i]} << 16 |
                           (left > 1 ? uint32_t{bytes[i + 1]} << 8 : 0u) |
                           (left > 2 ? uint32_t{bytes[i + 2]} : 0u);
    const auto digit = [&](int shift) {
      return static_cast<uint8_t>(kAlphabet[(group >> shift) & 63]);
    };
    out->push_back(digit(18));
    out->push_back(digit(12));
    out->push_back(left > 1 ? digit(6) : uint8_t{'='});
    out->push_back(left > 2 ? digit(0) : uint8_t{'='});
  }
}

absl::StatusOr<std::string> DecodeBase64(std::string_view text) {
  if (text.size() % 4 != 0) return NotBase64();
  size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  std::string bytes;
  uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return NotBase64();
    bits = bits << 6 | static_cast<uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<char>((bits >> count) & 0xff));
    }
  }
  // Two texts must not stand for the same bytes.
  if ((bits & ((1u << count) - 1)) != 0) return NotBase64();
  return bytes;
}

}  // namespace fieldkms
