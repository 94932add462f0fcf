#include "rotation/rewrapper.h"

#include <map>
#include <utility>

#include "clients/cpp/row_context.h"
#include "clients/cpp/rpc_status.h"
#include "crypto/bytes.h"
#include "crypto/envelope.h"
#include "crypto/sha256.h"
#include "crypto/status.h"
#include "rotation/cell.h"

namespace fieldkms::rotation {
namespace {

// So many values that none opens is no accident of theirs.
constexpr size_t kManyValues = 50;

constexpr std::string_view kMalformed = "is no envelope";
constexpr std::string_view kOtherKey = "is sealed under another key";
constexpr std::string_view kNotOpened = "does not open under its key and context";
constexpr std::string_view kNoRowKey = "a column of its row's key is NULL";

std::string KeyIdBytes(const EnvelopeHeader& header) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) {
    bytes += static_cast<char>((header.key_id >> shift) & 0xff);
  }
  return bytes;
}

void AddEntry(std::string_view name, std::string_view value,
              google::protobuf::RepeatedPtrField<v1::ContextEntry>* context) {
  v1::ContextEntry* const entry = context->Add();
  entry->set_name(name.data(), name.size());
  entry->set_value(value.data(), value.size());
}

// The context's `pk` of a row; none where a column of it is NULL.
std::optional<std::string> RowKeyOf(const TableRow& row) {
  std::vector<std::string_view> columns;
  columns.reserve(row.row_key.size());
  for (const std::optional<std::string>& column : row.row_key) {
    if (!column) return std::nullopt;
    columns.push_back(*column);
  }
  return RowKey(columns);
}

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
  const absl::StatusOr<EnvelopeView> view = ParseEnvelope(AsBytes(envelope));
  if (!view.ok()) return kMalformed;
  const std::string key_id = KeyIdBytes(view->header);
  const bool known = key_id == options_.target.source_key_id || key_id == options_.target.key_id;
  return known ? std::string_view() : kOtherKey;
}

bool Rewrapper::IsCurrent(std::string_view envelope) const {
  const absl::StatusOr<EnvelopeView> view = ParseEnvelope(AsBytes(envelope));
  return view.ok() && KeyIdBytes(view->header) == options_.target.key_id &&
         view->header.version >= options_.target.version;
}

void Rewrapper::AddItem(const TableRow& row, size_t column, const std::string& envelope,
                        v1::BatchRewrapRequest* request) const {
  v1::BatchRewrapRequest::Item* const item = request->add_items();
  item->set_ciphertext(envelope);
  const CipherColumn& cipher = plan_.columns[column];
  if (cipher.bound_to_row) AddEntry("pk", *RowKeyOf(row), item->mutable_context());
  for (size_t i = 0; i < cipher.context_names.size(); ++i) {
    // A NULL is no entry: an empty value would be another context.
    const std::optional<std::string>& value = row.context[cipher.context_columns[i]];
    if (value) AddEntry(cipher.context_names[i], *value, item->mutable_context());
  }
}

void Rewrapper::Collect(std::span<const TableRow> rows, size_t column, bool all, ColumnWork* work,
                        std::vector<BadCell>* bad) const {
  const CipherColumn& cipher = plan_.columns[column];
  work->request.set_tenant(options_.tenant);
  work->request.set_destination_key(options_.destination_key);
  AddEntry("b", cipher.binding_id, work->request.mutable_shared_context());
  if (!cipher.field_id.empty()) {
    AddEntry("f", cipher.field_id, work->request.mutable_shared_context());
  }
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
      if (!all && IsCurrent(envelope)) continue;
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
      AddItem(rows[i], column, (*found)[place], &work->request);
      work->items.push_back({i, place});
    }
    work->envelopes[i] = *std::move(found);
  }
}

absl::Status Rewrapper::Replace(std::span<const TableRow> rows, size_t column, ColumnWork* work,
                                std::vector<RowWrite*>* writes, Rewrapped* out) const {
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
      if (!IsCurrent(result->ciphertext())) {
        return Error(absl::StatusCode::kUnavailable, Reason::kPrimaryChanged,
                     "a replica of the service has not heard of the key's new version yet");
      }
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

absl::StatusOr<Rewrapped> Rewrapper::Rewrap(std::span<const TableRow> rows) {
  Rewrapped out;
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

absl::StatusOr<uint64_t> Rewrapper::CheckOpen(std::span<const TableRow> rows,
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
