#include "crypto/field/json_number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <system_error>

#include "crypto/bytes.h"
#include "crypto/field/wiped_text.h"

namespace fieldkms {
namespace {

// Whether `text`, which is out of a double's range, is too small for it rather than too large.
bool IsTooSmall(std::string_view text) {
  const size_t e = std::min(text.find_first_of("eE"), text.size());
  const std::string_view digits = text.substr(0, e);
  // The value is about ten to `power` and to the exponent behind the e.
  const size_t point = std::min(digits.find('.'), digits.size());
  const size_t first = std::min(digits.find_first_of("123456789"), digits.size());
  const int64_t power = static_cast<int64_t>(point) - static_cast<int64_t>(first);
  int64_t exponent = 0;
  if (e < text.size()) {
    std::string_view spelled = text.substr(e + 1);
    if (spelled.front() == '+') spelled.remove_prefix(1);
    const auto read = std::from_chars(spelled.data(), spelled.data() + spelled.size(), exponent);
    // One that does not fit outweighs all digits that there can be.
    if (read.ec != std::errc()) return spelled.front() == '-';
  }
  return exponent < -power;
}

// The shortest digits that read as a number, and where the point stands.
class Shortest {
 public:
  // `number` is positive.
  explicit Shortest(double number) {
    char* const begin = buffer_.data();
    const auto written = std::to_chars(begin, begin + buffer_.size(), number,
                                       std::chars_format::scientific);  // d.ddde+xx or de+xx
    char* const e = std::find(begin, written.ptr, 'e');
    std::from_chars(e + (e[1] == '+' ? 2 : 1), written.ptr, point_);
    ++point_;
    char* const end = std::remove(begin, e, '.');
    digits_ = {begin, static_cast<size_t>(end - begin)};
  }
  ~Shortest() { Wipe({reinterpret_cast<uint8_t*>(buffer_.data()), buffer_.size()}); }
  Shortest(const Shortest&) = delete;
  Shortest& operator=(const Shortest&) = delete;

  std::string_view digits() const { return digits_; }
  int point() const { return point_; }  // the value is 0.digits times ten to this

 private:
  std::array<char, 32> buffer_ = {};
  std::string_view digits_;
  int point_ = 0;
};

void AppendWithExponent(std::string_view digits, int exponent, std::string* out) {
  AppendText(digits.substr(0, 1), out);
  if (digits.size() > 1) AppendText(".", out);
  AppendText(digits.substr(1), out);
  AppendText(exponent < 0 ? "e-" : "e+", out);
  std::array<char, 8> text = {};
  const auto written =
      std::to_chars(text.data(), text.data() + text.size(), exponent < 0 ? -exponent : exponent);
  AppendText({text.data(), static_cast<size_t>(written.ptr - text.data())}, out);
}

}  // namespace

std::optional<double> JsonNumber(std::string_view text) {
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec == std::errc()) return number;
  if (!IsTooSmall(text)) return std::nullopt;
  return 0.0;
}

// ECMA-262, 6.1.6.1.20; the steps' n is `point`, their k the number of digits.
void AppendCanonicalNumber(double number, std::string* out) {
  constexpr std::string_view kZeros = "000000000000000000000";  // 21
  MakeRoom(32, out);
  if (number == 0) return AppendText("0", out);  // -0 too
  if (number < 0) AppendText("-", out);
  const Shortest shortest(number < 0 ? -number : number);
  const std::string_view digits = shortest.digits();
  const int point = shortest.point();
  if (point > 21 || point <= -6) return AppendWithExponent(digits, point - 1, out);
  if (point <= 0) {
    AppendText("0.", out);
    AppendText(kZeros.substr(0, static_cast<size_t>(-point)), out);
    return AppendText(digits, out);
  }
  const auto whole = static_cast<size_t>(point);
  AppendText(digits.substr(0, whole), out);
  if (digits.size() <= whole) return AppendText(kZeros.substr(0, whole - digits.size()), out);
  AppendText(".", out);
  AppendText(digits.substr(whole), out);
}

}  // namespace fieldkms
