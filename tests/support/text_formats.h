// The formats of text, one by one, for tests and fuzzers that hold for all of them.
#ifndef FIELDKMS_TESTS_SUPPORT_TEXT_FORMATS_H_
#define FIELDKMS_TESTS_SUPPORT_TEXT_FORMATS_H_

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/field/formats.h"

namespace fieldkms {

struct TextFormat {
  FieldFormat format;
  std::string_view name;
  std::span<const FieldRule> (*rules)();
  const FieldRule* (*canonicalise)(std::string_view, const FormatContext&, std::string*);
  void (*mask)(const FieldValue&, std::string*);
};

inline constexpr std::array<TextFormat, 7> kTextFormats = {{
    {FieldFormat::kFreeText, "free_text", FreeTextRules, CanonicaliseFreeText, MaskFreeText},
    {FieldFormat::kPhone, "phone", PhoneRules, CanonicalisePhone, MaskPhone},
    {FieldFormat::kEmail, "email", EmailRules, CanonicaliseEmail, MaskEmail},
    {FieldFormat::kPersonName, "person_name", PersonNameRules, CanonicalisePersonName,
     MaskPersonName},
    {FieldFormat::kDateOfBirth, "date_of_birth", DateOfBirthRules, CanonicaliseDateOfBirth,
     MaskDateOfBirth},
    {FieldFormat::kPostalAddress, "postal_address", PostalAddressRules, CanonicalisePostalAddress,
     MaskPostalAddress},
    {FieldFormat::kJson, "json", JsonRules, CanonicaliseJson, MaskJson},
}};

inline constexpr FormatContext kToday = {{2026, 6, 15}};

// The id of the rule that a value breaks, or "".
inline std::string_view BrokenRule(const TextFormat& format, std::string_view value,
                                   const FormatContext& context = kToday) {
  std::string canonical;
  const FieldRule* broken = format.canonicalise(value, context, &canonical);
  return broken == nullptr ? "" : broken->id;
}

// The canonical form of a legal value.
inline std::optional<std::string> Canonical(const TextFormat& format, std::string_view value,
                                            const FormatContext& context = kToday) {
  std::string canonical;
  if (format.canonicalise(value, context, &canonical) != nullptr) return std::nullopt;
  return canonical;
}

inline std::string Mask(const TextFormat& format, const FieldValue& value) {
  std::string masked;
  format.mask(value, &masked);
  return masked;
}

}  // namespace fieldkms

#endif  // FIELDKMS_TESTS_SUPPORT_TEXT_FORMATS_H_
