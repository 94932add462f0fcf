// Payment card numbers: ISO/IEC 7812, and the lengths that the schemes issue.
#include "crypto/field/pan.h"

#include <array>
#include <cstdint>

#include "crypto/field/characters.h"
#include "crypto/field/check_digits.h"
#include "crypto/field/formats.h"

namespace fieldkms {
namespace {

constexpr FieldRule kCharacters{"pan.characters",
                                "a card number is digits, with single spaces or hyphens between",
                                "ISO/IEC 7812-1:2017, 4"};
constexpr FieldRule kLength{"pan.length", "a card number has 10 to 19 digits",
                            "ISO/IEC 7812-1:2017, 4.1"};
constexpr FieldRule kBrandLength{"pan.brand_length",
                                 "a card number has a length that its scheme issues",
                                 "the schemes' BIN tables, as in credit-card-type 10.3.0"};
constexpr FieldRule kCheckDigit{"pan.check_digit", "the last digit is the Luhn check digit",
                                "ISO/IEC 7812-1:2017, annex B"};
constexpr std::array kRules = {kCharacters, kLength, kBrandLength, kCheckDigit};

constexpr uint32_t Length(unsigned length) { return 1u << length; }
constexpr uint32_t Lengths(unsigned from, unsigned to) {
  uint32_t lengths = 0;
  for (unsigned length = from; length <= to; ++length) lengths |= Length(length);
  return lengths;
}

// Numbers whose first `digits` digits are `from` to `to`, and the lengths that they have. The
// first line that fits counts. What no line names may have any length.
struct Brand {
  size_t digits;
  unsigned from, to;
  uint32_t lengths;
};
constexpr Brand kBrands[] = {
    {1, 4, 4, Length(16) | Length(18) | Length(19)},  // Visa; 13 digits are issued no more
    {2, 51, 55, Length(16)},                          // Mastercard
    {4, 2221, 2720, Length(16)},                      // Mastercard, 2-series
    {2, 34, 34, Length(15)},                          // American Express
    {2, 37, 37, Length(15)},
    {3, 300, 305, Length(14) | Length(16) | Length(19)},  // Diners Club
    {2, 36, 36, Length(14) | Length(16) | Length(19)},
    {2, 38, 39, Length(14) | Length(16) | Length(19)},
    {4, 6011, 6011, Length(16) | Length(19)},  // Discover
    {3, 644, 649, Length(16) | Length(19)},
    {2, 65, 65, Length(16) | Length(19)},
    {4, 3528, 3589, Lengths(16, 19)},  // JCB
    {4, 1800, 1800, Lengths(16, 19)},
    {4, 2131, 2131, Lengths(16, 19)},
    {2, 62, 62, Lengths(14, 19)},  // UnionPay
    {2, 81, 81, Lengths(14, 19)},
    {2, 50, 50, Lengths(12, 19)},  // Maestro
    {2, 56, 58, Lengths(12, 19)},
    {1, 6, 6, Lengths(12, 19)},
};

bool HasBrandLength(std::string_view digits) {
  for (const Brand& brand : kBrands) {
    const unsigned prefix = NumberOf(digits, 0, brand.digits);
    if (prefix < brand.from || prefix > brand.to) continue;
    return (brand.lengths & Length(static_cast<unsigned>(digits.size()))) != 0;
  }
  return true;
}

}  // namespace

std::span<const FieldRule> PanRules() { return kRules; }

const FieldRule* CanonicalisePan(std::string_view value, const FormatContext&,
                                 std::string* canonical) {
  const size_t begin = canonical->size();
  if (!AppendDigits(value, " -", canonical)) return &kRules[0];
  const std::string_view digits = std::string_view(*canonical).substr(begin);
  if (digits.size() < 10 || digits.size() > 19) return &kRules[1];
  if (!HasBrandLength(digits)) return &kRules[2];
  return LuhnValid(digits) ? nullptr : &kRules[3];
}

void MaskPan(const FieldValue& value, std::string* masked) {
  const std::string_view digits = value.canonical;
  masked->append(digits.size() - 4, '*');
  masked->append(digits.substr(digits.size() - 4));
}

}  // namespace fieldkms
