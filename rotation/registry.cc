#include "rotation/registry.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "crypto/status.h"
#include "rotation/registry_checks.h"
#include "rotation/registry_rows.h"

namespace fieldkms::rotation {
namespace {

constexpr std::array<std::pair<Conversion, std::string_view>, 7> kConversions = {{
    {Conversion::kProtect, "protect"},
    {Conversion::kProtectClosed, "protect_closed"},
    {Conversion::kProtected, "protected"},
    {Conversion::kRewriting, "rewriting"},
    {Conversion::kUnprotect, "unprotect"},
    {Conversion::kUnprotectClosed, "unprotect_closed"},
    {Conversion::kUnprotected, "unprotected"},
}};

absl::Status IsRegistered() {
  return Error(absl::StatusCode::kAlreadyExists, Reason::kDatabaseRefused,
               "the column, or its binding id, is in the registry already", "column");
}

bool Names(const RegistryRow& row, const TableName& table, std::string_view column) {
  return row.column.table == table && row.column.column == column;
}

}  // namespace

bool IsSwitched(Conversion conversion) {
  return conversion == Conversion::kProtected || conversion == Conversion::kUnprotected;
}

std::string_view ConversionName(Conversion conversion) {
  for (const auto& [known, name] : kConversions) {
    if (known == conversion) return name;
  }
  return {};
}

std::optional<Conversion> ParseConversion(std::string_view text) {
  for (const auto& [conversion, name] : kConversions) {
    if (name == text) return conversion;
  }
  return std::nullopt;
}

std::vector<ProtectedColumn> ListProtectedColumns(Transaction& transaction, std::string_view tenant,
                                                  std::vector<std::string>* orphans) {
  std::vector<ProtectedColumn> columns;
  for (RegistryRow& row : ReadRegistry(transaction, tenant)) {
    ProtectedColumn& column = row.column;
    if (!row.orphan) {
      columns.push_back(std::move(column));
    } else if (orphans != nullptr) {
      const std::string& schema = column.table.schema;
      orphans->push_back((schema.empty() ? "" : schema + ".") + column.table.table + "." +
                         column.column);
    }
  }
  std::sort(columns.begin(), columns.end(), [](const auto& a, const auto& b) {
    return std::tie(a.table.schema, a.table.table, a.column) <
           std::tie(b.table.schema, b.table.table, b.column);
  });
  return columns;
}

absl::StatusOr<std::vector<ProtectedColumn>> ListProtectedColumns(
    Database& database, std::string_view tenant, std::vector<std::string>* orphans) {
  std::vector<ProtectedColumn> columns;
  FIELDKMS_RETURN_IF_ERROR(database.Read([&](Transaction& transaction) {
    columns = ListProtectedColumns(transaction, tenant, orphans);
    return absl::OkStatus();
  }));
  return columns;
}

absl::StatusOr<ProtectedColumn> AddProtectedColumn(Database& database, ProtectedColumn column) {
  RegistryRow row;
  row.column = std::move(column);
  FIELDKMS_RETURN_IF_ERROR(CheckMembers(row.column));
  FIELDKMS_RETURN_IF_ERROR(DrawBindingId(&row.column));
  const absl::Status added = database.Write([&](Transaction& transaction) -> absl::Status {
    FIELDKMS_RETURN_IF_ERROR(PlaceColumns(transaction, &row));
    // A column that had this one's name may be registered under it.
    RefreshRegistry(transaction);
    return InsertRow(transaction, row) ? absl::OkStatus() : IsRegistered();
  });
  FIELDKMS_RETURN_IF_ERROR(added);
  return std::move(row.column);
}

absl::Status RemoveProtectedColumn(Database& database, const TableName& table,
                                   std::string_view column) {
  return database.Write([&](Transaction& transaction) -> absl::Status {
    const std::vector<RegistryRow> rows = ReadRegistry(transaction, "");
    const auto found = std::find_if(rows.begin(), rows.end(), [&](const RegistryRow& row) {
      return Names(row, table, column);
    });
    if (found == rows.end()) {
      return Error(absl::StatusCode::kNotFound, Reason::kDatabaseRefused,
                   "the column is not in the registry", "column");
    }
    if (!found->orphan && found->column.conversion != Conversion::kNone) {
      return DatabaseRefused(
          "the column is being converted: fieldkms column abandon takes that back");
    }
    transaction.Run("DELETE FROM kms.protected_columns WHERE binding_id = $1",
                    {ByteaValue(found->column.binding_id)});
    return absl::OkStatus();
  });
}

}  // namespace fieldkms::rotation
