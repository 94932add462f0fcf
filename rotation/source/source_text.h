// Bytes that stand in columns of text: Base64, hexadecimal digits, or armour as OpenPGP has it.
// Pure functions.
#ifndef FIELDKMS_ROTATION_SOURCE_SOURCE_TEXT_H_
#define FIELDKMS_ROTATION_SOURCE_SOURCE_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fieldkms::rotation {

enum class SourceText : uint8_t {
  kBase64,  // encode(…, 'base64'): padded, with line breaks
  kHex,     // encode(…, 'hex')
};

// BytesOfText returns what `text` stands for. Text that begins with "\x" is hexadecimal, as bytea
// is written, whatever `form` says. None: it is no such text.
std::optional<std::string> BytesOfText(std::string_view text, SourceText form);

// Whether it begins as armor() of pgcrypto does.
bool IsArmored(std::string_view text);
// What is in the armour of one message (RFC 4880, 6.2), whose check sum must be right where it has
// one. Lines end as they like.
std::optional<std::string> BytesOfArmor(std::string_view text);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_SOURCE_SOURCE_TEXT_H_
