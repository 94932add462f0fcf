#include "rotation/plan_estimate.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

namespace fieldkms::rotation {
namespace {

// What was measured for rows of 120 bytes: 430 bytes of write-ahead log a row where updates stay on
// their pages (HOT), 610 where none does; full images of pages come once a checkpoint on top.
constexpr double kLeastWalBesideRow = 310;
constexpr double kMostWalBesideRow = 490;
constexpr double kWalOfIndexEntry = 100;
// A table of fillfactor 100 grew by 16 % at best and by its own size at worst; with a fifth of each
// page free it need not grow.
constexpr double kLeastGrowth = 0.16;
// What a row takes where nothing is known: an envelope, a key and PostgreSQL's own.
constexpr double kGuessedRowBytes = 150;
constexpr double kNarrowestRowBytes = 36;
constexpr double kPageBytes = 8192;
// How far counts are off, by themselves and since.
constexpr double kCountError = 0.1;

Range Times(const Range& a, const Range& b) { return {a.low * b.low, a.high * b.high}; }

// Indexes that get an entry for each row that is written: none, or all of the table's.
size_t IndexesWritten(const LeafPlan& leaf) {
  std::set<std::string> indexes;
  bool written = false;
  for (const Column& column : leaf.facts->columns) {
    const auto dependents = leaf.facts->dependents.find(column.number);
    if (dependents == leaf.facts->dependents.end()) continue;
    const bool is_cipher =
        std::any_of(leaf.plan.columns.begin(), leaf.plan.columns.end(),
                    [&](const CipherColumn& cipher) { return cipher.name == column.name; });
    for (const Dependent& dependent : dependents->second) {
      if (dependent.kind != DependentKind::kIndex && dependent.kind != DependentKind::kExpression) {
        continue;
      }
      indexes.insert(dependent.name);
      written |= is_cipher;
    }
  }
  return written ? indexes.size() : 0;
}

Range WalOf(const LeafPlan& leaf, const Range& changed, double row_bytes, size_t indexes,
            bool full_page_writes) {
  const Relation& relation = leaf.facts->relation;
  if (relation.unlogged) return {};
  const double entries = static_cast<double>(indexes) * kWalOfIndexEntry;
  const double pages = static_cast<double>(relation.heap_bytes) / kPageBytes;
  const double images = full_page_writes ? std::min(pages, changed.high) * kPageBytes : 0;
  return {changed.low * (row_bytes + kLeastWalBesideRow + entries),
          changed.high * (row_bytes + kMostWalBesideRow + entries) + images};
}

Range BloatOf(const LeafPlan& leaf, const Range& changed, double row_bytes, size_t indexes) {
  const double free = 1 - leaf.facts->relation.fillfactor / 100.0;
  const double most = std::max(0.0, 1 - 2 * free);
  const double least = indexes > 0 ? most : std::max(0.0, kLeastGrowth - free);
  return {changed.low * row_bytes * least, changed.high * row_bytes * most};
}

}  // namespace

TableRows EstimateRows(const Relation& relation) {
  const auto bytes = static_cast<double>(relation.heap_bytes);
  if (!relation.counted_rows) {
    return {bytes / kGuessedRowBytes, {0, bytes / kNarrowestRowBytes}};
  }
  const double counted = *relation.counted_rows;
  const double then = static_cast<double>(relation.counted_pages) * kPageBytes;
  const double now = then > 0 ? counted * bytes / then : counted;
  return {now,
          {std::min(counted, now) * (1 - kCountError), std::max(counted, now) * (1 + kCountError)}};
}

Range ShareOf(uint64_t hits, uint64_t rows) {
  if (rows == 0) return {0, 1};
  const double n = std::max(1.0, static_cast<double>(rows) / 4);
  const double p = static_cast<double>(hits) / static_cast<double>(rows);
  constexpr double z = 1.96;
  const double middle = p + z * z / (2 * n);
  const double spread = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  const double scale = 1 + z * z / n;
  return {std::max(0.0, (middle - spread) / scale), std::min(1.0, (middle + spread) / scale)};
}

TableEstimate EstimateTable(const LeafPlan& leaf, const LeafSample& sample,
                            const ServerSettings& settings, uint32_t batch_rows) {
  TableEstimate estimate;
  estimate.plan = leaf.plan;
  estimate.sample = sample.rows;
  estimate.table_bytes = leaf.facts->relation.table_bytes;
  const auto sampled = static_cast<double>(sample.rows.rows);
  const auto older = static_cast<double>(sample.rows.older);
  TableRows rows = EstimateRows(leaf.facts->relation);
  if (sample.whole) rows = {sampled, {sampled, sampled}};
  rows.middle = std::max(rows.middle, sampled);
  rows.range = {std::max(rows.range.low, sampled), std::max(rows.range.high, sampled)};
  estimate.rows_to_change = sample.whole
                                ? Range{older, older}
                                : Times(rows.range, ShareOf(sample.rows.older, sample.rows.rows));
  estimate.plan.estimated_rows = static_cast<uint64_t>(std::llround(rows.middle));
  estimate.batches = (estimate.plan.estimated_rows + batch_rows - 1) / std::max(batch_rows, 1u);
  const double row_bytes =
      rows.middle > 0 ? static_cast<double>(estimate.table_bytes) / rows.middle : 0;
  const size_t indexes = IndexesWritten(leaf);
  estimate.wal_bytes =
      WalOf(leaf, estimate.rows_to_change, row_bytes, indexes, settings.full_page_writes);
  estimate.bloat_bytes = BloatOf(leaf, estimate.rows_to_change, row_bytes, indexes);
  return estimate;
}

}  // namespace fieldkms::rotation
