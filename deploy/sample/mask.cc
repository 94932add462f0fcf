#include "deploy/sample/mask.h"

#include <cstddef>

namespace fieldkms::sample {
namespace {

constexpr std::string_view kHidden = "****";

// Length in bytes of the UTF-8 character that starts with `lead`.
size_t CharacterSize(char lead) {
  auto byte = static_cast<unsigned char>(lead);
  if (byte < 0x80U) return 1;
  if (byte < 0xe0U) return 2;
  return byte < 0xf0U ? 3 : 4;
}

// `head` first and `tail` last characters of an ASCII value, the rest hidden;
// wholly hidden unless more than `tail` characters are.
std::string KeepEnds(std::string_view value, size_t head, size_t tail) {
  if (value.size() < head + tail + tail) return std::string(kHidden);
  std::string out(value);
  for (size_t i = head; i < out.size() - tail; ++i) {
    if (out[i] != '-') out[i] = '*';
  }
  return out;
}

std::string FirstCharacter(std::string_view value) {
  if (value.empty()) return "";
  return std::string(value.substr(0, CharacterSize(value.front()))).append(kHidden);
}

std::string MaskName(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    size_t space = name.find(' ');
    out.append(out.empty() ? "" : " ").append(FirstCharacter(name.substr(0, space)));
    name = space == std::string_view::npos ? "" : name.substr(space + 1);
  }
  return out;
}

std::string MaskEmail(std::string_view email) {
  size_t at = email.rfind('@');
  if (at == std::string_view::npos) return std::string(kHidden);
  return FirstCharacter(email.substr(0, at)).append(email.substr(at));
}

}  // namespace

std::string Mask(Column column, std::string_view value) {
  if (value.empty()) return "";
  switch (column) {
    case kFullName:
      return MaskName(value);
    case kEmail:
      return MaskEmail(value);
    case kCardNumber:
      return KeepEnds(value, 6, 4);
    case kSsn:
    case kEin:
      return KeepEnds(value, 0, 4);
    case kIban:
      return KeepEnds(value, 2, 4);
    case kNotes:
    case kColumnCount:
      break;
  }
  return std::string(kHidden);
}

}  // namespace fieldkms::sample
