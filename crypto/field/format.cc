#include "crypto/field/format.h"

#include <algorithm>
#include <array>

#include "crypto/field/formats.h"
#include "crypto/field/unicode.h"
#include "crypto/field/wiped_text.h"

namespace fieldkms {
namespace {

constexpr FieldRule kEmpty{"field.empty",
                           "a value has a character that is not a space, unless it is free text",
                           "FieldKMS"};
constexpr FieldRule kTooLong{"field.too_long", "a value is no longer than its format allows",
                             "FieldKMS"};
constexpr FieldRule kUtf8{"field.utf8", "a value is well-formed UTF-8", "RFC 3629"};
constexpr FieldRule kNul{"field.nul", "a value has no NUL character (PostgreSQL's text has none)",
                         "PostgreSQL 15, 8.3"};
constexpr std::array kAnyField = {kEmpty, kTooLong, kUtf8, kNul};

constexpr size_t kNumber = 64;  // what is a short number, with room for separators

// name, canonical form, most bytes, may be kept, may be indexed, rules, check, default mask
const std::array<FormatInfo, 15> kFormats = {{
    {FieldFormat::kFreeText, "free_text", "NFC", 1u << 20, true, true, FreeTextRules(),
     CanonicaliseFreeText, MaskFreeText},
    {FieldFormat::kPan, "pan", "digits", kNumber, true, true, PanRules(), CanonicalisePan, MaskPan},
    {FieldFormat::kCvv, "cvv", "digits", kNumber, false, false, CvvRules(), CanonicaliseCvv,
     MaskCvv},
    {FieldFormat::kSsn, "ssn", "9 digits", kNumber, true, true, SsnRules(), CanonicaliseSsn,
     MaskSsn},
    {FieldFormat::kItin, "itin", "9 digits", kNumber, true, true, ItinRules(), CanonicaliseItin,
     MaskItin},
    {FieldFormat::kEin, "ein", "9 digits", kNumber, true, true, EinRules(), CanonicaliseEin,
     MaskEin},
    {FieldFormat::kNino, "nino", "upper case, no spaces", kNumber, true, true, NinoRules(),
     CanonicaliseNino, MaskNino},
    {FieldFormat::kEuVat, "eu_vat", "country and number, upper case, no separators", kNumber, true,
     true, EuVatRules(), CanonicaliseEuVat, MaskEuVat},
    {FieldFormat::kIban, "iban", "upper case, no spaces", kNumber, true, true, IbanRules(),
     CanonicaliseIban, MaskIban},
    {FieldFormat::kPhone, "phone", "+ and digits", kNumber, true, true, PhoneRules(),
     CanonicalisePhone, MaskPhone},
    {FieldFormat::kEmail, "email", "NFC, lower case", 1024, true, true, EmailRules(),
     CanonicaliseEmail, MaskEmail},
    {FieldFormat::kPersonName, "person_name", "NFC, case-folded, single spaces", 1024, true, true,
     PersonNameRules(), CanonicalisePersonName, MaskPersonName},
    {FieldFormat::kDateOfBirth, "date_of_birth", "YYYY-MM-DD", kNumber, true, true,
     DateOfBirthRules(), CanonicaliseDateOfBirth, MaskDateOfBirth},
    {FieldFormat::kPostalAddress, "postal_address",
     "NFC, case-folded, single spaces, parts joined by \", \"", 4096, true, true,
     PostalAddressRules(), CanonicalisePostalAddress, MaskPostalAddress},
    {FieldFormat::kJson, "json", "RFC 8785", 1u << 20, true, false, JsonRules(), CanonicaliseJson,
     MaskJson},
}};

}  // namespace

const FieldRule* BrokenOfAny(const FormatInfo& format, std::string_view value) {
  if (value.size() > format.max_bytes) return &kAnyField[1];
  if (!IsPrintableAscii(value)) {
    if (!IsUtf8(value)) return &kAnyField[2];
    if (value.find('\0') != std::string_view::npos) return &kAnyField[3];
  }
  // NULL says that there is none; free text may be as empty as it likes.
  if (format.format != FieldFormat::kFreeText && IsBlank(value)) return &kAnyField[0];
  return nullptr;
}

std::span<const FieldRule> AnyFieldRules() { return kAnyField; }

std::span<const FormatInfo> FieldFormats() { return kFormats; }

const FormatInfo* FindFormat(FieldFormat format) {
  const auto number = static_cast<size_t>(format);
  return number >= 1 && number <= kFormats.size() ? &kFormats[number - 1] : nullptr;
}

const FormatInfo* FindFormat(std::string_view name) {
  const auto found = std::find_if(kFormats.begin(), kFormats.end(),
                                  [name](const FormatInfo& format) { return format.name == name; });
  return found == kFormats.end() ? nullptr : &*found;
}

const FieldRule* CanonicaliseField(const FormatInfo& format, std::string_view value,
                                   const FormatContext& context, std::string* canonical) {
  EraseText(canonical);
  const FieldRule* broken = BrokenOfAny(format, value);
  if (broken == nullptr) broken = format.canonicalise(value, context, canonical);
  if (broken != nullptr) EraseText(canonical);
  return broken;
}

}  // namespace fieldkms
