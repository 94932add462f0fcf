#include "clients/cli/durations.h"

#include <array>
#include <charconv>

#include "crypto/status.h"

namespace fieldkms {
namespace {

struct Unit {
  char letter;
  int64_t seconds;
};
constexpr std::array kUnits = {Unit{'d', 86'400}, Unit{'h', 3'600}, Unit{'m', 60}, Unit{'s', 1}};
constexpr int64_t kMost = 1'000'000'000;  // in any unit, so that nothing overflows

}  // namespace

absl::StatusOr<int64_t> ParseSeconds(std::string_view text, std::string_view field) {
  if (text == "0") return 0;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool one_letter = end + 1 == text.data() + text.size();
  if (error == std::errc() && one_letter && number >= 0 && number <= kMost) {
    for (const Unit& unit : kUnits) {
      if (*end == unit.letter) return number * unit.seconds;
    }
  }
  return InvalidField(field, "must be a number with s, m, h or d, such as 90d, or 0");
}

std::string FormatSeconds(int64_t seconds) {
  for (const Unit& unit : kUnits) {
    if (seconds != 0 && seconds % unit.seconds == 0) {
      return std::to_string(seconds / unit.seconds) + unit.letter;
    }
  }
  return "0";
}

}  // namespace fieldkms
