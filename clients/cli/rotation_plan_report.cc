#include "clients/cli/rotation_plan_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "clients/cli/job_report.h"
#include "clients/cli/table_names.h"
#include "kms/printable.h"
#include "rotation/words.h"

namespace fieldkms {
namespace {

using rotation::BytesWords;
using rotation::CountWords;
using rotation::Finding;
using rotation::Range;
using rotation::Severity;
using rotation::TableEstimate;

uint64_t Whole(double number) { return static_cast<uint64_t>(std::llround(std::max(0.0, number))); }

Range Sum(const rotation::JobPlan& plan, Range TableEstimate::*member) {
  Range sum;
  for (const TableEstimate& table : plan.tables) {
    sum.low += (table.*member).low;
    sum.high += (table.*member).high;
  }
  return sum;
}

uint64_t BatchesOf(const rotation::JobPlan& plan) {
  uint64_t batches = 0;
  for (const TableEstimate& table : plan.tables) batches += table.batches;
  return batches;
}

// "12 to 40", or "12".
template <class Words>
std::string RangeText(const Range& range, Words words) {
  const std::string low = words(Whole(range.low));
  const std::string high = words(Whole(range.high));
  return low == high ? low : low + " to " + high;
}

Json RangeJson(const Range& range) {
  return {{"low", Whole(range.low)}, {"high", Whole(range.high)}};
}

std::string SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kRefused:
      return "refused";
    case Severity::kWarning:
      return "warning";
    case Severity::kNote:
      break;
  }
  return "note";
}

Json SampleJson(const rotation::SampleCounts& sample) {
  return {{"rows", sample.rows},           {"nulls", sample.nulls},
          {"current", sample.current},     {"older", sample.older},
          {"other_key", sample.other_key}, {"malformed", sample.malformed}};
}

Json TableJson(const TableEstimate& table) {
  Json columns = Json::array();
  for (const rotation::CipherColumn& column : table.plan.columns) columns.push_back(column.name);
  const bool by_key = table.plan.order == rotation::ScanOrder::kKey;
  return {{"schema", table.plan.leaf.schema},
          {"table", table.plan.leaf.table},
          {"root", {{"schema", table.plan.root.schema}, {"table", table.plan.root.table}}},
          {"columns", std::move(columns)},
          {"order", by_key ? "key" : "place"},
          {"estimated_rows", table.plan.estimated_rows},
          {"sample", SampleJson(table.sample)},
          {"rows_to_change", RangeJson(table.rows_to_change)},
          {"batches", table.batches},
          {"wal_bytes", RangeJson(table.wal_bytes)},
          {"bloat_bytes", RangeJson(table.bloat_bytes)},
          {"table_bytes", table.table_bytes}};
}

Json FindingJson(const Finding& finding) {
  return {{"severity", SeverityName(finding.severity)},
          {"code", finding.code},
          {"schema", finding.table.schema},
          {"table", finding.table.table},
          {"column", finding.column},
          {"message", finding.message}};
}

Json TimeJson(const ShownPlan& shown) {
  const std::optional<rotation::TimeLeft> time = PlannedTime(shown.plan, shown.workers);
  if (!time) return nullptr;
  return {
      {"soonest_seconds", time->soonest.count()},
      {"latest_seconds", time->latest.count()},
      {"workers", shown.workers},
      {"rows_per_second_of_a_worker", RangeJson({kSlowestRowsPerSecond, kFastestRowsPerSecond})}};
}

std::string TimeText(const ShownPlan& shown) {
  const std::optional<rotation::TimeLeft> time = PlannedTime(shown.plan, shown.workers);
  if (!time) return "not known";
  return fmt::format(
      "{} to {}, where each of {} worker{} changes {} to {} rows a second and never rests; then "
      "all "
      "rows are read once or twice more",
      rotation::DurationWords(time->soonest), rotation::DurationWords(time->latest), shown.workers,
      shown.workers == 1 ? "" : "s", CountWords(Whole(kSlowestRowsPerSecond)),
      CountWords(Whole(kFastestRowsPerSecond)));
}

