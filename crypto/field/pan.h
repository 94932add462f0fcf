// Card numbers (primary account numbers, ISO/IEC 7812): whose they are and how long their BIN
// is. Pure; safe for concurrent use.
#ifndef FIELDKMS_CRYPTO_FIELD_PAN_H_
#define FIELDKMS_CRYPTO_FIELD_PAN_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fieldkms {

// Networks whose ranges of issuer identification numbers (IIN) and lengths we know. A card of a
// domestic network within such a range (Elo, Troy, Verve) counts as the network of the range;
// all of them are of a length that it allows.
enum class CardBrand : uint8_t {
  kUnknown = 0,
  kVisa = 1,
  kMastercard = 2,
  kAmericanExpress = 3,
  kDinersClub = 4,
  kDiscover = 5,
  kJcb = 6,
  kUnionPay = 7,
  kMaestro = 8,
};

// The brand by the first six of the digits of a card number; kUnknown of fewer than six.
CardBrand CardBrandOf(std::string_view digits);

// "visa", "american_express"; "unknown".
std::string_view CardBrandName(CardBrand brand);

// How many of the first digits of a card number of so many digits are its BIN: 8 of 16 and more
// (ISO/IEC 7812-1:2017), 6 of fewer (PCI SSC FAQ 1091).
constexpr size_t PanBinLength(size_t digits) { return digits >= 16 ? 8 : 6; }

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_PAN_H_
