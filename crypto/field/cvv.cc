// Card verification values (CVV2, CVC2, CID): PCI DSS 4.0.1, 3.3.1, forbids to keep them.
#include <array>

#include "crypto/field/characters.h"
#include "crypto/field/formats.h"

namespace fieldkms {
namespace {

constexpr std::array kRules = {
    FieldRule{"cvv.characters", "a card verification value is digits",
              "ISO/IEC 7813, PCI DSS glossary"},
    FieldRule{"cvv.length", "a card verification value has 3 digits, or 4 (American Express)",
              "PCI DSS 4.0.1, glossary"}};

}  // namespace

std::span<const FieldRule> CvvRules() { return kRules; }

const FieldRule* CanonicaliseCvv(std::string_view value, const FormatContext&,
                                 std::string* canonical) {
  if (!AppendDigits(value, "", canonical)) return &kRules[0];
  return value.size() == 3 || value.size() == 4 ? nullptr : &kRules[1];
}

// Three stars whatever its length, which tells the scheme.
void MaskCvv(const FieldValue&, std::string* masked) { masked->append("***"); }

}  // namespace fieldkms
