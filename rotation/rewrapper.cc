#include "rotation/rewrapper.h"

#include <google/protobuf/arena.h>

#include <deque>
#include <future>
#include <system_error>
#include <utility>

#include "clients/cpp/rpc_status.h"
#include "crypto/bytes.h"
#include "crypto/status.h"
#include "rotation/cell.h"
#include "rotation/cell_context.h"
#include "rotation/cell_faults.h"
#include "rotation/envelope_target.h"

namespace fieldkms::rotation {
namespace {

// What one call has, and how many are with the service while the next is made: half of what a call
// may have, so that a window of the usual size keeps both sides busy.
constexpr size_t kItemsPerCall = 5'000;
constexpr size_t kCallsInFlight = 2;

// Whether an item's error says that its value does not open, and not that the service could not.
bool IsOfValue(const absl::Status& status) { return ReasonOf(status) == Reason::kDecryptFailed; }

}  // namespace

// Values of one column. What is sent is moved into the request, and comes back as what it was
// sealed to.
struct Rewrapper::Chunk {
  struct Item {
    size_t row;
    size_t place;  // among the envelopes of its cell
  };
  google::protobuf::Arena arena;
  v1::BatchRewrapRequest* const request =
      google::protobuf::Arena::CreateMessage<v1::BatchRewrapRequest>(&arena);
  size_t begin = 0;                                 // the first row
  std::vector<std::vector<std::string>> envelopes;  // of each row's cell
  std::vector<Item> items;
  uint64_t passed_over = 0;  // cells that are known to be bad
};

struct Rewrapper::Call {
  Chunk chunk;
  // Behind the chunk: whoever waits for no answer waits here, before what was asked goes.
  std::future<absl::StatusOr<v1::BatchRewrapResponse>> response;

