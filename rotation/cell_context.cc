#include "rotation/cell_context.h"

#include <string_view>
#include <vector>

#include "clients/cpp/row_context.h"

namespace fieldkms::rotation {
namespace {

void AddEntry(std::string_view name, std::string_view value, ContextEntries* context) {
  v1::ContextEntry* const entry = context->Add();
  entry->set_name(name.data(), name.size());
  entry->set_value(value.data(), value.size());
}

}  // namespace

std::optional<std::string> RowKeyOf(const TableRow& row) {
  std::vector<std::string_view> columns;
  columns.reserve(row.row_key.size());
  for (const std::optional<std::string>& column : row.row_key) {
    if (!column) return std::nullopt;
    columns.push_back(*column);
  }
  return RowKey(columns);
}

void AddColumnContext(const CipherColumn& column, bool with_field, ContextEntries* context) {
  AddEntry("b", column.binding_id, context);
  if (with_field && !column.field_id.empty()) AddEntry("f", column.field_id, context);
}

void AddRowContext(const TablePlan& plan, size_t column, const TableRow& row,
                   const std::optional<std::string>& row_key, ContextEntries* context) {
  const CipherColumn& cipher = plan.columns[column];
  if (row_key) AddEntry("pk", *row_key, context);
  for (size_t i = 0; i < cipher.context_names.size(); ++i) {
    // A NULL is no entry: an empty value would be another context.
    const std::optional<std::string>& value = row.context[cipher.context_columns[i]];
    if (value) AddEntry(cipher.context_names[i], *value, context);
  }
}

}  // namespace fieldkms::rotation
