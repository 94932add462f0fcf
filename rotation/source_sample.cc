#include "rotation/source_sample.h"

#include <algorithm>
#include <map>
#include <optional>
#include <pqxx/result>
#include <string_view>
#include <utility>

#include "crypto/status.h"
#include "kms/postgres/value.h"
#include "rotation/catalog.h"
#include "rotation/conversion_step.h"

namespace fieldkms::rotation {
namespace {

constexpr size_t kSampled = 20;

// A column of values, and those that they need beside them.
struct Sampled {
  TableName table;
  std::string column;
  bool bytes = false;
  std::vector<std::string> beside;
};

struct SampledRow {
  std::string value;
  std::vector<std::optional<std::string>> beside;
};

std::string SampleSql(const Sampled& sampled) {
  std::string list = Quoted(sampled.column) + (sampled.bytes ? "::bytea" : "::text");
  for (const std::string& name : sampled.beside) list += ", " + Quoted(name) + "::text";
  return "SELECT " + list + " FROM " + TableSql(sampled.table) + " WHERE " +
         Quoted(sampled.column) + " IS NOT NULL LIMIT " + std::to_string(kSampled);
}

absl::StatusOr<std::vector<SampledRow>> ReadSample(Database& database, const Sampled& sampled) {
  std::vector<SampledRow> rows;
  FIELDKMS_RETURN_IF_ERROR(database.Read([&](Transaction& transaction) {
    for (const auto& fields : transaction.RunOnce(SampleSql(sampled))) {
      SampledRow& row = rows.emplace_back();
      row.value = sampled.bytes ? BytesOf(fields[0]) : TextOf(fields[0]);
      for (size_t i = 0; i < sampled.beside.size(); ++i) {
        const auto field = fields[static_cast<pqxx::row::size_type>(1 + i)];
        row.beside.push_back(field.is_null() ? std::nullopt : std::optional(TextOf(field)));
      }
    }
    return absl::OkStatus();
  }));
  return rows;
}

std::vector<SourceCell> CellsOf(const std::vector<SampledRow>& rows, bool bytes) {
  std::vector<SourceCell> cells;
  for (const SampledRow& row : rows) {
    SourceCell& cell = cells.emplace_back();
    cell.value = row.value;
    cell.is_text = !bytes;
    for (const auto& beside : row.beside) cell.beside.emplace_back(beside);
  }
  return cells;
}

// What came of the values that were looked at.
struct Seen {
  size_t values = 0;
  size_t good = 0;
  bool proven = true;  // values that open are what was encrypted
  std::string_view first_bad = {};
};

absl::Status Look(Database& database, const Sampled& sampled, const SourceOpener& opener,
                  Seen* seen) {
  if (sampled.beside.size() != opener.columns_beside()) {
    return InvalidField("source_columns", "must be as many as the source key has columns: " +
                                              std::to_string(opener.columns_beside()));
  }
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<SampledRow> rows, ReadSample(database, sampled));
  if (rows.empty()) return absl::OkStatus();
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<SourceValue> opened,
                            opener.Open(CellsOf(rows, sampled.bytes)));
  seen->proven = opener.kind() != SourceKind::kPgcryptoRaw;
  for (const SourceValue& value : opened) {
    ++seen->values;
    if (value.bad.empty()) ++seen->good;
    if (seen->first_bad.empty()) seen->first_bad = value.bad;
  }
  return absl::OkStatus();
}

// One value that opens tells that the key is right where values are proven. Where they are not, a
// wrong key opens one in 256 by chance.
bool IsEnough(const Seen& seen) {
  return seen.proven ? seen.good > 0 : 2 * seen.good > seen.values;
}

absl::Status Judge(const Seen& seen) {
  if (seen.values == 0 || IsEnough(seen)) return absl::OkStatus();
  const std::string opened = seen.good == 0 ? "none" : std::to_string(seen.good);
  return InvalidField("source_key", "opens " + opened + " of the " + std::to_string(seen.values) +
                                        " values that were looked at: the first that does not " +
                                        std::string(seen.first_bad));
}

