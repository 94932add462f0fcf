#include "rotation/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace fieldkms::rotation {
namespace {

using std::chrono::milliseconds;

// With a tenth where there is one.
std::string Tenths(uint64_t tenths, std::string_view unit) {
  if (tenths % 10 == 0) return fmt::format("{} {}", tenths / 10, unit);
  return fmt::format("{}.{} {}", tenths / 10, tenths % 10, unit);
}

// `whole` of the larger unit, and what is left in the smaller one.
std::string TwoUnits(int64_t whole, std::string_view unit, int64_t rest, std::string_view smaller) {
  if (rest == 0) return fmt::format("{} {}", whole, unit);
  return fmt::format("{} {} {} {}", whole, unit, rest, smaller);
}

}  // namespace

std::string CountWords(uint64_t count) {
  std::string text = std::to_string(count);
  for (size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

std::string BytesWords(uint64_t bytes) {
  constexpr std::array<std::string_view, 6> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return fmt::format("{} bytes", bytes);
  double number = static_cast<double>(bytes);
  size_t unit = 0;
  for (number /= 1024; number >= 1024 && unit + 1 < kUnits.size(); ++unit) number /= 1024;
  return Tenths(static_cast<uint64_t>(std::ceil(number * 10)), kUnits[unit]);
}

std::string DurationWords(milliseconds duration) {
  const int64_t ms = std::max<int64_t>(duration.count(), 0);
  if (ms < 1'000) return fmt::format("{} ms", ms);
  if (ms < 10'000) return Tenths(static_cast<uint64_t>((ms + 99) / 100), "s");
  const int64_t seconds = (ms + 999) / 1'000;
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3'600) return TwoUnits(seconds / 60, "min", seconds % 60, "s");
  const int64_t minutes = seconds / 60;
  if (minutes < int64_t{48} * 60) return TwoUnits(minutes / 60, "h", minutes % 60, "min");
  const int64_t hours = minutes / 60;
  return TwoUnits(hours / 24, "days", hours % 24, "h");
}

std::string Enumerated(std::span<const std::string> words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " and " : ", ";
    text += words[i];
  }
  return text;
}

}  // namespace fieldkms::rotation
