// Masks: what of a value may be shown.
//
// Three levels of what a caller may see: masked, bin_last4, full. A mask template says what
// the first shows, where a policy gives one; each format has a default. What PCI DSS 3.4.1
// allows of a card number (BIN and last four) is a bound that no template can pass.
#ifndef FIELDKMS_CRYPTO_FIELD_MASK_H_
#define FIELDKMS_CRYPTO_FIELD_MASK_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "crypto/field/format.h"

namespace fieldkms {

// What a caller may see, in rising order. Numbers are part of the API.
enum class MaskLevel : uint8_t { kMasked = 1, kBinLast4 = 2, kFull = 3 };

// Which characters a template hides; the others are separators and stay.
enum class MaskClass : uint8_t { kAll = 1, kDigits = 2, kLettersAndDigits = 3 };

// MaskTemplate: hide the characters of a class, but the first and last few of them.
// Characters are grapheme clusters (UAX #29): none is ever cut. One is of a class if any code
// point in it is: digits are Unicode's numbers (N), letters its letters (L).
struct MaskTemplate {
  uint32_t keep_first = 0;  // 0 to 64 of the class
  uint32_t keep_last = 0;
  MaskClass hides = MaskClass::kAll;
  std::string fill = "*";     // in the place of each: one printable ASCII character, not a
                              // digit, which could be taken for the value's, nor a space
  uint32_t fixed_length = 0;  // 1 to 64: so many fills in the place of all from the first to the
                              // last hidden, whose number is not to be seen; 0: one for each
  friend bool operator==(const MaskTemplate&, const MaskTemplate&) = default;
};

// CheckTemplate: whether a template is one that values of `format` may be masked by. Refused
// with InvalidField(field): what is out of bounds; for kPan, more than 8 first or 4 last
// characters; for kCvv, anything kept, separators kept or no fixed_length; for kJson, any.
absl::Status CheckTemplate(const MaskTemplate& mask, FieldFormat format, std::string_view field);

// MaskValue replaces `masked` by a legal value as `mask` (one that CheckTemplate lets pass) shows
// it: of free text, names and postal addresses the original in NFC, of all other formats the
// canonical form, so that one value has one mask, however it was spelled. Of a value with no more
// characters than would be kept, all are hidden. Of a card number never more is shown than
// BIN (8 digits of 16 and more, 6 of fewer) and last four, and at least four are hidden (five
// of 15: PCI SSC FAQ 1091). A CVV is hidden whole; of JSON the default mask is shown, whatever
// `mask` says. Quick, and allocates nothing where `masked` has room, where the value is
// ASCII.
void MaskValue(const MaskTemplate& mask, FieldFormat format, const FieldValue& value,
               std::string* masked);

// MaskAtLevel replaces `masked` by what `level` shows of a legal value by the format's own
// rules: kMasked its default mask, kBinLast4 of a card number BIN and last four and of other
// formats the default mask, kFull the original.
void MaskAtLevel(const FormatInfo& format, MaskLevel level, const FieldValue& value,
                 std::string* masked);

// "masked", "bin_last4", "full"; "" of what is none.
std::string_view MaskLevelName(MaskLevel level);

}  // namespace fieldkms

#endif  // FIELDKMS_CRYPTO_FIELD_MASK_H_