std::string TablesText(const rotation::JobPlan& plan) {
  Table table({"TABLE", "ROWS", "TO CHANGE", "BATCHES", "LOG", "GROWS BY", "SIZE", "READ BY"});
  for (const TableEstimate& estimate : plan.tables) {
    const bool by_key = estimate.plan.order == rotation::ScanOrder::kKey;
    table.Add({TableText(estimate.plan.leaf), CountWords(estimate.plan.estimated_rows),
               RangeText(estimate.rows_to_change, CountWords), CountWords(estimate.batches),
               RangeText(estimate.wal_bytes, BytesWords),
               RangeText(estimate.bloat_bytes, BytesWords), BytesWords(estimate.table_bytes),
               by_key ? "key" : "place"});
  }
  return table.Render();
}

std::string PlaceOf(const Finding& finding) {
  if (finding.table.table.empty()) return "";
  return " " + TableText(finding.table) +
         (finding.column.empty() ? "" : "." + ColumnText(finding.column));
}

// The worst first.
std::string FindingsText(const rotation::JobPlan& plan) {
  std::string text;
  for (const Severity severity : {Severity::kRefused, Severity::kWarning, Severity::kNote}) {
    for (const Finding& finding : plan.findings) {
      if (finding.severity != severity) continue;
      text += SeverityName(severity) + PlaceOf(finding) + ": " + Printable(finding.message) + " (" +
              finding.code + ")\n";
    }
  }
  return text;
}

}  // namespace

std::optional<rotation::TimeLeft> PlannedTime(const rotation::JobPlan& plan, uint32_t workers) {
  const bool blind =
      std::any_of(plan.tables.begin(), plan.tables.end(), [](const TableEstimate& table) {
        return table.sample.rows == 0 && table.plan.estimated_rows > 0;
      });
  if (plan.refused() || blind || workers == 0) return std::nullopt;
  const Range rows = Sum(plan, &TableEstimate::rows_to_change);
  const auto seconds = [workers](double count, double rate) {
    return std::chrono::seconds(std::llround(std::ceil(count / (rate * workers))));
  };
  return rotation::TimeLeft{.soonest = seconds(rows.low, kFastestRowsPerSecond),
                            .latest = seconds(rows.high, kSlowestRowsPerSecond)};
}

Json PlanJson(const ShownPlan& shown) {
  Json tables = Json::array();
  for (const TableEstimate& table : shown.plan.tables) tables.push_back(TableJson(table));
  Json findings = Json::array();
  for (const Finding& finding : shown.plan.findings) findings.push_back(FindingJson(finding));
  return {{"source_key", shown.target.source_key()},
          {"source_key_id", shown.target.source_key_id()},
          {"key", shown.target.key()},
          {"key_id", shown.target.key_id()},
          {"key_version", shown.target.key_version()},
          {"refused", shown.plan.refused()},
          {"rows_to_change", RangeJson(Sum(shown.plan, &TableEstimate::rows_to_change))},
          {"batches", BatchesOf(shown.plan)},
          {"wal_bytes", RangeJson(Sum(shown.plan, &TableEstimate::wal_bytes))},
          {"bloat_bytes", RangeJson(Sum(shown.plan, &TableEstimate::bloat_bytes))},
          {"time", TimeJson(shown)},
          {"tables", std::move(tables)},
          {"findings", std::move(findings)}};
}

std::string PlanText(const ShownPlan& shown) {
  const rotation::JobPlan& plan = shown.plan;
  std::string text = Properties(
      {{"key", TargetText(shown.target)},
       {"rows to change", RangeText(Sum(plan, &TableEstimate::rows_to_change), CountWords)},
       {"batches", CountWords(BatchesOf(plan))},
       {"log", RangeText(Sum(plan, &TableEstimate::wal_bytes), BytesWords)},
       {"tables grow by", RangeText(Sum(plan, &TableEstimate::bloat_bytes), BytesWords)},
       {"time", TimeText(shown)}});
  if (!plan.tables.empty()) text += "\n" + TablesText(plan);
  if (!plan.findings.empty()) text += "\n" + FindingsText(plan);
  return text + (plan.refused() ? "\nA job would be refused: mend that first.\n" : "");
}

}  // namespace fieldkms
