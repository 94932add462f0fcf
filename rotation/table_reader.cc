#include "rotation/table_reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "crypto/status.h"
#include "kms/postgres/value.h"

namespace fieldkms::rotation {
namespace {

constexpr uint64_t kMostPages = 4'096;

std::optional<std::string> TextIfAny(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return TextOf(field);
}

TableRow RowOf(const TablePlan& plan, std::span<const Slot> slots, const pqxx::row& from) {
  TableRow row;
  pqxx::row::size_type next = 0;
  const auto read = [&](size_t count, auto* out) {
    out->reserve(count);
    for (size_t i = 0; i < count; ++i) out->push_back(TextIfAny(from[next++]));
  };
  row.key.reserve(plan.scan_key.size());
  for (size_t i = 0; i < plan.scan_key.size(); ++i) row.key.push_back(TextOf(from[next++]));
  if (plan.order == ScanOrder::kPlace) row.place = TextOf(from[next++]);
  read(plan.row_key.size(), &row.row_key);
  read(plan.context_columns.size(), &row.context);
  row.cells.reserve(slots.size());
  for (const Slot& slot : slots) {
    const pqxx::field field = from[next++];
    if (slot.bytes && !field.is_null()) {
      row.cells.emplace_back(BytesOf(field));
    } else {
      row.cells.push_back(TextIfAny(field));
    }
  }
  return row;
}

void AddEnd(const std::optional<KeyTexts>& end, std::vector<PostgresValue>* values) {
  if (!end) return;
  for (const std::string& text : *end) values->emplace_back(text);
}

uint64_t PageOf(const std::optional<KeyTexts>& end) {
  uint64_t page = 0;
  if (end && !end->empty()) {
    std::from_chars(end->front().data(), end->front().data() + end->front().size(), page);
  }
  return page;
}

}  // namespace

KeyTexts NameOf(const TableRow& row) { return row.key.empty() ? KeyTexts{row.place} : row.key; }

absl::StatusOr<RowsRead> TableReader::Read(Database& database, const KeyRange& range,
                                           size_t limit) {
  return plan_.order == ScanOrder::kKey ? ReadByKey(database, range, limit)
                                        : ReadByPlace(database, range, limit);
}

absl::StatusOr<RowsRead> TableReader::ReadByKey(Database& database, const KeyRange& range,
                                                size_t limit) {
  std::vector<PostgresValue> values;
  AddEnd(range.lower, &values);
  AddEnd(range.upper, &values);
  values.emplace_back(limit);
  const Ends ends{.lower = range.lower.has_value(), .upper = range.upper.has_value()};
  RowsRead read;
  FIELDKMS_RETURN_IF_ERROR(database.Read([&](Transaction& transaction) {
    const pqxx::result result = transaction.Run(SelectRowsSql(plan_, ends, condition_), values);
    read.rows.reserve(result.size());
    for (const pqxx::row& row : result) read.rows.push_back(RowOf(plan_, slots_, row));
    return absl::OkStatus();
  }));
  if (read.rows.size() == limit) read.reached = read.rows.back().key;
  for (const TableRow& row : read.rows) {
    for (const auto& cell : row.cells) read.bytes += cell ? cell->size() : 0;
  }
  return read;
}

absl::StatusOr<RowsRead> TableReader::ReadByPlace(Database& database, const KeyRange& range,
                                                  size_t limit) {
  const uint64_t begin = PageOf(range.lower);
  const uint64_t end = PageOf(range.upper);
  const uint64_t until = std::min(end, begin + pages_);
  RowsRead read;
  if (begin >= end) return read;
  FIELDKMS_RETURN_IF_ERROR(database.Read([&](Transaction& transaction) {
    const pqxx::result result =
        transaction.Run(SelectRowsSql(plan_, {.lower = true, .upper = true}, condition_),
                        {std::to_string(begin), std::to_string(until)});
    read.rows.reserve(result.size());
    for (const pqxx::row& row : result) read.rows.push_back(RowOf(plan_, slots_, row));
    return absl::OkStatus();
  }));
  // As many pages next as would have given `limit` rows.
  const uint64_t fit =
      read.rows.empty() ? pages_ * 2 : pages_ * static_cast<uint64_t>(limit) / read.rows.size();
  pages_ = std::clamp<uint64_t>(std::min(fit, pages_ * 2), 1, kMostPages);
  if (until < end) read.reached = KeyTexts{std::to_string(until)};
  for (const TableRow& row : read.rows) {
    for (const auto& cell : row.cells) read.bytes += cell ? cell->size() : 0;
  }
  return read;
}

}  // namespace fieldkms::rotation
