#include "kms/postgres/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>
#include <pqxx/binarystring>
#include <pqxx/except>

namespace fieldkms {
namespace {

using std::chrono::days;
using std::chrono::microseconds;

// Before it, and after PostgreSQL's last time, there are no records.
constexpr WallTime kFirst{std::chrono::sys_days(std::chrono::year(1) / 1 / 1)};

// Takes pieces of a text from its front.
class Taker {
 public:
  explicit Taker(std::string_view text) : rest_(text) {}

  int64_t Number() {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
    if (error != std::errc() || number < 0) RefuseRow();
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return number;
  }
  bool Skip(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void Expect(std::string_view text) {
    if (!rest_.starts_with(text)) RefuseRow();
    rest_.remove_prefix(text.size());
  }
  // The digits after a decimal point, as millionths.
  int64_t Millionths() {
    int64_t value = 0;
    int digits = 0;
    for (; !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; rest_.remove_prefix(1)) {
      if (++digits > 6) RefuseRow();
      value = value * 10 + (rest_[0] - '0');
    }
    for (; digits < 6; ++digits) value *= 10;
    return value;
  }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::string FormatTime(WallTime time) {
  time = NotBeforeFirst(time);
  constexpr int64_t kDaysOf400Years = 146097;
  const auto day = std::chrono::floor<days>(time);
  const int64_t cycles = day.time_since_epoch().count() / kDaysOf400Years;
  const std::chrono::year_month_day date(day - days(cycles * kDaysOf400Years));
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format(
      "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}+00", static_cast<int>(date.year()) + cycles * 400,
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
      clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::string_view ViewOf(const pqxx::field& field) {
  if (field.is_null()) RefuseRow();
  return {field.c_str(), field.size()};
}

}  // namespace

void RefuseRow() { throw pqxx::conversion_error("a value that no release writes"); }

WallTime NotBeforeFirst(WallTime time) { return std::max(time, kFirst); }

PostgresValue::PostgresValue(WallTime time) : text_(FormatTime(time)) {}

PostgresValue ByteaValue(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text = "\\x";
  text.reserve(2 + 2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

PostgresValue IdValue(uint64_t key_id) {
  if (key_id == 0) return std::nullopt;
  return std::bit_cast<int64_t>(key_id);
}

PostgresValue BigintValue(uint64_t number) {
  return std::min(number, uint64_t{std::numeric_limits<int64_t>::max()});
}

PostgresValue ArrayValue(const std::vector<PostgresValue>& values) {
  std::string text = "{";
  for (const PostgresValue& value : values) {
    if (text.size() > 1) text += ',';
    if (!value.text()) {
      text += "NULL";
      continue;
    }
    text += '"';
    for (const char c : *value.text()) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text + '}';
}

WallTime ParseTimestamp(std::string_view text) {
  Taker taker(text);
  const int64_t year = taker.Number();
  taker.Expect("-");
  const int64_t month = taker.Number();
  taker.Expect("-");
  const int64_t day = taker.Number();
  taker.Expect(" ");
  int64_t seconds = taker.Number() * 3600;
  taker.Expect(":");
  seconds += taker.Number() * 60;
  taker.Expect(":");
  seconds += taker.Number();
  const int64_t millionths = taker.Skip('.') ? taker.Millionths() : 0;
  taker.Expect("+00");
  if (!taker.empty()) RefuseRow();
  // std::chrono counts years to 32767 only; 400 years are 146097 days, always.
  if (month > 12 || day > 31) RefuseRow();  // they hold eight bits
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(year % 400 + 2000)),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) RefuseRow();
  const int64_t day_number =
      std::chrono::sys_days(date).time_since_epoch().count() + (year / 400 - 5) * 146097;
  return WallTime(days(day_number) + std::chrono::seconds(seconds) + microseconds(millionths));
}

WallTime TimeOf(const pqxx::field& field) { return ParseTimestamp(ViewOf(field)); }

std::optional<WallTime> TimeIfAny(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return TimeOf(field);
}

std::string BytesOf(const pqxx::field& field) {
  return field.is_null() ? std::string() : pqxx::binarystring(field).str();
}

std::string TextOf(const pqxx::field& field) { return std::string(ViewOf(field)); }

uint64_t IdOf(const pqxx::field& field) {
  return field.is_null() ? 0 : std::bit_cast<uint64_t>(field.as<int64_t>());
}

uint32_t VersionOf(const pqxx::field& field) {
  const auto number = field.as<int64_t>();
  if (number < 0 || number > int64_t{UINT32_MAX}) RefuseRow();
  return static_cast<uint32_t>(number);
}

bool BoolOf(const pqxx::field& field) { return field.as<bool>(); }

}  // namespace fieldkms
