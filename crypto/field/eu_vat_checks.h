// The check digits of the VAT numbers of EU states, one function a state. Internal to
// crypto/field.
//
// Each takes a number without its prefix that fits a pattern of the state's line in
// eu_vat_countries.cc. Pure; safe for concurrent use.
#ifndef FIELDKMS_CRYPTO_FIELD_EU_VAT_CHECKS_H_
#define FIELDKMS_CRYPTO_FIELD_EU_VAT_CHECKS_H_

#include <cstdint>
#include <string_view>

namespace fieldkms {

enum class VatFlaw : uint8_t {
  kNone,
  kParts,       // a part with a meaning of its own is none that there is
  kCheckDigit,  // check digits are other than computed
};

constexpr VatFlaw FlawUnless(bool check_digits_hold) {
  return check_digits_hold ? VatFlaw::kNone : VatFlaw::kCheckDigit;
}

// eu_vat_checks.cc: states with one way to compute them.
VatFlaw CheckAtVat(std::string_view number);
VatFlaw CheckBeVat(std::string_view number);
VatFlaw CheckCyVat(std::string_view number);
VatFlaw CheckDeVat(std::string_view number);
VatFlaw CheckDkVat(std::string_view number);
VatFlaw CheckEeVat(std::string_view number);
VatFlaw CheckElVat(std::string_view number);
VatFlaw CheckFiVat(std::string_view number);
VatFlaw CheckHrVat(std::string_view number);
VatFlaw CheckHuVat(std::string_view number);
VatFlaw CheckItVat(std::string_view number);
VatFlaw CheckLtVat(std::string_view number);
VatFlaw CheckLuVat(std::string_view number);
VatFlaw CheckMtVat(std::string_view number);
VatFlaw CheckPlVat(std::string_view number);
VatFlaw CheckPtVat(std::string_view number);
VatFlaw CheckRoVat(std::string_view number);
VatFlaw CheckSeVat(std::string_view number);
VatFlaw CheckSiVat(std::string_view number);
VatFlaw CheckSkVat(std::string_view number);

// eu_vat_kinds.cc: states whose holders, or times, have numbers of several kinds.
VatFlaw CheckBgVat(std::string_view number);
VatFlaw CheckCzVat(std::string_view number);
VatFlaw CheckEsVat(std::string_view number);
VatFlaw CheckFrVat(std::string_view number);
VatFlaw CheckIeVat(std::string_view number);
VatFlaw CheckLvVat(std::string_view number);
VatFlaw CheckNlVat(std::string_view number);
VatFlaw CheckXiVat(std::string_view number);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_EU_VAT_CHECKS_H_
