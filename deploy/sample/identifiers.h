// Identifiers that look and check like real ones and belong to nobody.
#ifndef FIELDKMS_DEPLOY_SAMPLE_IDENTIFIERS_H_
#define FIELDKMS_DEPLOY_SAMPLE_IDENTIFIERS_H_

#include <string>
#include <string_view>

#include "deploy/sample/random.h"

namespace fieldkms::sample {

// LuhnValid: whether `digits` (of digits only, two or more) ends in its Luhn
// check digit (ISO/IEC 7812-1).
bool LuhnValid(std::string_view digits);

// IbanValid: whether `iban` (no spaces) passes the modulo-97 check of ISO 13616.
bool IbanValid(std::string_view iban);

// MakePan: a Luhn-valid card number in a test range that the brand or a payment
// processor documents: Visa, Mastercard, Amex, Discover, JCB or Diners Club.
std::string MakePan(SampleRandom& random);

// MakeSsn: AAA-GG-SSSS with an area of 900 to 999, which is never issued, and a
// group below 50, which no ITIN has.
std::string MakeSsn(SampleRandom& random);

// MakeEin: PP-NNNNNNN with a prefix that the IRS assigns to nobody.
std::string MakeEin(SampleRandom& random);

// MakeIban: an IBAN of one of eleven countries, of the right length and shape
// and with valid check digits. National check digits inside it are not.
std::string MakeIban(SampleRandom& random);

}  // namespace fieldkms::sample

#endif  // FIELDKMS_DEPLOY_SAMPLE_IDENTIFIERS_H_
