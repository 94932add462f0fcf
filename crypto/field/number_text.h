// Numbers as people write them: which characters, and what parts their groups. Internal to
// crypto/field. Pure; safe for concurrent use.
#ifndef FIELDKMS_CRYPTO_FIELD_NUMBER_TEXT_H_
#define FIELDKMS_CRYPTO_FIELD_NUMBER_TEXT_H_

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace fieldkms {

inline constexpr std::string_view kAsciiDigits = "0123456789";
inline constexpr std::string_view kAsciiLettersAndDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

// The ASCII characters of a number and its separators. A lower-case letter is read as its
// upper-case one, where that is a character.
class NumberAlphabet {
 public:
  static constexpr char kIllegal = '\0';
  static constexpr char kSeparator = '\1';

  constexpr NumberAlphabet(std::string_view characters, std::string_view separators) {
    for (const char c : characters) {
      read_[Byte(c)] = c;
      if (c >= 'A' && c <= 'Z') read_[Byte(c) + kToLower] = c;
    }
    for (const char c : separators) read_[Byte(c)] = kSeparator;
  }

  // The character that `c` is read as, or kSeparator or kIllegal.
  constexpr char Read(char c) const { return read_[Byte(c)]; }

 private:
  static constexpr size_t kToLower = 'a' - 'A';
  static constexpr unsigned char Byte(char c) { return static_cast<unsigned char>(c); }

  std::array<char, 256> read_ = {};
};

// AppendNumber appends the characters of `value`, without its separators, to `canonical` and
// returns a view of what it appended. It returns an empty one if a character of `value` is not
// of the alphabet, if a separator is not between two characters, or if there is none at all;
// what it appended by then is the caller's to wipe. Reserves room first, so that nothing is
// left behind in memory that the string has outgrown.
std::string_view AppendNumber(std::string_view value, const NumberAlphabet& alphabet,
                              std::string* canonical);

constexpr bool IsAsciiDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsAsciiUpper(char c) { return c >= 'A' && c <= 'Z'; }

// Of digits, at least one of them.
bool AllDigits(std::string_view text);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_NUMBER_TEXT_H_
