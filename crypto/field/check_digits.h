// Check digits of published standards, over ASCII digits.
#ifndef FIELDKMS_CRYPTO_FIELD_CHECK_DIGITS_H_
#define FIELDKMS_CRYPTO_FIELD_CHECK_DIGITS_H_

#include <initializer_list>
#include <string_view>

namespace fieldkms {

// Luhn (ISO/IEC 7812-1, annex B): whether the last digit is the check digit of the others.
bool LuhnValid(std::string_view digits);

// ISO/IEC 7064, MOD 97-10: the remainder of the number, with letters as 10 to 35, by 97.
// Upper-case letters and digits.
int Mod97(std::string_view text, int start = 0);

// ISO/IEC 7064, MOD 11,10: whether the last digit is the check digit of the others.
bool Mod11_10Valid(std::string_view digits);

// The sum of the first digits, each times its weight.
int WeightedSum(std::string_view digits, std::initializer_list<int> weights);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_CHECK_DIGITS_H_
