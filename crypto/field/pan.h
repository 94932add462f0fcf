// What a card number says of itself.
#ifndef FIELDKMS_CRYPTO_FIELD_PAN_H_
#define FIELDKMS_CRYPTO_FIELD_PAN_H_

#include <cstddef>

namespace fieldkms {

// PanBinLength returns how many digits of a card number of this length name its issuer: 8 of
// 16 and more (ISO/IEC 7812-1:2017), else 6.
constexpr size_t PanBinLength(size_t digits) { return digits >= 16 ? 8 : 6; }

// PanHiddenAtLeast returns how many digits a truncated number hides: 5 of 15, else 4
// (PCI SSC FAQ 1091).
constexpr size_t PanHiddenAtLeast(size_t digits) { return digits == 15 ? 5 : 4; }

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_PAN_H_
