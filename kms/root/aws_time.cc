#include "kms/root/aws_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace fieldkms {
namespace {

using std::chrono::days;
using std::chrono::floor;

// The number in `width` digits at `at`; -1 where there is none.
int Number(std::string_view text, size_t at, size_t width) {
  int number = 0;
  for (const char c : text.substr(at, width)) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  return number;
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

struct TimeOfDay {
  int hour, minute, second;
};

// "12:36:00" at `at`.
TimeOfDay ReadTimeOfDay(std::string_view text, size_t at) {
  if (text[at + 2] != ':' || text[at + 5] != ':') return {-1, -1, -1};
  return {Number(text, at, 2), Number(text, at + 3, 2), Number(text, at + 6, 2)};
}

std::optional<WallTime> Join(int year, int month, int day, TimeOfDay time) {
  if (year < 0 || month < 1 || day < 1 || time.hour < 0 || time.hour > 23 || time.minute < 0 ||
      time.minute > 59 || time.second < 0 || time.second > 60) {  // 60: a leap second
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(time.hour) +
         std::chrono::minutes(time.minute) + std::chrono::seconds(time.second);
}

}  // namespace

std::string FormatAwsTime(WallTime time) {
  const auto day = floor<days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{floor<std::chrono::seconds>(time - day)};
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::optional<WallTime> ParseIsoTime(std::string_view text) {
  constexpr size_t kSeconds = std::string_view("2015-08-30T12:36:00").size();
  if (text.size() <= kSeconds || text.back() != 'Z' || text[4] != '-' || text[7] != '-' ||
      text[10] != 'T') {
    return std::nullopt;
  }
  const std::string_view fraction = text.substr(kSeconds, text.size() - kSeconds - 1);
  if (!fraction.empty() && (fraction.front() != '.' || !IsNumber(fraction.substr(1)))) {
    return std::nullopt;
  }
  return Join(Number(text, 0, 4), Number(text, 5, 2), Number(text, 8, 2), ReadTimeOfDay(text, 11));
}

std::optional<WallTime> ParseHttpDate(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr size_t kSize = std::string_view("Sun, 30 Aug 2015 12:36:00 GMT").size();
  if (text.size() != kSize || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' ||
      text[16] != ' ' || !text.ends_with(" GMT")) {
    return std::nullopt;
  }
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  if (month == kMonths.end()) return std::nullopt;
  return Join(Number(text, 12, 4), static_cast<int>(month - kMonths.begin()) + 1,
              Number(text, 5, 2), ReadTimeOfDay(text, 17));
}

}  // namespace fieldkms
