// The lines of the table in format.cc: each format's rules, check and default mask, by the
// contract of FormatInfo. Internal to crypto/field.
#ifndef FIELDKMS_CRYPTO_FIELD_FORMATS_H_
#define FIELDKMS_CRYPTO_FIELD_FORMATS_H_

#include <span>
#include <string>
#include <string_view>

#include "crypto/field/format.h"

namespace fieldkms {

// The first of AnyFieldRules() that a value breaks, else null: format.cc.
const FieldRule* BrokenOfAny(const FormatInfo& format, std::string_view value);

// pan.cc, cvv.cc, us_tax_ids.cc (SSN, ITIN, EIN), nino.cc, eu_vat.cc, iban.cc.
std::span<const FieldRule> PanRules();
const FieldRule* CanonicalisePan(std::string_view, const FormatContext&, std::string*);
void MaskPan(const FieldValue&, std::string*);

std::span<const FieldRule> CvvRules();
const FieldRule* CanonicaliseCvv(std::string_view, const FormatContext&, std::string*);
void MaskCvv(const FieldValue&, std::string*);

std::span<const FieldRule> SsnRules();
const FieldRule* CanonicaliseSsn(std::string_view, const FormatContext&, std::string*);
void MaskSsn(const FieldValue&, std::string*);

std::span<const FieldRule> ItinRules();
const FieldRule* CanonicaliseItin(std::string_view, const FormatContext&, std::string*);
void MaskItin(const FieldValue&, std::string*);

std::span<const FieldRule> EinRules();
const FieldRule* CanonicaliseEin(std::string_view, const FormatContext&, std::string*);
void MaskEin(const FieldValue&, std::string*);

std::span<const FieldRule> NinoRules();
const FieldRule* CanonicaliseNino(std::string_view, const FormatContext&, std::string*);
void MaskNino(const FieldValue&, std::string*);

std::span<const FieldRule> EuVatRules();
const FieldRule* CanonicaliseEuVat(std::string_view, const FormatContext&, std::string*);
void MaskEuVat(const FieldValue&, std::string*);

std::span<const FieldRule> IbanRules();
const FieldRule* CanonicaliseIban(std::string_view, const FormatContext&, std::string*);
void MaskIban(const FieldValue&, std::string*);

// phone.cc, email.cc, person_name.cc, date_of_birth.cc, postal_address.cc, free_text.cc,
// json_field.cc.
std::span<const FieldRule> PhoneRules();
const FieldRule* CanonicalisePhone(std::string_view, const FormatContext&, std::string*);
void MaskPhone(const FieldValue&, std::string*);

std::span<const FieldRule> EmailRules();
const FieldRule* CanonicaliseEmail(std::string_view, const FormatContext&, std::string*);
void MaskEmail(const FieldValue&, std::string*);

std::span<const FieldRule> PersonNameRules();
const FieldRule* CanonicalisePersonName(std::string_view, const FormatContext&, std::string*);
void MaskPersonName(const FieldValue&, std::string*);

std::span<const FieldRule> DateOfBirthRules();
const FieldRule* CanonicaliseDateOfBirth(std::string_view, const FormatContext&, std::string*);
void MaskDateOfBirth(const FieldValue&, std::string*);

std::span<const FieldRule> PostalAddressRules();
const FieldRule* CanonicalisePostalAddress(std::string_view, const FormatContext&, std::string*);
void MaskPostalAddress(const FieldValue&, std::string*);

std::span<const FieldRule> FreeTextRules();
const FieldRule* CanonicaliseFreeText(std::string_view, const FormatContext&, std::string*);
void MaskFreeText(const FieldValue&, std::string*);

std::span<const FieldRule> JsonRules();
const FieldRule* CanonicaliseJson(std::string_view, const FormatContext&, std::string*);
void MaskJson(const FieldValue&, std::string*);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_FORMATS_H_
