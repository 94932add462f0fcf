#include "kms/rotations/cron.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "crypto/status.h"

namespace fieldkms {
namespace {

using std::chrono::days;
using std::chrono::minutes;
using std::chrono::sys_days;

constexpr minutes kDay{24 * 60};
// The days of the calendar, and on which days of the week they fall, come again after 400 years.
constexpr days kCycle{146'097};
constexpr size_t kMaxExpression = 256;

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sun", "mon", "tue", "wed",
                                                       "thu", "fri", "sat"};

// What numbers a field takes, and what names for them.
struct FieldRule {
  std::string_view name;
  unsigned least;
  unsigned most;
  std::span<const std::string_view> names = {};  // of `least` and those after it
};
constexpr FieldRule kMinuteRule{"minute", 0, 59};
constexpr FieldRule kHourRule{"hour", 0, 23};
constexpr FieldRule kDayRule{"day of month", 1, 31};
constexpr FieldRule kMonthRule{"month", 1, 12, kMonths};
constexpr FieldRule kWeekdayRule{"day of week", 0, 7, kWeekdays};

struct Range {
  unsigned first;
  unsigned last;
};

bool SameName(std::string_view text, std::string_view name) {
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
  return std::equal(text.begin(), text.end(), name.begin(), name.end(), same);
}

std::optional<unsigned> ParseNumber(std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && text.size() <= 2 ? std::optional(number) : std::nullopt;
}

std::optional<unsigned> ParseValue(std::string_view text, const FieldRule& rule) {
  for (size_t i = 0; i < rule.names.size(); ++i) {
    if (SameName(text, rule.names[i])) return rule.least + static_cast<unsigned>(i);
  }
  const std::optional<unsigned> number = ParseNumber(text);
  if (!number || *number < rule.least || *number > rule.most) return std::nullopt;
  return number;
}

// "*", "5" or "5-9".
std::optional<Range> ParseRange(std::string_view text, const FieldRule& rule) {
  if (text == "*") return Range{rule.least, rule.most};
  const size_t dash = text.find('-');
  const auto first = ParseValue(text.substr(0, dash), rule);
  const auto last =
      dash == std::string_view::npos ? first : ParseValue(text.substr(dash + 1), rule);
  if (!first || !last || *first > *last) return std::nullopt;
  return Range{*first, *last};
}

// Takes what is before the first `mark` off `text`, and the mark.
std::string_view TakeUntil(char mark, std::string_view* text) {
  const size_t end = std::min(text->find(mark), text->size());
  const std::string_view taken = text->substr(0, end);
  text->remove_prefix(std::min(end + 1, text->size()));
  return taken;
}

// One element of a list; a step is for what has more than one number.
template <size_t kSize>
bool AddElement(std::string_view text, const FieldRule& rule, std::bitset<kSize>* set) {
  const size_t slash = text.find('/');
  const std::string_view base = text.substr(0, slash);
  const std::optional<Range> range = ParseRange(base, rule);
  unsigned step = 1;
  if (slash != std::string_view::npos) {
    const std::optional<unsigned> given = ParseNumber(text.substr(slash + 1));
    const bool may_step = base == "*" || base.find('-') != std::string_view::npos;
    if (!given || *given == 0 || !may_step) return false;
    step = *given;
  }
  if (!range) return false;
  for (unsigned value = range->first; value <= range->last; value += step) set->set(value);
  return true;
}

template <size_t kSize>
bool ParseField(std::string_view text, const FieldRule& rule, std::bitset<kSize>* set) {
  if (text.empty() || text.back() == ',') return false;
  while (!text.empty()) {
    if (!AddElement(TakeUntil(',', &text), rule, set)) return false;
  }
  return true;
}

// The five fields, or as many as there are up to one more.
std::vector<std::string_view> Split(std::string_view text) {
  std::vector<std::string_view> fields;
  while (fields.size() <= 5) {
    const size_t start = text.find_first_not_of(" \t");
    if (start == std::string_view::npos) break;
    text.remove_prefix(start);
    const size_t end = std::min(text.find_first_of(" \t"), text.size());
    fields.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return fields;
}

absl::Status BadField(std::string_view field, const FieldRule& rule) {
  return InvalidField(field, "has a " + std::string(rule.name) + " that is not one");
}

}  // namespace

absl::StatusOr<Cron> Cron::Parse(std::string_view text, std::string_view field) {
  if (text.size() > kMaxExpression) return InvalidField(field, "is longer than 256 bytes");
  const std::vector<std::string_view> fields = Split(text);
  if (fields.size() != 5) return InvalidField(field, "does not have five fields");
  Cron cron;
  if (!ParseField(fields[0], kMinuteRule, &cron.minutes_)) return BadField(field, kMinuteRule);
  if (!ParseField(fields[1], kHourRule, &cron.hours_)) return BadField(field, kHourRule);
  if (!ParseField(fields[2], kDayRule, &cron.days_)) return BadField(field, kDayRule);
  if (!ParseField(fields[3], kMonthRule, &cron.months_)) return BadField(field, kMonthRule);
  if (!ParseField(fields[4], kWeekdayRule, &cron.weekdays_)) return BadField(field, kWeekdayRule);
  if (cron.weekdays_[7]) cron.weekdays_.set(0);
  cron.both_days_ = fields[2].front() == '*' || fields[4].front() == '*';
  if (!cron.FitsAnyDay()) return InvalidField(field, "fits no day of any year");
  return cron;
}

bool Cron::FitsDay(sys_days day) const {
  const std::chrono::year_month_day date(day);
  if (!months_[static_cast<unsigned>(date.month())]) return false;
  const bool day_fits = days_[static_cast<unsigned>(date.day())];
  const bool weekday_fits = weekdays_[std::chrono::weekday(day).c_encoding()];
  return both_days_ ? day_fits && weekday_fits : day_fits || weekday_fits;
}

bool Cron::FitsAnyDay() const {
  for (sys_days day{}; day < sys_days{} + kCycle; day += days(1)) {
    if (FitsDay(day)) return true;
  }
  return false;
}

// Of a day that fits, from one of its minutes on; kDay if none is left.
minutes Cron::FirstMinute(minutes from) const {
  for (minutes time = from; time < kDay; ++time) {
    const auto hour = static_cast<size_t>(time / std::chrono::hours(1));
    const auto minute = static_cast<size_t>((time % std::chrono::hours(1)).count());
    if (hours_[hour] && minutes_[minute]) return time;
  }
  return kDay;
}

WallTime Cron::Next(WallTime after) const {
  const auto start = std::chrono::floor<minutes>(after) + minutes(1);
  sys_days day = std::chrono::floor<days>(start);
  minutes from = start - day;
  while (true) {
    if (FitsDay(day)) {
      const minutes time = FirstMinute(from);
      if (time < kDay) return day + time;
    }
    day += days(1);
    from = minutes(0);
  }
}

}  // namespace fieldkms
