#include "rotation/companion_work.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "crypto/status.h"
#include "rotation/cell_faults.h"

namespace fieldkms::rotation {
namespace {

// Documents are the same where they mean the same: jsonb keeps no spelling.
bool SameDocument(std::string_view a, std::string_view b) {
  const auto first = nlohmann::json::parse(a, nullptr, false);
  const auto second = nlohmann::json::parse(b, nullptr, false);
  return first.is_discarded() || second.is_discarded() ? a == b : first == second;
}

}  // namespace

CompanionWork::CompanionWork(const TablePlan& plan, ColumnValues::Options options,
                             const ServiceCalls& calls, std::vector<const SourceOpener*> openers)
    : plan_(plan), options_(std::move(options)), calls_(calls), openers_(std::move(openers)) {}

// As ColumnStateSql says it.
bool CompanionWork::NeedsWork(const TableRow& row, size_t column) const {
  const std::optional<std::string>& cell = row.cells[column];
  const std::optional<std::string>& companion = row.cells[CompanionSlot(plan_, column)];
  switch (plan_.work) {
    case Work::kReseal:
      return false;
    case Work::kEncrypt:
      return companion && !cell;
    case Work::kDecrypt:
      return cell && !companion;
    case Work::kReindex:
      return cell && IndexVersion(companion) < options_.target.version;
    case Work::kRetokenize:
      return cell && TextVersion(companion) < options_.target.version;
  }
  return false;
}

std::vector<size_t> CompanionWork::RowsToDo(std::span<const TableRow> rows, size_t column) const {
  std::vector<size_t> picked;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (NeedsWork(rows[i], column)) picked.push_back(i);
  }
  return picked;
}

std::vector<size_t> CompanionWork::RowsDone(std::span<const TableRow> rows, size_t column) const {
  std::vector<size_t> picked;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].cells[column] && rows[i].cells[CompanionSlot(plan_, column)]) picked.push_back(i);
  }
  return picked;
}

absl::StatusOr<MadeValues> CompanionWork::Make(std::span<const TableRow> rows,
                                               std::span<const size_t> picked,
                                               size_t column) const {
  const ColumnValues values(plan_, column, options_, calls_);
  switch (plan_.work) {
    case Work::kEncrypt:
      return values.Seal(rows, picked, OpenerOf(column));
    case Work::kDecrypt:
      return values.Open(rows, picked);
    case Work::kReindex: {
      FIELDKMS_ASSIGN_OR_RETURN(const MadeValues opened, values.Open(rows, picked));
      return values.Index(opened);
    }
    case Work::kRetokenize: {
      FIELDKMS_ASSIGN_OR_RETURN(const MadeValues read, values.ReadTexts(rows, picked));
      return values.MakeTexts(read);
    }
    case Work::kReseal:
      break;
  }
  return Bug("resealing takes no companion");
}

void CompanionWork::Put(const MadeValue& made, size_t column, RowWrite* write) const {
  std::optional<std::string>& companion = write->cells[CompanionSlot(plan_, column)];
  if (!WritesColumn(plan_.work)) {
    companion = made.value;
    return;
  }
  write->cells[column] = made.value;
  if (plan_.work == Work::kRetokenize) companion = std::to_string(made.version);
  const std::optional<size_t> index = IndexSlot(plan_, column);
  // A field without an index makes none.
  if (index && !made.index.empty()) write->cells[*index] = made.index;
}

void CompanionWork::Write(std::span<const TableRow> rows, size_t column, const MadeValues& made,
                          std::vector<RowWrite*>* writes, WorkDone* out) const {
  for (const MadeValue& one : made) {
    if (!one.bad.empty()) {
      out->bad.push_back({one.row, column, PlaceDigest(rows[one.row], column), one.bad});
      continue;
    }
    RowWrite*& write = (*writes)[one.row];
    if (write == nullptr) {
      out->writes.push_back({one.row, rows[one.row].cells});
      write = &out->writes.back();
    }
    Put(one, column, write);
  }
}

