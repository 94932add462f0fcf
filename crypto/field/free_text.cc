// Text that follows no format.
#include <array>

#include "crypto/field/formats.h"
#include "crypto/field/unicode.h"
#include "crypto/field/wiped_text.h"

namespace fieldkms {
namespace {

// Invisible and unassigned characters are left alone: text is quoted here, not compared by eye.
constexpr std::array<FieldRule, 1> kRules = {{
    {"free_text.control", "text has no control characters but tabs and line ends (LF, CR)",
     "Unicode 15.0, general category Cc"},
}};

}  // namespace

std::span<const FieldRule> FreeTextRules() { return kRules; }

const FieldRule* CanonicaliseFreeText(std::string_view value, const FormatContext&,
                                      std::string* canonical) {
  if (!IsPrintableAscii(value) && HasControl(value, "\t\n\r")) return &kRules[0];
  AppendNfc(value, canonical);
  return nullptr;
}

void MaskFreeText(const FieldValue&, std::string* masked) { AppendText("***", masked); }

}  // namespace fieldkms
