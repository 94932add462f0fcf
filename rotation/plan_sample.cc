#include "rotation/plan_sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <pqxx/result>
#include <string>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/envelope.h"
#include "kms/postgres/value.h"
#include "rotation/cell.h"
#include "rotation/plan_estimate.h"
#include "rotation/table_sql.h"

namespace fieldkms::rotation {
namespace {

constexpr double kFewestRows = 20;       // of a leaf, whatever it shares with others
constexpr double kFewestPages = 10;      // of those that are random
constexpr double kMostBytes = 16 << 20;  // of the rows of one leaf, as far as their width is known
constexpr size_t kLargestValue = size_t{64} << 10;  // as stored; a larger one is not looked at
constexpr size_t kLeavesAtOnce = 50;                // of one statement
constexpr double kPageBytes = 8192;

// How the rows of one leaf are chosen.
struct Choice {
  size_t leaf = 0;
  double percent = 100;  // of pages
  double share = 1;      // of the rows in them
  uint64_t limit = 0;
  bool by_chance() const { return percent < 100; }
};

Choice FirstRows(size_t leaf, double rows) {
  return {leaf, 100, 1, static_cast<uint64_t>(std::max(rows, 1.0))};
}

// Few rows of many pages: rows that lie together were written together.
Choice ChooseRows(size_t leaf, const LeafPlan& plan, double rows) {
  const Relation& relation = plan.facts->relation;
  const double all = EstimateRows(relation).middle;
  const double width = static_cast<double>(relation.table_bytes) / std::max(all, 1.0);
  rows = std::clamp(kMostBytes / std::max(width, 1.0), std::min(kFewestRows, rows), rows);
  const double pages = static_cast<double>(relation.heap_bytes) / kPageBytes;
  const double wanted_pages = std::max(rows / 4, kFewestPages);
  if (!relation.counted_rows || all < 4 * rows || pages < 4 * wanted_pages) {
    return FirstRows(leaf, rows);
  }
  const double found = all * wanted_pages / pages;
  return {leaf, 100 * wanted_pages / pages, std::min(1.0, rows / found),
          static_cast<uint64_t>(4 * rows)};
}

// What is looked at of a column: its cell, or whether it needs work.
std::string CellSql(const CipherColumn& column, const LeafPlan& leaf, const Target& target) {
  if (leaf.plan.work != Work::kReseal) return ColumnStateSql(column, leaf.plan.work, target);
  return Quoted(column.name) + (column.shape == Shape::kBytea ? "::bytea" : "::text");
}

// A row of the leaf's number, whether it is looked at, and its cells.
std::string SqlOf(const LeafPlan& leaf, const Choice& choice, const Target& target) {
  std::string small = "true", cells;
  for (const CipherColumn& column : leaf.plan.columns) {
    small += fmt::format(" AND coalesce(pg_column_size({}), 0) <= {}", Quoted(column.name),
                         kLargestValue);
  }
  for (const CipherColumn& column : leaf.plan.columns) {
    cells += fmt::format(", CASE WHEN {} THEN {} END", small, CellSql(column, leaf, target));
  }
  const std::string sample =
      choice.by_chance() ? fmt::format(" TABLESAMPLE SYSTEM ({:.10f}) WHERE random() < {:.10f}",
                                       choice.percent, choice.share)
                         : "";
  return fmt::format("(SELECT {}, {}{} FROM ONLY {} AS t{} LIMIT {})", choice.leaf, small, cells,
                     Quoted(leaf.plan.leaf.schema, leaf.plan.leaf.table), sample, choice.limit);
}

class Sampler {
 public:
  Sampler(Transaction& transaction, std::span<const LeafPlan> leaves, const PlanRequest& request)
      : transaction_(transaction),
        leaves_(leaves),
        request_(request),
        target_({request.source_key_id, request.target_key_id, request.target_version}),
        samples_(leaves.size()) {}

