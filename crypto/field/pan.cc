#include "crypto/field/pan.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>

#include "crypto/field/check_digits.h"
#include "crypto/field/formats.h"
#include "crypto/field/number_text.h"

namespace fieldkms {
namespace {

constexpr FieldRule kCharacters{
    "pan.characters", "a card number is of digits 0 to 9, single spaces or hyphens between them",
    "ISO/IEC 7812-1:2017"};
constexpr FieldRule kLength{"pan.length", "a card number has 10 to 19 digits",
                            "ISO/IEC 7812-1:2017"};
constexpr FieldRule kBrandLength{
    "pan.brand_length", "a card number is as long as the network of its IIN makes them",
    "the networks' published IIN ranges, as collected in credit-card-type 10.3.0"};
constexpr FieldRule kCheckDigit{"pan.check_digit", "the last digit is the Luhn check digit",
                                "ISO/IEC 7812-1:2017, annex B"};
constexpr std::array kRules = {kCharacters, kLength, kBrandLength, kCheckDigit};

constexpr NumberAlphabet kAlphabet(kAsciiDigits, " -");
constexpr size_t kIinDigits = 6;
constexpr size_t kShown = 4;

constexpr uint32_t Lengths(std::initializer_list<unsigned> lengths) {
  uint32_t bits = 0;
  for (const unsigned length : lengths) bits |= 1u << length;
  return bits;
}
constexpr uint32_t LengthsFrom(unsigned shortest) {
  uint32_t bits = 0;
  for (unsigned length = shortest; length <= 19; ++length) bits |= 1u << length;
  return bits;
}

struct IinRange {
  uint32_t first;  // of the first six digits
  uint32_t last;
  CardBrand brand;
  uint32_t lengths;  // bit n: cards of n digits
};

// Visa's former 13 digits are not among them: no card in use has them, and a 13-digit number
// that begins with 4 is more likely one cut short. JCB's of 1800 and 2131 have 15 digits where
// they are old. Holes in 50 are Elo's, of 16 digits. In rising order.
constexpr std::array kRanges = {
    IinRange{180000, 180099, CardBrand::kJcb, LengthsFrom(15)},
    IinRange{213100, 213199, CardBrand::kJcb, LengthsFrom(15)},
    IinRange{222100, 272099, CardBrand::kMastercard, Lengths({16})},
    IinRange{300000, 305999, CardBrand::kDinersClub, Lengths({14, 16, 19})},
    IinRange{340000, 349999, CardBrand::kAmericanExpress, Lengths({15})},
    IinRange{352800, 358999, CardBrand::kJcb, LengthsFrom(16)},
    IinRange{360000, 369999, CardBrand::kDinersClub, Lengths({14, 16, 19})},
    IinRange{370000, 379999, CardBrand::kAmericanExpress, Lengths({15})},
    IinRange{380000, 399999, CardBrand::kDinersClub, Lengths({14, 16, 19})},
    IinRange{400000, 493697, CardBrand::kVisa, Lengths({16, 18, 19})},
    IinRange{493698, 493698, CardBrand::kMaestro, LengthsFrom(12)},
    IinRange{493699, 499999, CardBrand::kVisa, Lengths({16, 18, 19})},
    IinRange{500000, 504174, CardBrand::kMaestro, LengthsFrom(12)},
    IinRange{504176, 506698, CardBrand::kMaestro, LengthsFrom(12)},
    IinRange{506779, 508999, CardBrand::kMaestro, LengthsFrom(12)},
    IinRange{510000, 559999, CardBrand::kMastercard, Lengths({16})},
    IinRange{560000, 599999, CardBrand::kMaestro, LengthsFrom(12)},
    IinRange{601100, 601199, CardBrand::kDiscover, Lengths({16, 19})},
    IinRange{620000, 629999, CardBrand::kUnionPay, LengthsFrom(14)},
    IinRange{630000, 639999, CardBrand::kMaestro, LengthsFrom(12)},
    IinRange{644000, 659999, CardBrand::kDiscover, Lengths({16, 19})},
    IinRange{670000, 679999, CardBrand::kMaestro, LengthsFrom(12)},
    IinRange{810000, 817199, CardBrand::kUnionPay, LengthsFrom(14)},
};
static_assert(std::is_sorted(kRanges.begin(), kRanges.end(),
                             [](const IinRange& a, const IinRange& b) {
                               return a.last < b.first;
                             }));

// The range that the first six digits lie in; null: none that we know.
const IinRange* FindRange(std::string_view digits) {
  const auto iin = static_cast<uint32_t>(NumberOf(digits.substr(0, kIinDigits)));
  const auto found =
      std::lower_bound(kRanges.begin(), kRanges.end(), iin,
                       [](const IinRange& range, uint32_t sought) { return range.last < sought; });
  return found != kRanges.end() && found->first <= iin ? &*found : nullptr;
}

}  // namespace

CardBrand CardBrandOf(std::string_view digits) {
  if (digits.size() < kIinDigits || !AllDigits(digits)) return CardBrand::kUnknown;
  const IinRange* range = FindRange(digits);
  return range == nullptr ? CardBrand::kUnknown : range->brand;
}

std::string_view CardBrandName(CardBrand brand) {
  static constexpr std::array<std::string_view, 9> kNames = {
      "unknown",  "visa", "mastercard", "american_express", "diners_club",
      "discover", "jcb",  "unionpay",   "maestro"};
  const auto number = static_cast<size_t>(brand);
  return number < kNames.size() ? kNames[number] : kNames[0];
}

std::span<const FieldRule> PanRules() { return kRules; }

const FieldRule* CanonicalisePan(std::string_view value, const FormatContext& /*context*/,
                                 std::string* canonical) {
  const std::string_view digits = AppendNumber(value, kAlphabet, canonical);
  if (digits.empty()) return &kCharacters;
  if (digits.size() < 10 || digits.size() > 19) return &kLength;
  const IinRange* range = FindRange(digits);
  if (range != nullptr && (range->lengths >> digits.size() & 1) == 0) return &kBrandLength;
  return LuhnRemainder(digits) == 0 ? nullptr : &kCheckDigit;
}

void MaskPan(const FieldValue& value, std::string* masked) {
  const std::string_view digits = value.canonical;
  masked->append(digits.size() - kShown, '*').append(digits.substr(digits.size() - kShown));
}

}  // namespace fieldkms
