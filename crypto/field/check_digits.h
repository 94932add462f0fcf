// Check digits: the sums that tell a number from one mistyped. Internal to crypto/field.
//
// Each function takes digits that are digits: callers have checked. Pure; safe for concurrent
// use.
#ifndef FIELDKMS_CRYPTO_FIELD_CHECK_DIGITS_H_
#define FIELDKMS_CRYPTO_FIELD_CHECK_DIGITS_H_

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace fieldkms {

constexpr unsigned DigitValue(char digit) { return static_cast<unsigned>(digit - '0'); }

// The number that up to 18 digits are.
uint64_t NumberOf(std::string_view digits);

// The sum of the Luhn formula (ISO/IEC 7812-1:2017, annex B), modulo 10: every second digit
// from the right, the last not among them, counts double, by the digits of its double. 0 where
// the last digit is the check digit of the others.
unsigned LuhnRemainder(std::string_view digits);

// The check digit that makes the remainder 0 where it follows `digits`: 0 to 9.
unsigned LuhnCheckDigit(std::string_view digits);

// Whether the last digit is the check digit of the others by ISO/IEC 7064, MOD 11,10.
bool Mod11And10Holds(std::string_view digits);

// The remainder by 97 of `text` (0-9 and A-Z, where A counts as 10 and Z as 35) written behind
// a number whose remainder is `before`: ISO/IEC 7064, MOD 97-10, where 1 is right.
unsigned Mod97(std::string_view text, unsigned before = 0);

// The sum of digits times weights: of the first digits, as many as there are weights.
unsigned WeightedSum(std::string_view digits, std::initializer_list<unsigned> weights);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_CHECK_DIGITS_H_
