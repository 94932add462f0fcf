#include <array>

#include "crypto/field/formats.h"
#include "crypto/field/number_text.h"

namespace fieldkms {
namespace {

constexpr FieldRule kCharacters{"cvv.characters", "a card verification value is of digits 0 to 9",
                                "PCI DSS v4.0.1, glossary: card verification code"};
constexpr FieldRule kLength{"cvv.length", "a card verification value has 3 or 4 digits",
                            "PCI DSS v4.0.1, glossary: card verification code"};
constexpr std::array kRules = {kCharacters, kLength};

constexpr NumberAlphabet kAlphabet(kAsciiDigits, "");

}  // namespace

std::span<const FieldRule> CvvRules() { return kRules; }

const FieldRule* CanonicaliseCvv(std::string_view value, const FormatContext& /*context*/,
                                 std::string* canonical) {
  const std::string_view digits = AppendNumber(value, kAlphabet, canonical);
  if (digits.empty()) return &kCharacters;
  return digits.size() == 3 || digits.size() == 4 ? nullptr : &kLength;
}

// Not even its length shows.
void MaskCvv(const FieldValue& /*value*/, std::string* masked) { masked->append("***"); }

}  // namespace fieldkms
