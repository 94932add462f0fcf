#include "clients/cli/column_report.h"

#include "clients/cli/table_names.h"
#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "kms/printable.h"

namespace fieldkms {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

std::string Hex(std::string_view bytes) { return EncodeHex(AsBytes(bytes)); }

std::string KeyText(const rotation::ProtectedColumn& column) {
  return column.field ? column.key + " (field " + *column.field + ")" : column.key;
}

std::string RowKeyText(const rotation::ProtectedColumn& column) {
  return column.key_columns.empty() ? "none: not bound to a row"
                                    : ColumnListText(column.key_columns);
}

// "tenant=tenant_id, kind=kind"
std::string ContextText(const rotation::ProtectedColumn& column) {
  std::string text;
  for (size_t i = 0; i < column.context_names.size(); ++i) {
    text += (i == 0 ? "" : ", ") + Printable(column.context_names[i]) + "=" +
            ColumnText(column.context_columns[i]);
  }
  return text;
}

}  // namespace

Json ColumnJson(const rotation::ProtectedColumn& column) {
  Json context = Json::object();
  for (size_t i = 0; i < column.context_names.size(); ++i) {
    context[column.context_names[i]] = column.context_columns[i];
  }
  return {{"schema", column.table.schema},
          {"table", column.table.table},
          {"column", column.column},
          {"tenant", column.tenant},
          {"key", column.key},
          {"field", column.field ? Json(*column.field) : Json(nullptr)},
          {"field_id", column.field ? Json(Hex(column.field_id)) : Json(nullptr)},
          {"shape", rotation::ShapeName(column.shape)},
          {"row_key", column.key_columns},
          {"context", std::move(context)},
          {"index_column", column.index_column ? Json(*column.index_column) : Json(nullptr)},
          {"binding_id", Hex(column.binding_id)}};
}

Rows ColumnRows(const rotation::ProtectedColumn& column) {
  Rows rows = {{"table", TableText(column.table)},
               {"column", ColumnText(column.column)},
               {"tenant", Printable(column.tenant)},
               {"key", Printable(column.key)}};
  if (column.field) rows.push_back({"field", Printable(*column.field)});
  rows.push_back({"shape", std::string(rotation::ShapeName(column.shape))});
  rows.push_back({"row key", RowKeyText(column)});
  if (!column.context_names.empty()) rows.push_back({"context", ContextText(column)});
  if (column.index_column) rows.push_back({"index column", ColumnText(*column.index_column)});
  rows.push_back({"binding id", Hex(column.binding_id)});
  return rows;
}

Table ColumnTable(const std::vector<rotation::ProtectedColumn>& columns) {
  Table table({"TABLE", "COLUMN", "TENANT", "KEY", "SHAPE", "ROW KEY", "CONTEXT", "BINDING ID"});
  for (const rotation::ProtectedColumn& column : columns) {
    table.Add({TableText(column.table), ColumnText(column.column), Printable(column.tenant),
               Printable(KeyText(column)), std::string(rotation::ShapeName(column.shape)),
               ColumnListText(column.key_columns), ContextText(column), Hex(column.binding_id)});
  }
  return table;
}

std::string ContextHelp(const rotation::ProtectedColumn& column) {
  Rows entries = {{"  b", Hex(column.binding_id) + ", as 16 bytes"}};
  if (!column.key_columns.empty()) {
    entries.push_back({"  pk", "of " + ColumnListText(column.key_columns) +
                                   ": of each the length of its text, in four bytes, and the "
                                   "text (RowKey)"});
  }
  if (column.field) {
    entries.push_back(
        {"  f", Hex(column.field_id) + ", as 8 bytes: Protect adds it, Encrypt does not"});
  }
  for (size_t i = 0; i < column.context_names.size(); ++i) {
    entries.push_back({"  " + Printable(column.context_names[i]),
                       "the text of " + ColumnText(column.context_columns[i])});
  }
  return "Values must be sealed in the context of\n" + Properties(entries) +
         "and no other entry. The binding id stays for as long as there are such values.\n";
}

}  // namespace fieldkms
