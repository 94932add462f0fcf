// Says of each line "format TAB value" on standard input what we make of it: the rule that the
// value breaks, or "ok", its canonical form, its mask, its mask at level bin_last4 and, of a card
// number, the brand, with tabs between. For oracles, which are written in other languages.
#include <iostream>
#include <string>

#include "crypto/field/format.h"
#include "crypto/field/mask.h"
#include "crypto/field/pan.h"

namespace fieldkms {
namespace {

// The day that rules are asked on: the same always, so that an oracle's answer stays.
constexpr FormatContext kToday = {{2026, 1, 1}};

void AppendMask(const FormatInfo& format, MaskLevel level, const FieldValue& value,
                std::string* answer) {
  std::string masked;
  MaskAtLevel(format, level, value, &masked);
  answer->append("\t").append(masked);
}

std::string Answer(const std::string& line) {
  const size_t tab = line.find('\t');
  const FormatInfo* const format = FindFormat(std::string_view(line).substr(0, tab));
  if (tab == std::string::npos || format == nullptr) return "?";
  const std::string_view value = std::string_view(line).substr(tab + 1);
  std::string canonical;
  const FieldRule* const broken = CanonicaliseField(*format, value, kToday, &canonical);
  if (broken != nullptr) return std::string(broken->id);
  std::string answer = "ok\t" + canonical;
  AppendMask(*format, MaskLevel::kMasked, {value, canonical}, &answer);
  AppendMask(*format, MaskLevel::kBinLast4, {value, canonical}, &answer);
  if (format->format == FieldFormat::kPan) {
    answer.append("\t").append(CardBrandName(CardBrandOf(canonical)));
  }
  return answer;
}

}  // namespace
}  // namespace fieldkms

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << fieldkms::Answer(line) << '\n';
  }
  return 0;
}
