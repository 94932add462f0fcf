// Protected columns, and what became of them, as JSON: for command lines and for kms.requests.
#ifndef FIELDKMS_ROTATION_COLUMN_JSON_H_
#define FIELDKMS_ROTATION_COLUMN_JSON_H_

#include <nlohmann/json.hpp>

#include "rotation/conversion.h"
#include "rotation/registry.h"

namespace fieldkms::rotation {

nlohmann::ordered_json ColumnJson(const ProtectedColumn& column);
nlohmann::ordered_json DroppedJson(const DroppedPlaintext& dropped);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_COLUMN_JSON_H_
