// In what a column can keep ciphertexts, by its type.
#ifndef FIELDKMS_ROTATION_COLUMN_SHAPE_H_
#define FIELDKMS_ROTATION_COLUMN_SHAPE_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "rotation/database.h"
#include "rotation/registry.h"
#include "rotation/table_plan.h"

namespace fieldkms::rotation {

// Errors: of Database; kInvalidField, "table" or "column", for one that is not there, and for a
// column of a type that holds no ciphertexts.
absl::StatusOr<Shape> ShapeOfColumn(Database& database, const TableName& table,
                                    std::string_view column);

// In what the ciphertexts of column.plain_column stand: bytea, or text where that is wanted;
// documents stay documents where a field says what of them to protect. Errors: of Database.
absl::StatusOr<Shape> CipherShape(Database& database, const ProtectedColumn& column, bool as_text);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_COLUMN_SHAPE_H_
