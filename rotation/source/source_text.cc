#include "rotation/source/source_text.h"

#include <cstddef>

#include "crypto/base64.h"
#include "crypto/bytes.h"

namespace fieldkms::rotation {
namespace {

constexpr std::string_view kBegin = "-----BEGIN PGP MESSAGE-----";
constexpr std::string_view kEnd = "-----END PGP MESSAGE-----";

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

int DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string WithoutSpace(std::string_view text) {
  std::string kept;
  kept.reserve(text.size());
  for (const char c : text) {
    if (!IsSpace(c)) kept += c;
  }
  return kept;
}

std::optional<std::string> FromBase64(std::string_view text) {
  const std::string kept = WithoutSpace(text);
  std::string bytes(MaxBase64Bytes(kept.size()), '\0');
  const auto size = DecodeBase64(Base64::kPadded, AsBytes(kept), AsMutableBytes(bytes));
  if (!size) return std::nullopt;
  bytes.resize(*size);
  return bytes;
}

std::optional<std::string> FromHex(std::string_view text) {
  const std::string kept = WithoutSpace(text);
  if (kept.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(kept.size() / 2);
  for (size_t i = 0; i < kept.size(); i += 2) {
    const int high = DigitOf(kept[i]);
    const int low = DigitOf(kept[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

// Takes a line off `text`, without its end.
std::string_view TakeLine(std::string_view* text) {
  const size_t end = text->find('\n');
  std::string_view line = text->substr(0, end);
  text->remove_prefix(end == std::string_view::npos ? text->size() : end + 1);
  while (!line.empty() && IsSpace(line.back())) line.remove_suffix(1);
  return line;
}

// RFC 4880, 6.1.
uint32_t Crc24(std::string_view bytes) {
  uint32_t crc = 0xB704CE;
  for (const char byte : bytes) {
    crc ^= uint32_t{static_cast<uint8_t>(byte)} << 16;
    for (int bit = 0; bit < 8; ++bit) {
      crc <<= 1;
      if ((crc & 0x1000000) != 0) crc ^= 0x1864CFB;
    }
  }
  return crc & 0xFFFFFF;
}

bool FitsCheckSum(std::string_view line, std::string_view bytes) {
  const std::optional<std::string> sum = FromBase64(line.substr(1));
  if (!sum || sum->size() != 3) return false;
  const auto byte = [&](size_t i) { return uint32_t{static_cast<uint8_t>((*sum)[i])}; };
  return (byte(0) << 16 | byte(1) << 8 | byte(2)) == Crc24(bytes);
}

}  // namespace

std::optional<std::string> BytesOfText(std::string_view text, SourceText form) {
  if (text.starts_with("\\x")) return FromHex(text.substr(2));
  return form == SourceText::kHex ? FromHex(text) : FromBase64(text);
}

bool IsArmored(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  return text.starts_with(kBegin);
}

std::optional<std::string> BytesOfArmor(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  if (TakeLine(&text) != kBegin) return std::nullopt;
  // Headers, up to an empty line.
  while (!text.empty()) {
    const std::string_view line = TakeLine(&text);
    if (line.empty()) break;
    if (line.find(": ") == std::string_view::npos) return std::nullopt;
  }
  std::string digits, sum;
  bool ended = false;
  while (!text.empty() && !ended) {
    const std::string_view line = TakeLine(&text);
    ended = line == kEnd;
    if (ended) break;
    if (!sum.empty()) return std::nullopt;  // nothing comes between the sum and the end
    if (line.starts_with('=')) {
      sum = line;
    } else {
      digits += line;
    }
  }
  std::optional<std::string> bytes = FromBase64(digits);
  if (!ended || !bytes) return std::nullopt;
  if (!sum.empty() && !FitsCheckSum(sum, *bytes)) return std::nullopt;
  return bytes;
}

}  // namespace fieldkms::rotation
