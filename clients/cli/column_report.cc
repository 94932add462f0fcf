#include "clients/cli/column_report.h"

#include "clients/cli/table_names.h"
#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "kms/printable.h"
#include "rotation/in_step.h"

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

std::string ColumnIfAny(const std::optional<std::string>& name) {
  return name ? ColumnText(*name) : "";
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

// The table and what to call the column by, as arguments of a command.
std::string Arguments(const rotation::ProtectedColumn& column) {
  return TableText(column.table) + " " + ColumnText(rotation::LeaderOf(column));
}

std::string FillingHelp(const rotation::ProtectedColumn& column, bool closed) {
  const std::string leader = ColumnText(rotation::LeaderOf(column));
  const std::string follower = ColumnText(rotation::FollowerOf(column));
  if (!closed) {
    return "Whatever changes " + leader + " and not " + follower +
           " clears the latter, and a job " +
           "fills it.\nOnce the application writes both: `fieldkms column close " +
           Arguments(column) + "`.\n";
  }
  return "Rows with " + leader + " and without " + follower +
         " are refused. When a job has filled " +
         "those that are left\n(`fieldkms column list --count`): `fieldkms column switch " +
         Arguments(column) + "`.\n";
}

std::string SwitchedHelp(const rotation::ProtectedColumn& column) {
  const bool plain = rotation::PlaintextLeads(column.conversion);
  return ColumnText(rotation::LeaderOf(column)) +
         (plain ? " is the plaintext now, " : " is the ciphertext now, ") +
         ColumnText(rotation::FollowerOf(column)) +
         " is not written any more.\nWhen nothing reads it: " + "`fieldkms column " +
         (plain ? "drop-ciphertext " : "drop-plaintext ") + Arguments(column) + "`.\n";
}

}  // namespace

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
  if (column.index_key) rows.push_back({"index key", Printable(*column.index_key)});
  if (column.version_column) rows.push_back({"version column", ColumnText(*column.version_column)});
  if (column.plain_column) {
    rows.push_back(
        {column.source ? "source column" : "plaintext", ColumnText(*column.plain_column)});
  }
  if (column.source) {
    rows.push_back({"source", std::string(rotation::SourceKindName(*column.source))});
    rows.push_back({"source key", Printable(*column.source_key)});
  }
  if (!column.source_columns.empty()) {
    rows.push_back({"source columns", ColumnListText(column.source_columns)});
  }
  if (column.conversion != rotation::Conversion::kNone) {
    rows.push_back({"stage", std::string(rotation::ConversionName(column.conversion))});
  }
  rows.push_back({"binding id", Hex(column.binding_id)});
  return rows;
}

Table ColumnTable(const std::vector<rotation::ProtectedColumn>& columns,
                  std::span<const std::optional<uint64_t>> unfilled) {
  std::vector<std::string> header = {"TABLE",   "COLUMN",  "TENANT",    "KEY",     "SHAPE",
                                     "ROW KEY", "CONTEXT", "PLAINTEXT", "VERSION", "STAGE"};
  if (!unfilled.empty()) header.push_back("UNFILLED");
  header.push_back("BINDING ID");
  Table table(std::move(header));
  for (size_t i = 0; i < columns.size(); ++i) {
    const rotation::ProtectedColumn& column = columns[i];
    std::vector<std::string> row = {TableText(column.table),
                                    ColumnText(column.column),
                                    Printable(column.tenant),
                                    Printable(KeyText(column)),
                                    std::string(rotation::ShapeName(column.shape)),
                                    ColumnListText(column.key_columns),
                                    ContextText(column),
                                    ColumnIfAny(column.plain_column),
                                    ColumnIfAny(column.version_column),
                                    std::string(rotation::ConversionName(column.conversion))};
    if (!unfilled.empty()) row.push_back(unfilled[i] ? std::to_string(*unfilled[i]) : "");
    row.push_back(Hex(column.binding_id));
    table.Add(std::move(row));
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

std::string StageHelp(const rotation::ProtectedColumn& column) {
  using rotation::Conversion;
  switch (column.conversion) {
    case Conversion::kNone:
      return "";
    case Conversion::kProtect:
    case Conversion::kUnprotect:
      return FillingHelp(column, false);
    case Conversion::kProtectClosed:
    case Conversion::kUnprotectClosed:
      return FillingHelp(column, true);
    case Conversion::kProtected:
    case Conversion::kUnprotected:
      return SwitchedHelp(column);
    case Conversion::kRewriting:
      return "Files of the table still hold plaintext: `fieldkms column drop-plaintext " +
             TableText(column.table) + " " + ColumnText(column.column) + "` rewrites them.\n";
  }
  return "";
}

}  // namespace fieldkms