absl::StatusOr<const SourceOpener*> Find(const SourceKeys* keys, std::string_view name,
                                         SourceKind kind) {
  static const SourceKeys kNone;
  return (keys == nullptr ? kNone : *keys).Find(name, kind);
}

// Finds the columns. Error: InvalidField, naming the member, for what is not there.
absl::StatusOr<Sampled> SampledOf(Database& database, const ProtectedColumn& column) {
  Sampled sampled{column.table, *column.plain_column, false, column.source_columns};
  FIELDKMS_RETURN_IF_ERROR(database.Read([&](Transaction& transaction) -> absl::Status {
    const Oid oids[] = {FindRelation(transaction, column.table)};
    if (oids[0] == 0) return InvalidField("table", "is no table of the database");
    const std::vector<Column> columns = ColumnsOf(transaction, oids)[oids[0]];
    const auto find = [&](const std::string& name) {
      return std::find_if(columns.begin(), columns.end(),
                          [&](const Column& found) { return found.name == name; });
    };
    const auto plain = find(sampled.column);
    if (plain == columns.end()) {
      return InvalidField("plain_column", "is no column of the table");
    }
    sampled.bytes = plain->shape == Shape::kBytea;
    for (const std::string& name : sampled.beside) {
      if (find(name) != columns.end()) continue;
      return InvalidField("source_columns", "names what is no column of the table");
    }
    return absl::OkStatus();
  }));
  return sampled;
}

}  // namespace

absl::StatusOr<std::vector<const SourceOpener*>> OpenersOf(const TablePlan& plan,
                                                           const SourceKeys* keys) {
  std::vector<const SourceOpener*> openers(plan.columns.size(), nullptr);
  bool any = false;
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    const CipherColumn& column = plan.columns[i];
    if (column.source.empty()) continue;
    const std::optional<SourceKind> kind = ParseSourceKind(column.source);
    if (!kind) return DatabaseRefused("the source of a column is not known to this release");
    const auto opener = Find(keys, column.source_key, *kind);
    if (!opener.ok()) {
      return Error(absl::StatusCode::kFailedPrecondition, Reason::kConfigInvalid,
                   "the job opens values of " + column.source +
                       ", and the source key that the "
                       "registry names " +
                       std::string(MessageOf(opener.status())));
    }
    openers[i] = *opener;
    any = true;
  }
  if (!any) openers.clear();
  return openers;
}

absl::Status CheckSourceSample(Database& database, const ProtectedColumn& column,
                               const SourceKeys* keys) {
  if (!column.source || !column.source_key || !column.plain_column) return absl::OkStatus();
  FIELDKMS_ASSIGN_OR_RETURN(const SourceOpener* const opener,
                            Find(keys, *column.source_key, *column.source));
  FIELDKMS_ASSIGN_OR_RETURN(const Sampled sampled, SampledOf(database, column));
  Seen seen;
  FIELDKMS_RETURN_IF_ERROR(Look(database, sampled, *opener, &seen));
  return Judge(seen);
}

absl::Status CheckSourceSamples(Database& database, std::span<const TablePlan> plans,
                                const SourceKeys* keys) {
  // Of all partitions of a table together: one of them may have but a damaged value.
  std::map<std::string, Seen> by_root;
  for (const TablePlan& plan : plans) {
    FIELDKMS_ASSIGN_OR_RETURN(const auto openers, OpenersOf(plan, keys));
    for (size_t i = 0; i < openers.size(); ++i) {
      if (openers[i] == nullptr) continue;
      const CipherColumn& column = plan.columns[i];
      Sampled sampled{plan.leaf, column.companion.name, column.companion_bytes, {}};
      for (const size_t beside : column.source_columns) {
        sampled.beside.push_back(plan.context_columns[beside].name);
      }
      Seen& seen = by_root[TableSql(plan.root) + "." + Quoted(column.name)];
      if (seen.proven && seen.good > 0) continue;
      FIELDKMS_RETURN_IF_ERROR(Look(database, sampled, *openers[i], &seen));
    }
  }
  for (const auto& [root, seen] : by_root) FIELDKMS_RETURN_IF_ERROR(Judge(seen));
  return absl::OkStatus();
}

}  // namespace fieldkms::rotation
