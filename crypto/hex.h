// Hexadecimal text, lower case.
#ifndef FIELDKMS_CRYPTO_HEX_H_
#define FIELDKMS_CRYPTO_HEX_H_

#include <string>
#include <string_view>

#include "crypto/bytes.h"

namespace fieldkms {

// EncodeHex writes two digits a byte.
std::string EncodeHex(ByteView bytes);

// DecodeHex fills `out`; false unless `text` is what EncodeHex makes of that many bytes.
bool DecodeHex(std::string_view text, MutableBytes out);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_HEX_H_
