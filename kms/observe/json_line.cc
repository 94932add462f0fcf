#include "kms/observe/json_line.h"

#include <charconv>
#include <chrono>
#include <ctime>

namespace fieldkms {
namespace {

constexpr size_t kMaxText = 4096;
constexpr char kHex[] = "0123456789abcdef";

template <class T>
void AppendNumber(T value, std::string* out) {
  char digits[24];
  const auto result = std::to_chars(digits, digits + sizeof digits, value);
  out->append(digits, result.ptr);
}

// "2026-11-22T09:17:04": made once a second and thread, since it costs more than
// the rest of a line.
std::string_view Seconds(int64_t seconds) {
  thread_local int64_t last = -1;
  thread_local char text[32];
  thread_local size_t size = 0;
  if (seconds != last) {
    const std::time_t time = seconds;
    std::tm utc{};
    gmtime_r(&time, &utc);
    size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    last = seconds;
  }
  return {text, size};
}

}  // namespace

JsonLine::JsonLine(std::string* out) : out_(*out) { out_ += '{'; }

void JsonLine::Name(std::string_view name) {
  if (!first_) out_ += ',';
  first_ = false;
  out_ += '"';
  out_ += name;
  out_ += "\":";
}

void JsonLine::Text(std::string_view name, std::string_view value) {
  Name(name);
  Quote(value);
}

void JsonLine::Texts(std::string_view name, std::span<const std::string_view> values) {
  Name(name);
  out_ += '[';
  for (size_t i = 0; i < values.size(); ++i) {
    if (i != 0) out_ += ',';
    Quote(values[i]);
  }
  out_ += ']';
}

void JsonLine::Quote(std::string_view value) {
  out_ += '"';
  const bool cut = value.size() > kMaxText;
  for (const char c : value.substr(0, kMaxText)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (byte >= 0x20 && byte < 0x7f) {
      out_ += c;
    } else {
      out_ += "\\u00";
      out_ += kHex[byte >> 4];
      out_ += kHex[byte & 15];
    }
  }
  if (cut) out_ += "\\u2026";
  out_ += '"';
}

void JsonLine::Unsigned(std::string_view name, uint64_t value) {
  Name(name);
  AppendNumber(value, &out_);
}

void JsonLine::Signed(std::string_view name, int64_t value) {
  Name(name);
  AppendNumber(value, &out_);
}

void JsonLine::Bool(std::string_view name, bool value) {
  Name(name);
  out_ += value ? "true" : "false";
}

void JsonLine::Time(std::string_view name, WallTime value) {
  Name(name);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(value);
  auto micros = static_cast<uint32_t>((value - seconds).count());
  char fraction[8] = ".000000";
  for (int i = 6; i > 0; --i, micros /= 10) fraction[i] = static_cast<char>('0' + micros % 10);
  out_ += '"';
  out_ += Seconds(seconds.time_since_epoch().count());
  out_.append(fraction, 7);
  out_ += "Z\"";
}

void JsonLine::Finish() { out_ += "}\n"; }

}  // namespace fieldkms
