// What the checks of numbers share: ASCII, and nothing else. No locale.
#ifndef FIELDKMS_CRYPTO_FIELD_CHARACTERS_H_
#define FIELDKMS_CRYPTO_FIELD_CHARACTERS_H_

#include <string>
#include <string_view>

namespace fieldkms {

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool IsLetter(char c) { return IsUpper(c) || IsLower(c); }
constexpr char ToUpper(char c) { return IsLower(c) ? static_cast<char>(c - 'a' + 'A') : c; }
constexpr int DigitOf(char c) { return c - '0'; }
constexpr bool AllDigits(std::string_view text) {
  for (const char c : text) {
    if (!IsDigit(c)) return false;
  }
  return !text.empty();
}

// The first `count` digits as a number.
constexpr unsigned NumberOf(std::string_view digits, size_t begin, size_t count) {
  unsigned number = 0;
  for (const char c : digits.substr(begin, count)) {
    number = number * 10 + static_cast<unsigned>(DigitOf(c));
  }
  return number;
}

// AppendDigits appends the digits of `value`, in which `separators` may stand singly between
// them. False where there is anything else.
bool AppendDigits(std::string_view value, std::string_view separators, std::string* digits);
// AppendAlphanumeric does so with letters, too, which it makes upper case.
bool AppendAlphanumeric(std::string_view value, std::string_view separators, std::string* text);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_CHARACTERS_H_
