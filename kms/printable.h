// Text that an application or somebody else chose, for the eyes of people.
#ifndef FIELDKMS_KMS_PRINTABLE_H_
#define FIELDKMS_KMS_PRINTABLE_H_

#include <string>
#include <string_view>

namespace fieldkms {

// Printable is `text` without what a terminal takes for a command and what makes text look like
// another: control characters come out as "\x1b", the invisible ones that turn the direction of
// text or break lines as "\u202e", and bytes that are no UTF-8 as "\xff". All else stays. The
// result is UTF-8, and Printable of it is the same again.
std::string Printable(std::string_view text);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_PRINTABLE_H_
