// Says of each line "format TAB value" on standard input what we make of it: "ok TAB canonical
// form", or the rule that the value breaks. For oracles, which are written in other languages.
#include <iostream>
#include <string>

#include "crypto/field/format.h"

namespace fieldkms {
namespace {

// The day that rules are asked on: the same always, so that an oracle's answer stays.
constexpr FormatContext kToday = {{2026, 1, 1}};

std::string Answer(const std::string& line) {
  const size_t tab = line.find('\t');
  const FormatInfo* const format = FindFormat(std::string_view(line).substr(0, tab));
  if (tab == std::string::npos || format == nullptr) return "?";
  std::string canonical;
  const FieldRule* const broken =
      CanonicaliseField(*format, std::string_view(line).substr(tab + 1), kToday, &canonical);
  return broken == nullptr ? "ok\t" + canonical : std::string(broken->id);
}

}  // namespace
}  // namespace fieldkms

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << fieldkms::Answer(line) << '\n';
  }
  return 0;
}
