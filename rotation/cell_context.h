// The contexts of cells, as requests have them: what a column's registry entry says, of a row.
#ifndef FIELDKMS_ROTATION_CELL_CONTEXT_H_
#define FIELDKMS_ROTATION_CELL_CONTEXT_H_

#include <cstddef>
#include <optional>
#include <string>

#include "fieldkms/v1/crypto_service.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "rotation/table_plan.h"
#include "rotation/table_reader.h"

namespace fieldkms::rotation {

using ContextEntries = google::protobuf::RepeatedPtrField<v1::ContextEntry>;

// The context's `pk` of a row; none where a column of it is NULL.
std::optional<std::string> RowKeyOf(const TableRow& row);

// What all cells of a column share: `b`, and `f` if it has a field and `with_field`: FieldService
// adds that one itself.
void AddColumnContext(const CipherColumn& column, bool with_field, ContextEntries* context);

// What is of the row: `pk`, if there is a row_key (RowKeyOf), and values of other columns.
void AddRowContext(const TablePlan& plan, size_t column, const TableRow& row,
                   const std::optional<std::string>& row_key, ContextEntries* context);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_CELL_CONTEXT_H_
