#include "rotation/batch_writer.h"

#include <optional>
#include <string>
#include <vector>

#include "crypto/status.h"
#include "kms/postgres/array.h"
#include "kms/postgres/value.h"
#include "rotation/table_sql.h"

namespace fieldkms::rotation {
namespace {

using Type = PostgresArray::Type;

void Add(const std::optional<std::string>& value, PostgresArray* array) {
  if (value) {
    array->AddBytes(*value);
  } else {
    array->AddNull();
  }
}

}  // namespace

absl::StatusOr<uint64_t> WriteRows(Transaction& transaction, const TablePlan& plan,
                                   std::span<const TableRow> rows,
                                   std::span<const RowWrite* const> writes, bool pass_over_locked) {
  if (writes.empty()) return 0;
  std::vector<PostgresArray> arrays;
  const size_t keys = plan.scan_key.empty() ? 1 : plan.scan_key.size();
  arrays.reserve(keys + 2 * plan.columns.size());
  for (size_t i = 0; i < keys; ++i) {
    PostgresArray& array = arrays.emplace_back(Type::kText, writes.size());
    for (const RowWrite* write : writes) {
      const TableRow& row = rows[write->row];
      array.AddBytes(plan.scan_key.empty() ? row.place : row.key[i]);
    }
  }
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    const Type type = plan.columns[i].shape == Shape::kBytea ? Type::kBytea : Type::kText;
    PostgresArray& read = arrays.emplace_back(type, writes.size());
    for (const RowWrite* write : writes) Add(rows[write->row].cells[i], &read);
    PostgresArray& written = arrays.emplace_back(type, writes.size());
    for (const RowWrite* write : writes) Add(write->cells[i], &written);
  }
  const pqxx::result result = transaction.Run(UpdateRowsSql(plan, pass_over_locked), {}, arrays);
  if (!BoolOf(result.at(0)[1])) {
    return DatabaseRefused("a trigger or a rule of " + plan.leaf.schema + "." + plan.leaf.table +
                           " changes what is written to its column; nothing was written. Disable "
                           "it for the worker's role, or end the job");
  }
  return result.at(0)[0].as<uint64_t>();
}

}  // namespace fieldkms::rotation