  std::vector<LeafSample> Sample() {
    std::map<Oid, double> leaves_of_root;
    for (const LeafPlan& leaf : leaves_) ++leaves_of_root[leaf.root->oid];
    std::vector<Choice> choices;
    for (size_t i = 0; i < leaves_.size(); ++i) {
      samples_[i].columns.resize(leaves_[i].plan.columns.size());
      if (!leaves_[i].readable) continue;
      const double most = request_.sample_rows;
      const double share = most / leaves_of_root[leaves_[i].root->oid];
      choices.push_back(ChooseRows(i, leaves_[i], std::max(share, std::min(kFewestRows, most))));
    }
    Run(choices);
    // Random pages may have no rows, where few were left.
    std::vector<Choice> empty;
    for (const Choice& choice : choices) {
      if (choice.by_chance() && samples_[choice.leaf].rows.rows == 0) {
        empty.push_back(FirstRows(choice.leaf, static_cast<double>(choice.limit) / 4));
      }
    }
    Run(empty);
    return std::move(samples_);
  }

 private:
  // Leaves of one root have the same columns, so that their rows make one result.
  void Run(std::span<const Choice> choices) {
    while (!choices.empty()) {
      const auto root = [&](const Choice& choice) { return leaves_[choice.leaf].root; };
      size_t count = 1;
      while (count < choices.size() && count < kLeavesAtOnce &&
             root(choices[count]) == root(choices[0])) {
        ++count;
      }
      RunAtOnce(choices.first(count));
      choices = choices.subspan(count);
    }
  }

  void RunAtOnce(std::span<const Choice> choices) {
    std::string sql;
    for (const Choice& choice : choices) {
      sql += (sql.empty() ? "" : " UNION ALL ") + SqlOf(leaves_[choice.leaf], choice, target_);
    }
    transaction_.RunOnce("SAVEPOINT sample");
    const pqxx::result rows = transaction_.RunOnce(sql);
    // Gives back the locks.
    transaction_.RunOnce("ROLLBACK TO SAVEPOINT sample; RELEASE SAVEPOINT sample");
    for (const auto& row : rows) CountRow(row);
    for (const Choice& choice : choices) {
      LeafSample& sample = samples_[choice.leaf];
      sample.whole = !choice.by_chance() && sample.skipped == 0 && sample.rows.rows < choice.limit;
    }
  }

  void CountRow(const pqxx::row& row) {
    const auto number = row[0].as<size_t>();
    LeafSample& sample = samples_[number];
    if (!BoolOf(row[1])) {
      ++sample.skipped;
      return;
    }
    Content whole = Content::kNothing;
    const std::vector<CipherColumn>& columns = leaves_[number].plan.columns;
    for (size_t i = 0; i < columns.size(); ++i) {
      const Content content = CellContent(columns[i].shape, row[static_cast<int>(i) + 2]);
      Count(content, &sample.columns[i]);
      whole = std::max(whole, content);
    }
    Count(whole, &sample.rows);
  }

  Content CellContent(Shape shape, const pqxx::field& field) const {
    if (field.is_null()) return Content::kNothing;
    if (request_.work != Work::kReseal) return BoolOf(field) ? Content::kOlder : Content::kCurrent;
    return ContentOf(shape, shape == Shape::kBytea ? BytesOf(field) : TextOf(field), request_);
  }

