// The check digits of VAT numbers, country by country. Each takes a number, without the country,
// that has the structure which eu_vat.cc asks for.
#ifndef FIELDKMS_CRYPTO_FIELD_EU_VAT_CHECKS_H_
#define FIELDKMS_CRYPTO_FIELD_EU_VAT_CHECKS_H_

#include <string_view>

namespace fieldkms {

bool CheckAtVat(std::string_view number);
bool CheckBeVat(std::string_view number);
bool CheckBgVat(std::string_view number);
bool CheckCyVat(std::string_view number);
bool CheckCzVat(std::string_view number);
bool CheckDeVat(std::string_view number);
bool CheckDkVat(std::string_view number);
bool CheckEeVat(std::string_view number);
bool CheckElVat(std::string_view number);
bool CheckEsVat(std::string_view number);
bool CheckFiVat(std::string_view number);
bool CheckFrVat(std::string_view number);
bool CheckHrVat(std::string_view number);
bool CheckHuVat(std::string_view number);
bool CheckIeVat(std::string_view number);
bool CheckItVat(std::string_view number);
bool CheckLtVat(std::string_view number);
bool CheckLuVat(std::string_view number);
bool CheckLvVat(std::string_view number);
bool CheckMtVat(std::string_view number);
bool CheckNlVat(std::string_view number);
bool CheckPlVat(std::string_view number);
bool CheckPtVat(std::string_view number);
bool CheckRoVat(std::string_view number);
bool CheckSeVat(std::string_view number);
bool CheckSiVat(std::string_view number);
bool CheckSkVat(std::string_view number);
bool CheckXiVat(std::string_view number);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_EU_VAT_CHECKS_H_
