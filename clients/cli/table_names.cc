#include "clients/cli/table_names.h"

#include <algorithm>
#include <utility>

#include "crypto/status.h"
#include "kms/printable.h"

namespace fieldkms {
namespace {

constexpr size_t kLongestName = 63;

bool Begins(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }
bool GoesOn(char c) { return Begins(c) || (c >= '0' && c <= '9') || c == '$'; }

bool IsPlain(std::string_view name) {
  return !name.empty() && Begins(name.front()) && std::all_of(name.begin(), name.end(), GoesOn);
}

// Reads an option's value from its beginning.
class NameReader {
 public:
  NameReader(std::string_view text, std::string_view option, std::string_view form)
      : rest_(text), option_(option), form_(form) {}

  absl::StatusOr<std::string> Name() {
    FIELDKMS_ASSIGN_OR_RETURN(std::string name, Take('"') ? Quoted() : Plain());
    if (!name.empty() && name.size() <= kLongestName) return name;
    return InvalidField(option_, "has a name that is not of 1 to 63 bytes");
  }
  absl::StatusOr<std::vector<std::string>> Names() {
    std::vector<std::string> names;
    do {
      FIELDKMS_ASSIGN_OR_RETURN(std::string name, Name());
      if (std::find(names.begin(), names.end(), name) != names.end()) {
        return InvalidField(option_, "names a column twice");
      }
      names.push_back(std::move(name));
    } while (Take(','));
    return names;
  }
  bool Take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Takes what must stand between two names.
  absl::Status Expect(char c) { return Take(c) ? absl::OkStatus() : Malformed(); }
  absl::Status End() const { return rest_.empty() ? absl::OkStatus() : Malformed(); }

 private:
  absl::StatusOr<std::string> Plain() {
    const size_t length =
        static_cast<size_t>(std::find_if_not(rest_.begin(), rest_.end(), GoesOn) - rest_.begin());
    std::string name(rest_.substr(0, length));
    if (!IsPlain(name)) return Malformed();
    rest_.remove_prefix(length);
    return name;
  }
  absl::StatusOr<std::string> Quoted() {
    std::string name;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"' && !Take('"')) return name;
      name += c;
    }
    return Malformed();
  }
  absl::Status Malformed() const {
    return InvalidField(option_, "must be " + form_ +
                                     "; a name with other characters than a-z, 0-9, _ and $ "
                                     "stands in double quotes");
  }

  std::string_view rest_;
  const std::string_view option_;
  const std::string form_;
};

absl::StatusOr<rotation::TableName> ReadTable(NameReader* reader) {
  rotation::TableName table;
  FIELDKMS_ASSIGN_OR_RETURN(table.schema, reader->Name());
  FIELDKMS_RETURN_IF_ERROR(reader->Expect('.'));
  FIELDKMS_ASSIGN_OR_RETURN(table.table, reader->Name());
  return table;
}

std::string Doubled(std::string_view name) {
  std::string doubled;
  for (const char c : name) doubled += c == '"' ? std::string("\"\"") : std::string(1, c);
  return doubled;
}

}  // namespace

absl::StatusOr<std::string> ParseColumnName(std::string_view text, std::string_view option) {
  NameReader reader(text, option, "a column");
  FIELDKMS_ASSIGN_OR_RETURN(std::string name, reader.Name());
  FIELDKMS_RETURN_IF_ERROR(reader.End());
  return name;
}

absl::StatusOr<rotation::TableName> ParseTableName(std::string_view text, std::string_view option) {
  NameReader reader(text, option, "schema.table");
  FIELDKMS_ASSIGN_OR_RETURN(rotation::TableName table, ReadTable(&reader));
  FIELDKMS_RETURN_IF_ERROR(reader.End());
  return table;
}

absl::StatusOr<v1::RotationTable> ParseTableColumns(std::string_view text,
                                                    std::string_view option) {
  NameReader reader(text, option, "schema.table or schema.table:column,column");
  FIELDKMS_ASSIGN_OR_RETURN(const rotation::TableName name, ReadTable(&reader));
  v1::RotationTable table;
  table.set_schema(name.schema);
  table.set_table(name.table);
  if (reader.Take(':')) {
    FIELDKMS_ASSIGN_OR_RETURN(const std::vector<std::string> columns, reader.Names());
    table.mutable_columns()->Add(columns.begin(), columns.end());
  }
  FIELDKMS_RETURN_IF_ERROR(reader.End());
  return table;
}

absl::StatusOr<std::vector<std::string>> ParseColumnList(std::string_view text,
                                                         std::string_view option) {
  NameReader reader(text, option, "columns with commas between them");
  FIELDKMS_ASSIGN_OR_RETURN(std::vector<std::string> names, reader.Names());
  FIELDKMS_RETURN_IF_ERROR(reader.End());
  return names;
}

std::string ColumnText(std::string_view name) {
  return IsPlain(name) ? std::string(name) : Printable("\"" + Doubled(name) + "\"");
}

std::string TableText(std::string_view schema, std::string_view table) {
  return ColumnText(schema) + "." + ColumnText(table);
}

std::string TableText(const rotation::TableName& table) {
  return TableText(table.schema, table.table);
}

std::string ColumnListText(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + ColumnText(name);
  return text;
}

}  // namespace fieldkms
