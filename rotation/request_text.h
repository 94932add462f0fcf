// What workers answer to requests, for people in psql. Names stand as SQL takes them.
#ifndef FIELDKMS_ROTATION_REQUEST_TEXT_H_
#define FIELDKMS_ROTATION_REQUEST_TEXT_H_

#include <string>

#include "rotation/conversion.h"
#include "rotation/registry.h"

namespace fieldkms::rotation {

// Where a column is, and what comes next.
std::string StageText(const ProtectedColumn& column);
// What is gone, and where it still is.
std::string DroppedText(const DroppedPlaintext& dropped);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_REQUEST_TEXT_H_