bool CompanionWork::NoneIsGood(const MadeValues& made, std::span<const TableRow> rows,
                               size_t column) const {
  size_t fresh = 0;
  for (const MadeValue& one : made) {
    if (one.bad.empty()) return false;
    if (!known_bad_.contains(PlaceDigest(rows[one.row], column))) ++fresh;
  }
  return fresh >= kManyCells;
}

absl::StatusOr<WorkDone> CompanionWork::Do(std::span<const TableRow> rows) {
  WorkDone out;
  out.writes.reserve(rows.size());  // pointers into it stay
  std::vector<RowWrite*> writes(rows.size(), nullptr);
  for (size_t column = 0; column < plan_.columns.size(); ++column) {
    const std::vector<size_t> picked = RowsToDo(rows, column);
    if (picked.empty()) continue;
    FIELDKMS_ASSIGN_OR_RETURN(const MadeValues made, Make(rows, picked, column));
    if (NoneIsGood(made, rows, column)) out.none_good = true;
    Write(rows, column, made, &writes, &out);
  }
  return out;
}

RowWork::Leftovers CompanionWork::Look(std::span<const TableRow> rows) const {
  Leftovers left;
  for (size_t column = 0; column < plan_.columns.size(); ++column) {
    for (const size_t row : RowsToDo(rows, column)) {
      ++(known_bad_.contains(PlaceDigest(rows[row], column)) ? left.known_bad : left.older);
    }
  }
  return left;
}

bool CompanionWork::Matches(const MadeValue& opened, const TableRow& row, size_t column) const {
  const std::string& companion = *row.cells[CompanionSlot(plan_, column)];
  const Shape shape = plan_.columns[column].shape;
  const bool json = shape == Shape::kJson || shape == Shape::kJsonb;
  return json ? SameDocument(opened.value, companion) : opened.value == companion;
}

std::string_view CompanionWork::Against(const MadeValue& opened, const MadeValue& source) {
  if (!opened.bad.empty()) return opened.bad;
  if (!source.bad.empty()) return source.bad;
  return opened.value == source.value ? std::string_view() : kOtherSource;
}

absl::StatusOr<uint64_t> CompanionWork::CheckColumn(std::span<const TableRow> rows, size_t column,
                                                    std::vector<BadCell>* bad) const {
  const std::vector<size_t> picked = RowsDone(rows, column);
  if (picked.empty()) return 0;
  const ColumnValues values(plan_, column, options_, calls_);
  const bool texts = plan_.work == Work::kRetokenize;
  FIELDKMS_ASSIGN_OR_RETURN(MadeValues found,
                            texts ? values.ReadTexts(rows, picked) : values.Open(rows, picked));
  if (plan_.work == Work::kReindex) {
    FIELDKMS_ASSIGN_OR_RETURN(found, values.Index(found));
  }
  MadeValues source;
  if (const SourceOpener* const opener = OpenerOf(column)) {
    FIELDKMS_ASSIGN_OR_RETURN(source, values.OpenSource(*opener, rows, picked));
  }
  const std::string_view other = plan_.work == Work::kReindex ? kOtherIndex : kOtherPlaintext;
  uint64_t right = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    const MadeValue& one = found[i];
    std::string_view reason = one.bad;
    if (!source.empty()) {
      reason = Against(one, source[i]);
    } else if (reason.empty() && !texts && !Matches(one, rows[one.row], column)) {
      reason = other;
    }
    if (reason.empty()) {
      ++right;
    } else {
      bad->push_back({one.row, column, PlaceDigest(rows[one.row], column), reason});
    }
  }
  return right;
}

absl::StatusOr<uint64_t> CompanionWork::Check(std::span<const TableRow> rows,
                                              std::vector<BadCell>* bad) {
  uint64_t right = 0;
  for (size_t column = 0; column < plan_.columns.size(); ++column) {
    FIELDKMS_ASSIGN_OR_RETURN(const uint64_t of_column, CheckColumn(rows, column, bad));
    right += of_column;
  }
  return right;
}

}  // namespace fieldkms::rotation
