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
using Value = std::optional<std::string>;

void Add(const Value& value, PostgresArray* array) {
  if (value) {
    array->AddBytes(*value);
  } else {
    array->AddNull();
  }
}

// What rows are found by.
void AddKeys(const TablePlan& plan, std::span<const TableRow> rows,
             std::span<const RowWrite* const> writes, std::vector<PostgresArray>* arrays) {
  const size_t keys = plan.scan_key.empty() ? 1 : plan.scan_key.size();
  for (size_t i = 0; i < keys; ++i) {
    PostgresArray& array = arrays->emplace_back(Type::kText, writes.size());
    for (const RowWrite* write : writes) {
      const TableRow& row = rows[write->row];
      array.AddBytes(plan.scan_key.empty() ? row.place : row.key[i]);
    }
  }
}

}  // namespace

absl::StatusOr<uint64_t> WriteRows(Transaction& transaction, const TablePlan& plan,
                                   std::span<const TableRow> rows,
                                   std::span<const RowWrite* const> writes, bool pass_over_locked) {
  if (writes.empty()) return 0;
  std::vector<PostgresArray> arrays;
  const auto add = [&](Type type, const auto& value_of) {
    PostgresArray& array = arrays.emplace_back(type, writes.size());
    for (const RowWrite* write : writes) Add(value_of(rows[write->row], *write), &array);
  };
  AddKeys(plan, rows, writes, &arrays);
  const std::vector<Slot> slots = SlotsOf(plan);
  for (size_t i = 0; i < slots.size(); ++i) {
    const Type type = slots[i].bytes ? Type::kBytea : Type::kText;
    add(type, [i](const TableRow& row, const RowWrite&) -> const Value& { return row.cells[i]; });
    if (!slots[i].written) continue;
    add(type,
        [i](const TableRow&, const RowWrite& write) -> const Value& { return write.cells[i]; });
  }
  const size_t keys = plan.row_key.size();
  for (size_t i = 0; i < BoundColumns(plan).size(); ++i) {
    add(Type::kText, [i, keys](const TableRow& row, const RowWrite&) -> const Value& {
      return i < keys ? row.row_key[i] : row.context[i - keys];
    });
  }
  const pqxx::result result = transaction.Run(UpdateRowsSql(plan, pass_over_locked), {}, arrays);
  if (!BoolOf(result.at(0)[1])) {
    return DatabaseRefused("a trigger, a rule or the type of a column of " + plan.leaf.schema +
                           "." + plan.leaf.table +
                           " makes something else of what is written to it; nothing was written. "
                           "Disable what does so for the worker's role, or take a type that keeps "
                           "every value as it is, such as text");
  }
  return result.at(0)[0].as<uint64_t>();
}

}  // namespace fieldkms::rotation
