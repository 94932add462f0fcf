#include "clients/cli/durations.h"

#include <array>
#include <charconv>
#include <optional>
#include <span>

#include "crypto/status.h"

namespace fieldkms {
namespace {

struct Unit {
  std::string_view name;
  int64_t size;
};
constexpr std::array kInSeconds = {Unit{"d", 86'400}, Unit{"h", 3'600}, Unit{"m", 60},
                                   Unit{"s", 1}};
constexpr std::array kInMilliseconds = {Unit{"d", 86'400'000}, Unit{"h", 3'600'000},
                                        Unit{"m", 60'000}, Unit{"s", 1'000}, Unit{"ms", 1}};
constexpr int64_t kMost = 1'000'000'000;  // in any unit, so that nothing overflows

std::optional<int64_t> Parse(std::string_view text, std::span<const Unit> units) {
  if (text == "0") return 0;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0 || number > kMost) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  for (const Unit& unit : units) {
    if (text == unit.name) return number * unit.size;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<int64_t> ParseSeconds(std::string_view text, std::string_view field) {
  if (const auto seconds = Parse(text, kInSeconds)) return *seconds;
  return InvalidField(field, "must be a number with s, m, h or d, such as 90d, or 0");
}

absl::StatusOr<int64_t> ParseMilliseconds(std::string_view text, std::string_view field) {
  if (const auto milliseconds = Parse(text, kInMilliseconds)) return *milliseconds;
  return InvalidField(field, "must be a number with ms, s, m, h or d, such as 300ms, or 0");
}

std::string FormatSeconds(int64_t seconds) {
  for (const Unit& unit : kInSeconds) {
    if (seconds != 0 && seconds % unit.size == 0) {
      return std::to_string(seconds / unit.size) + std::string(unit.name);
    }
  }
  return "0";
}

}  // namespace fieldkms
