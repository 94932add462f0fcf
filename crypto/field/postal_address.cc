// Postal addresses: parts between commas or line ends, the country last. No more can be said of
// all addresses: which part is a street differs from country to country.
#include <algorithm>
#include <array>

#include "crypto/field/formats.h"
#include "crypto/field/postal_codes.h"
#include "crypto/field/unicode.h"
#include "crypto/field/wiped_text.h"

namespace fieldkms {
namespace {

enum Rule : size_t { kControl, kInvisible, kAssigned, kParts, kCountry, kPostcode };
constexpr std::array<FieldRule, 6> kRules = {{
    {"postal_address.control", "an address has no control characters but line ends (LF, CR)",
     "Unicode 15.0, general category Cc"},
    {"postal_address.invisible", "each character can be seen, and none turns the text",
     "UAX #9, UAX #31 (Default_Ignorable_Code_Point)"},
    {"postal_address.assigned", "each character is one that Unicode 15.0 has",
     "UAX #15: only of assigned characters the normal form is stable"},
    {"postal_address.parts",
     "an address has at least two parts, between commas or line ends, the country among them",
     "FieldKMS"},
    {"postal_address.country", "the last part is a country's code of two letters, such as GB",
     "ISO 3166-1:2020, alpha-2 (and XK)"},
    {"postal_address.postcode",
     "a part before the country has a postcode of that country, where we know how they look",
     "Universal Postal Union, postal addressing systems"},
}};

constexpr std::string_view kJoin = ", ";

// Appends the parts of `value` that are not blank, folded, and returns how many.
size_t AppendParts(std::string_view value, std::string* canonical) {
  const size_t begin = canonical->size();
  size_t parts = 0;
  while (true) {
    const size_t end = std::min(value.find_first_of(",\n\r"), value.size());
    if (const std::string_view part = value.substr(0, end); !IsBlank(part)) {
      if (canonical->size() > begin) AppendText(kJoin, canonical);
      AppendFoldedWords(part, canonical);
      ++parts;
    }
    if (end == value.size()) return parts;
    value.remove_prefix(end + 1);
  }
}

std::string_view CountryOf(std::string_view canonical) {
  return canonical.substr(canonical.rfind(kJoin) + kJoin.size());
}

// Parts are searched as one text: no postcode has a comma in it.
bool HasPostcode(std::string_view country, std::string_view others) {
  for (const PostalCodes& known : KnownPostalCodes()) {
    if (known.country == country) return ContainsPostalCode(known, others);
  }
  return true;
}

}  // namespace

std::span<const FieldRule> PostalAddressRules() { return kRules; }

const FieldRule* CanonicalisePostalAddress(std::string_view value, const FormatContext&,
                                           std::string* canonical) {
  if (!IsPrintableAscii(value)) {
    if (HasControl(value, "\n\r")) return &kRules[kControl];
    if (HasInvisible(value)) return &kRules[kInvisible];
    if (HasUnassigned(value)) return &kRules[kAssigned];
  }
  MakeRoom(value.size() + kJoin.size(), canonical);
  const size_t begin = canonical->size();
  if (AppendParts(value, canonical) < 2) return &kRules[kParts];
  const std::string_view address = std::string_view(*canonical).substr(begin);
  const std::string_view country = CountryOf(address);
  if (!IsCountryCode(country)) return &kRules[kCountry];
  const std::string_view others = address.substr(0, address.size() - country.size() - kJoin.size());
  return HasPostcode(country, others) ? nullptr : &kRules[kPostcode];
}

// Always of this shape: how many parts there are is not seen.
void MaskPostalAddress(const FieldValue& value, std::string* masked) {
  AppendText("***, ***, ", masked);
  for (const char c : CountryOf(value.canonical)) {
    masked->push_back(static_cast<char>(c - 'a' + 'A'));
  }
}

}  // namespace fieldkms
