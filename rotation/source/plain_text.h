// What a column of text can hold.
#ifndef FIELDKMS_ROTATION_SOURCE_PLAIN_TEXT_H_
#define FIELDKMS_ROTATION_SOURCE_PLAIN_TEXT_H_

#include "crypto/bytes.h"

namespace fieldkms::rotation {

// Whether it is UTF-8 without a NUL.
bool IsPlainText(ByteView bytes);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_SOURCE_PLAIN_TEXT_H_