  Transaction& transaction_;
  const std::span<const LeafPlan> leaves_;
  const PlanRequest& request_;
  const Target target_;
  std::vector<LeafSample> samples_;
};

uint64_t KeyIdOf(std::string_view bytes) {
  return bytes.size() == sizeof(uint64_t) ? GetU64(AsBytes(bytes).data()) : 0;
}

void Add(const SampleCounts& counts, SampleCounts* sum) {
  sum->rows += counts.rows;
  sum->nulls += counts.nulls;
  sum->current += counts.current;
  sum->older += counts.older;
  sum->other_key += counts.other_key;
  sum->malformed += counts.malformed;
}

// What is so of a column, by the samples of all leaves.
void CheckColumn(const FindingPlace& place, Shape shape, const SampleCounts& counts,
                 FindingList* findings) {
  const uint64_t filled = counts.rows - counts.nulls;
  const bool json = shape == Shape::kJson || shape == Shape::kJsonb;
  if (filled == 0 && json && counts.rows > 0) {
    findings->Add(Severity::kWarning, "NO_ENVELOPES", place,
                  "has no ciphertexts in any document of the sample");
  } else if (counts.malformed > 0 && counts.malformed == filled) {
    findings->Add(Severity::kRefused, "PLAINTEXT", place,
                  "holds no ciphertexts, by a sample: encrypt the column first");
  } else if (counts.malformed > 0) {
    findings->Add(Severity::kRefused, "MIXED_CONTENTS", place,
                  "holds ciphertexts and something else, by a sample: plaintext that was never "
                  "encrypted, or damage; mend these rows first");
  } else if (counts.other_key > 0 && counts.other_key == filled) {
    findings->Add(Severity::kRefused, "OTHER_KEYS_ONLY", place,
                  "holds ciphertexts of other keys only, by a sample: see whether the registry "
                  "has the right key");
  } else if (counts.other_key > 0) {
    findings->Add(Severity::kWarning, "SOME_OTHER_KEYS", place,
                  "holds some ciphertexts of other keys, by a sample: the job leaves them alone");
  }
}

}  // namespace

Content ContentOf(Shape shape, std::optional<std::string_view> cell, const PlanRequest& request) {
  if (!cell) return Content::kNothing;
  const auto envelopes = EnvelopesIn(shape, *cell);
  if (!envelopes.ok()) return Content::kMalformed;
  const uint64_t source = KeyIdOf(request.source_key_id), target = KeyIdOf(request.target_key_id);
  Content content = Content::kNothing;
  for (const std::string& envelope : *envelopes) {
    const auto view = ParseEnvelope(AsBytes(envelope));
    if (!view.ok()) return Content::kMalformed;
    const EnvelopeHeader& header = view->header;
    const bool current = header.key_id == target && header.version >= request.target_version;
    const bool known = header.key_id == target || header.key_id == source;
    content = std::max(
        content, current ? Content::kCurrent : (known ? Content::kOlder : Content::kOtherKey));
  }
  return content;
}

void Count(Content content, SampleCounts* counts) {
  ++counts->rows;
  switch (content) {
    case Content::kNothing:
      ++counts->nulls;
      break;
    case Content::kCurrent:
      ++counts->current;
      break;
    case Content::kOtherKey:
      ++counts->other_key;
      break;
    case Content::kMalformed:
      ++counts->malformed;
      break;
    case Content::kOlder:
      ++counts->older;
      break;
  }
}

std::vector<LeafSample> SampleLeaves(Transaction& transaction, std::span<const LeafPlan> leaves,
                                     const PlanRequest& request) {
  return Sampler(transaction, leaves, request).Sample();
}

void CheckSamples(std::span<const LeafPlan> leaves, std::span<const LeafSample> samples,
                  FindingList* findings) {
  // Of a root, and the name of its column.
  std::map<std::pair<const PlannedRoot*, std::string>, SampleCounts> sums;
  for (size_t i = 0; i < leaves.size(); ++i) {
    const std::vector<CipherColumn>& columns = leaves[i].plan.columns;
    for (size_t c = 0; c < columns.size(); ++c) {
      Add(samples[i].columns[c], &sums[{leaves[i].root, columns[c].name}]);
    }
    if (leaves[i].readable && samples[i].rows.rows == 0 && samples[i].skipped > 0) {
      findings->Add(Severity::kWarning, "NOT_SAMPLED", PlaceOf(leaves[i]),
                    "all values of the sample are larger than are looked at: nobody knows what "
                    "they are before the job reads them");
    }
  }
  for (const auto& [place, counts] : sums) {
    const auto& [root, name] = place;
    for (const ProtectedColumn& column : root->columns) {
      if (column.column != name) continue;
      CheckColumn({root->name, root->name, name}, column.shape, counts, findings);
    }
  }
}

}  // namespace fieldkms::rotation
