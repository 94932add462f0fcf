#include "rotation/rewrapper.h"

#include <map>
#include <utility>

#include "clients/cpp/rpc_status.h"
#include "crypto/bytes.h"
#include "crypto/sha256.h"
#include "crypto/status.h"
#include "rotation/cell.h"
#include "rotation/cell_context.h"
#include "rotation/envelope_target.h"

namespace fieldkms::rotation {
namespace {

// So many values that none opens is no accident of theirs.
constexpr size_t kManyValues = 50;

constexpr std::string_view kMalformed = "is no envelope";
constexpr std::string_view kOtherKey = "is sealed under another key";
constexpr std::string_view kNotOpened = "does not open under its key and context";
constexpr std::string_view kNoRowKey = "a column of its row's key is NULL";

// Whether an item's error says that its value does not open, and not that the service could not.
bool IsOfValue(const absl::Status& status) { return ReasonOf(status) == Reason::kDecryptFailed; }

}  // namespace

std::string CellDigest(std::string_view cell) {
  const auto digest = Sha256(AsBytes(cell));
  // Without a digest a bad cell is listed once more in each pass: never lost.
  return digest.ok() ? std::string(AsText(*digest)) : std::string(kSha256Size, '\0');
}

// "": it is one for this job.
std::string_view Rewrapper::Unfit(std::string_view envelope) const {
  const std::string key_id = KeyIdIn(envelope);
  if (key_id.empty()) return kMalformed;
  const bool known = key_id == options_.target.source_key_id || key_id == options_.target.key_id;
  return known ? std::string_view() : kOtherKey;
}

void Rewrapper::Collect(std::span<const TableRow> rows, size_t column, bool all, ColumnWork* work,
                        std::vector<BadCell>* bad) const {
  const CipherColumn& cipher = plan_.columns[column];
  work->request.set_tenant(options_.tenant);
  work->request.set_destination_key(options_.destination_key);
  AddColumnContext(cipher, /*with_field=*/true, work->request.mutable_shared_context());
  work->envelopes.resize(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::optional<std::string>& cell = rows[i].cells[column];
    if (!cell) continue;
    const auto refuse = [&](std::string_view reason) {
      std::string digest = CellDigest(*cell);
      if (known_bad_.contains(digest)) {
        ++work->passed_over;
      } else {
        bad->push_back({i, column, std::move(digest), reason});
      }
    };
    absl::StatusOr<std::vector<std::string>> found = EnvelopesIn(cipher.shape, *cell);
    if (!found.ok()) {
      refuse(kMalformed);
      continue;
    }
    std::string_view unfit;
    std::vector<size_t> places;
    for (size_t place = 0; place < found->size() && unfit.empty(); ++place) {
      const std::string& envelope = (*found)[place];
      if (!all && IsOfTarget(envelope, options_.target)) continue;
      unfit = Unfit(envelope);
      places.push_back(place);
    }
    if (places.empty()) continue;
    if (unfit.empty() && cipher.bound_to_row && !RowKeyOf(rows[i])) unfit = kNoRowKey;
    if (!unfit.empty()) {
      refuse(unfit);
      continue;
    }
    if (!known_bad_.empty() && known_bad_.contains(CellDigest(*cell))) {
      ++work->passed_over;
      continue;
    }
    for (const size_t place : places) {
      v1::BatchRewrapRequest::Item* const item = work->request.add_items();
      item->set_ciphertext((*found)[place]);
      AddRowContext(plan_, column, rows[i], item->mutable_context());
      work->items.push_back({i, place});
    }
    work->envelopes[i] = *std::move(found);
  }
}

absl::Status Rewrapper::Replace(std::span<const TableRow> rows, size_t column, ColumnWork* work,
                                std::vector<RowWrite*>* writes, WorkDone* out) const {
  FIELDKMS_ASSIGN_OR_RETURN(v1::BatchRewrapResponse response, call_(work->request));
  size_t failed = 0;
  for (size_t begin = 0; begin < work->items.size();) {
    const size_t row = work->items[begin].row;
    bool bad = false;
    size_t end = begin;
    for (; end < work->items.size() && work->items[end].row == row; ++end) {
      v1::BatchRewrapResponse::Result* const result =
          response.mutable_results(static_cast<int>(end));
      if (result->has_error()) {
        absl::Status status = StatusOfItem(result->error());
        if (!IsOfValue(status)) return status;
        bad = true;
        ++failed;
        continue;
      }
      if (!IsOfTarget(result->ciphertext(), options_.target)) return NotHeardOfTarget();
      work->envelopes[row][work->items[end].place] = std::move(*result->mutable_ciphertext());
    }
    begin = end;
    const std::string& cell = *rows[row].cells[column];
    if (bad) {
      out->bad.push_back({row, column, CellDigest(cell), kNotOpened});
      continue;
    }
    FIELDKMS_ASSIGN_OR_RETURN(std::string rewritten, WithEnvelopes(plan_.columns[column].shape,
                                                                   cell, work->envelopes[row]));
    if ((*writes)[row] == nullptr) {
      out->writes.push_back({row, rows[row].cells});
      (*writes)[row] = &out->writes.back();
    }
    (*writes)[row]->cells[column] = std::move(rewritten);
  }
  if (failed == work->items.size() && failed >= kManyValues) {
    return Error(
        absl::StatusCode::kFailedPrecondition, Reason::kDecryptFailed,
        "of many values in a row none opens: a version of the key may be disabled, the "
        "registry may have another context than they were sealed under; nothing was changed");
  }
  return absl::OkStatus();
}

absl::StatusOr<WorkDone> Rewrapper::Do(std::span<const TableRow> rows) {
  WorkDone out;
  out.writes.reserve(rows.size());  // pointers into it stay
  std::vector<RowWrite*> writes(rows.size(), nullptr);
  for (size_t column = 0; column < plan_.columns.size(); ++column) {
    ColumnWork work;
    Collect(rows, column, /*all=*/false, &work, &out.bad);
    if (work.items.empty()) continue;
    FIELDKMS_RETURN_IF_ERROR(Replace(rows, column, &work, &writes, &out));
  }
  return out;
}

Rewrapper::Leftovers Rewrapper::Look(std::span<const TableRow> rows) const {
  Leftovers left;
  for (size_t column = 0; column < plan_.columns.size(); ++column) {
    ColumnWork work;
    Collect(rows, column, /*all=*/false, &work, &left.bad);
    left.known_bad += work.passed_over;
    size_t last = rows.size();
    for (const Item& item : work.items) {
      if (item.row != last) ++left.older;
      last = item.row;
    }
  }
  return left;
}

absl::StatusOr<uint64_t> Rewrapper::Check(std::span<const TableRow> rows,
                                          std::vector<BadCell>* bad) {
  uint64_t opened = 0;
  for (size_t column = 0; column < plan_.columns.size(); ++column) {
    ColumnWork work;
    Collect(rows, column, /*all=*/true, &work, bad);
    if (work.items.empty()) continue;
    FIELDKMS_ASSIGN_OR_RETURN(const v1::BatchRewrapResponse response, call_(work.request));
    for (size_t i = 0; i < work.items.size(); ++i) {
      const v1::BatchRewrapResponse::Result& result = response.results(static_cast<int>(i));
      if (!result.has_error()) {
        ++opened;
        continue;
      }
      absl::Status status = StatusOfItem(result.error());
      if (!IsOfValue(status)) return status;
      const size_t row = work.items[i].row;
      bad->push_back({row, column, CellDigest(*rows[row].cells[column]), kNotOpened});
    }
  }
  return opened;
}

}  // namespace fieldkms::rotation