  // Nobody is to wait for the only one, so it needs no thread.
  void Start(const RewrapCall& call, bool only) {
    const auto ask = [this, &call] { return call(*chunk.request); };
    try {
      response = std::async(only ? std::launch::deferred : std::launch::async, ask);
    } catch (const std::system_error&) {
      // No more threads to be had: slower, and no less right.
      response = std::async(std::launch::deferred, ask);
    }
  }
};

struct Rewrapper::Cell {
  std::vector<std::string> envelopes;
  std::vector<size_t> places;  // of those that are to be sealed anew
  std::string_view unfit;      // why it cannot be; "": it can
};

struct Rewrapper::Column {
  size_t number = 0;
  std::vector<RowWrite*>* writes = nullptr;  // of each row, where there is one
  size_t sent = 0;                           // cells
  size_t failed = 0;
};

// Why an envelope is none for this job; "": it is one. Whether it is current costs no more.
std::string_view Rewrapper::Unfit(std::string_view envelope, bool all, bool* current) const {
  const std::optional<SealedUnder> under = SealedUnderOf(envelope);
  if (!under) return kMalformed;
  *current = !all && IsOfTarget(*under, options_.target);
  const bool known =
      under->key_id == options_.target.key_id || under->key_id == options_.target.source_key_id;
  return known ? std::string_view() : kOtherKey;
}

Rewrapper::Cell Rewrapper::LookInto(size_t column, std::string_view text, bool all) const {
  Cell cell;
  absl::StatusOr<std::vector<std::string>> found = EnvelopesIn(plan_.columns[column].shape, text);
  if (!found.ok()) {
    cell.unfit = kMalformed;
    return cell;
  }
  cell.envelopes = *std::move(found);
  for (size_t place = 0; place < cell.envelopes.size() && cell.unfit.empty(); ++place) {
    bool current = false;
    cell.unfit = Unfit(cell.envelopes[place], all, &current);
    if (!current) cell.places.push_back(place);
  }
  return cell;
}

void Rewrapper::CollectCell(std::span<const TableRow> rows, size_t row, size_t column, bool all,
                            Chunk* chunk, std::vector<BadCell>* bad) const {
  std::vector<std::string>& kept = chunk->envelopes.emplace_back();
  const std::optional<std::string>& text = rows[row].cells[column];
  if (!text) return;
  Cell cell = LookInto(column, *text, all);
  if (cell.unfit.empty() && cell.places.empty()) return;
  const bool bound = plan_.columns[column].bound_to_row;
  const std::optional<std::string> row_key = bound ? RowKeyOf(rows[row]) : std::nullopt;
  if (cell.unfit.empty() && bound && !row_key) cell.unfit = kNoRowKey;
  if (!cell.unfit.empty() || !known_bad_.empty()) {
    // What is no envelope may be plaintext.
    std::string digest =
        cell.unfit == kMalformed ? PlaceDigest(rows[row], column) : CellDigest(rows[row], column);
    if (known_bad_.contains(digest)) {
      ++chunk->passed_over;
      return;
    }
    if (!cell.unfit.empty()) {
      bad->push_back({row, column, std::move(digest), cell.unfit});
      return;
    }
  }
  for (const size_t place : cell.places) {
    v1::BatchRewrapRequest::Item* const item = chunk->request->add_items();
    item->set_ciphertext(std::move(cell.envelopes[place]));
    AddRowContext(plan_, column, rows[row], row_key, item->mutable_context());
    chunk->items.push_back({row, place});
  }
  kept = std::move(cell.envelopes);
}

// Returns the row behind the last one that was looked at.
size_t Rewrapper::Collect(std::span<const TableRow> rows, size_t begin, size_t column, bool all,
                          Chunk* chunk, std::vector<BadCell>* bad) const {
  chunk->request->set_tenant(options_.tenant);
  chunk->request->set_destination_key(options_.destination_key);
  AddColumnContext(plan_.columns[column], /*with_field=*/true,
                   chunk->request->mutable_shared_context());
  chunk->begin = begin;
  size_t row = begin;
  for (; row < rows.size() && chunk->items.size() < kItemsPerCall; ++row) {
    CollectCell(rows, row, column, all, chunk, bad);
  }
  return row;
}

// Whether all of them opened.
absl::StatusOr<bool> Rewrapper::TakeResults(size_t begin, size_t end, Chunk* chunk,
                                            v1::BatchRewrapResponse* response) const {
  bool opened = true;
  for (size_t i = begin; i < end; ++i) {
    v1::BatchRewrapResponse::Result* const result = response->mutable_results(static_cast<int>(i));
    if (result->has_error()) {
      absl::Status status = StatusOfItem(result->error());
      if (!IsOfValue(status)) return status;
      opened = false;
      continue;
    }
    if (!IsOfTarget(result->ciphertext(), options_.target)) return NotHeardOfTarget();
    const Chunk::Item& item = chunk->items[i];
    chunk->envelopes[item.row - chunk->begin][item.place] =
        std::move(*result->mutable_ciphertext());
  }
  return opened;
}

absl::Status Rewrapper::WriteCell(const TableRow& from, size_t row,
                                  std::vector<std::string>* envelopes, Column* column,
                                  WorkDone* out) const {
  const size_t number = column->number;
  const Shape shape = plan_.columns[number].shape;
  std::string cell;
  if (shape == Shape::kBytea) {
    cell = std::move(envelopes->front());
  } else {
    FIELDKMS_ASSIGN_OR_RETURN(cell, WithEnvelopes(shape, *from.cells[number], *envelopes));
  }
  RowWrite*& write = (*column->writes)[row];
  if (write == nullptr) {
    write = &out->writes.emplace_back();
    write->row = row;
    write->cells.reserve(from.cells.size());
    for (size_t i = 0; i < from.cells.size(); ++i) {
      write->cells.push_back(i == number ? std::nullopt : from.cells[i]);
    }
  }
  write->cells[number] = std::move(cell);
  return absl::OkStatus();
}

absl::Status Rewrapper::Replace(std::span<const TableRow> rows, Chunk* chunk,
                                v1::BatchRewrapResponse* response, Column* column,
                                WorkDone* out) const {
  for (size_t begin = 0, end = 0; begin < chunk->items.size(); begin = end) {
    const size_t row = chunk->items[begin].row;
    while (end < chunk->items.size() && chunk->items[end].row == row) {
      ++end;
    }
    ++column->sent;
    FIELDKMS_ASSIGN_OR_RETURN(const bool opened, TakeResults(begin, end, chunk, response));
    if (!opened) {
      ++column->failed;
      out->bad.push_back({row, column->number, CellDigest(rows[row], column->number), kNotOpened});
      continue;
    }
    FIELDKMS_RETURN_IF_ERROR(
        WriteCell(rows[row], row, &chunk->envelopes[row - chunk->begin], column, out));
  }
  return absl::OkStatus();
}

// While the service has some of the values, the next are made ready and the last are put away.
absl::Status Rewrapper::RewrapColumn(std::span<const TableRow> rows, Column* column,
                                     WorkDone* out) const {
  std::deque<std::unique_ptr<Call>> calls;
  for (size_t next = 0; next < rows.size() || !calls.empty();) {
    if (next < rows.size() && calls.size() < kCallsInFlight) {
      auto call = std::make_unique<Call>();
      next = Collect(rows, next, column->number, /*all=*/false, &call->chunk, &out->bad);
      if (call->chunk.items.empty()) continue;
      call->Start(call_, /*only=*/calls.empty() && next == rows.size());
      calls.push_back(std::move(call));
      continue;
    }
    const std::unique_ptr<Call> call = std::move(calls.front());
    calls.pop_front();
    FIELDKMS_ASSIGN_OR_RETURN(v1::BatchRewrapResponse response, call->response.get());
    FIELDKMS_RETURN_IF_ERROR(Replace(rows, &call->chunk, &response, column, out));
  }
  if (column->failed == column->sent && column->failed >= kManyCells) out->none_good = true;
  return absl::OkStatus();
}

absl::StatusOr<WorkDone> Rewrapper::Do(std::span<const TableRow> rows) {
  WorkDone out;
  out.writes.reserve(rows.size());  // pointers into it stay
  std::vector<RowWrite*> writes(rows.size(), nullptr);
  for (size_t number = 0; number < plan_.columns.size(); ++number) {
    Column column{.number = number, .writes = &writes};
    FIELDKMS_RETURN_IF_ERROR(RewrapColumn(rows, &column, &out));
  }
  return out;
}

Rewrapper::Leftovers Rewrapper::Look(std::span<const TableRow> rows) const {
  Leftovers left;
  for (size_t column = 0; column < plan_.columns.size(); ++column) {
    for (size_t next = 0; next < rows.size();) {
      Chunk chunk;
      next = Collect(rows, next, column, /*all=*/false, &chunk, &left.bad);
      left.known_bad += chunk.passed_over;
      size_t last = rows.size();
      for (const Chunk::Item& item : chunk.items) {
        if (item.row != last) ++left.older;
        last = item.row;
      }
    }
  }
  return left;
}

absl::StatusOr<uint64_t> Rewrapper::Check(std::span<const TableRow> rows,
                                          std::vector<BadCell>* bad) {
  uint64_t opened = 0;
  for (size_t column = 0; column < plan_.columns.size(); ++column) {
    for (size_t next = 0; next < rows.size();) {
      Chunk chunk;
      next = Collect(rows, next, column, /*all=*/true, &chunk, bad);
      if (chunk.items.empty()) continue;
      FIELDKMS_ASSIGN_OR_RETURN(const v1::BatchRewrapResponse response, call_(*chunk.request));
      for (size_t i = 0; i < chunk.items.size(); ++i) {
        const v1::BatchRewrapResponse::Result& result = response.results(static_cast<int>(i));
        if (!result.has_error()) {
          ++opened;
          continue;
        }
        absl::Status status = StatusOfItem(result.error());
        if (!IsOfValue(status)) return status;
        const size_t row = chunk.items[i].row;
        bad->push_back({row, column, CellDigest(rows[row], column), kNotOpened});
      }
    }
  }
  return opened;
}

}  // namespace fieldkms::rotation
