// Rows of kms.protected_columns, with the numbers of columns by which renamed ones are found.
// Internal to the registry (rotation/registry.h). All throw what libpqxx throws.
#ifndef FIELDKMS_ROTATION_REGISTRY_ROWS_H_
#define FIELDKMS_ROTATION_REGISTRY_ROWS_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "rotation/catalog.h"
#include "rotation/database.h"
#include "rotation/registry.h"

namespace fieldkms::rotation {

struct RegistryRow {
  ProtectedColumn column;
  int16_t number = 0;
  std::vector<int16_t> key_numbers;
  std::vector<int16_t> context_numbers;
  std::optional<int16_t> index_number;
  std::optional<int16_t> version_number;
  std::optional<int16_t> plain_number;
  std::vector<int16_t> source_numbers;
  // Which of "column", "index", "version" and "plain" the conversion has made.
  std::vector<std::string> made;
  // Its table or its column is gone: names are as they were, and that of a table is its OID.
  bool orphan = false;
  // Something is called otherwise, or has another number, than the row in the database says.
  bool stale = false;
};

// ReadRegistry returns the rows of a tenant ("": of all), with names as they are now.
std::vector<RegistryRow> ReadRegistry(Transaction& transaction, std::string_view tenant);

// UpdateRow writes what the columns of the row with its binding id are called, its conversion and
// what that has made.
void UpdateRow(Transaction& transaction, const RegistryRow& row);

// RefreshRegistry writes what is stale, so that a dump has names that a restored copy finds.
void RefreshRegistry(Transaction& transaction);

// InsertRow returns false where the binding id or the column is there already.
bool InsertRow(Transaction& transaction, const RegistryRow& row);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_REGISTRY_ROWS_H_
