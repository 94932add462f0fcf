// UTF-8, code point by code point.
#ifndef FIELDKMS_CRYPTO_UTF8_H_
#define FIELDKMS_CRYPTO_UTF8_H_

#include <string>
#include <string_view>

namespace fieldkms {

// TakeCodePoint takes the first code point off `text`, which is not empty. False if it is not
// well-formed (RFC 3629: nothing overlong, no surrogates, at most U+10FFFF).
bool TakeCodePoint(std::string_view* text, char32_t* point);

// AppendUtf8 appends a code point that TakeCodePoint could give.
void AppendUtf8(char32_t point, std::string* out);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_UTF8_H_
