#include "rotation/column_shape.h"

#include <optional>

#include "crypto/status.h"
#include "rotation/catalog.h"

namespace fieldkms::rotation {
namespace {

absl::StatusOr<Shape> ShapeIn(Transaction& transaction, const TableName& table,
                              std::string_view name) {
  const Oid relation = FindRelation(transaction, table);
  if (relation == 0) return InvalidField("table", "is no table of the database");
  const Oid oids[] = {relation};
  for (const auto& [oid, columns] : ColumnsOf(transaction, oids)) {
    for (const Column& column : columns) {
      if (column.name != name) continue;
      if (column.shape) return *column.shape;
      return InvalidField("column",
                          "has a type that holds no ciphertexts: bytea, text, varchar, arrays of "
                          "those, json and jsonb do");
    }
  }
  return InvalidField("column", "is no column of the table");
}

}  // namespace

absl::StatusOr<Shape> ShapeOfColumn(Database& database, const TableName& table,
                                    std::string_view column) {
  std::optional<Shape> shape;
  FIELDKMS_RETURN_IF_ERROR(database.Read([&](Transaction& transaction) -> absl::Status {
    FIELDKMS_ASSIGN_OR_RETURN(shape, ShapeIn(transaction, table, column));
    return absl::OkStatus();
  }));
  return *shape;
}

absl::StatusOr<Shape> CipherShape(Database& database, const ProtectedColumn& column, bool as_text) {
  if (as_text) return Shape::kText;
  const absl::StatusOr<Shape> plain = ShapeOfColumn(database, column.table, *column.plain_column);
  const bool json = plain.ok() && (*plain == Shape::kJson || *plain == Shape::kJsonb);
  return json && column.field ? *plain : Shape::kBytea;
}

}  // namespace fieldkms::rotation
