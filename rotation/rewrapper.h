// Rewrapper has the values of rows sealed anew by the service: which need it, under what context,
// and what became of them. It knows of no database.
#ifndef FIELDKMS_ROTATION_REWRAPPER_H_
#define FIELDKMS_ROTATION_REWRAPPER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fieldkms/v1/crypto_service.pb.h"
#include "rotation/row_work.h"
#include "rotation/table_plan.h"
#include "rotation/table_reader.h"
#include "rotation/table_sql.h"

namespace fieldkms::rotation {

// Client::BatchRewrap. Several threads may call it at once.
using RewrapCall =
    std::function<absl::StatusOr<v1::BatchRewrapResponse>(const v1::BatchRewrapRequest&)>;

// Of kReseal. `plan` must outlive it.
class Rewrapper : public RowWork {
 public:
  struct Options {
    std::string tenant;
    Target target;
    std::string destination_key = {};  // "": the key that sealed a value
  };
  Rewrapper(const TablePlan& plan, Options options, RewrapCall call)
      : plan_(plan), options_(std::move(options)), call_(std::move(call)) {}

  // Cells that are known to be bad are passed over.
  void SetKnownBad(std::set<std::string> digests) override { known_bad_ = std::move(digests); }

  absl::StatusOr<WorkDone> Do(std::span<const TableRow> rows) override;
  Leftovers Look(std::span<const TableRow> rows) const override;
  // Whatever their version; no plaintext leaves the service.
  absl::StatusOr<uint64_t> Check(std::span<const TableRow> rows,
                                 std::vector<BadCell>* bad) override;

 private:
  struct Chunk;   // values of one column, some rows' worth
  struct Call;    // a chunk that is with the service
  struct Cell;    // what of a cell is to be sealed anew
  struct Column;  // how far a column has come

  std::string_view Unfit(std::string_view envelope, bool all, bool* current) const;
  Cell LookInto(size_t column, std::string_view cell, bool all) const;
  size_t Collect(std::span<const TableRow> rows, size_t begin, size_t column, bool all,
                 Chunk* chunk, std::vector<BadCell>* bad) const;
  void CollectCell(std::span<const TableRow> rows, size_t row, size_t column, bool all,
                   Chunk* chunk, std::vector<BadCell>* bad) const;
  absl::Status RewrapColumn(std::span<const TableRow> rows, Column* column, WorkDone* out) const;
  absl::Status Replace(std::span<const TableRow> rows, Chunk* chunk,
                       v1::BatchRewrapResponse* response, Column* column, WorkDone* out) const;
  // The envelopes of one cell, from `begin` on among the chunk's items.
  absl::StatusOr<bool> TakeResults(size_t begin, size_t end, Chunk* chunk,
                                   v1::BatchRewrapResponse* response) const;
  absl::Status WriteCell(const TableRow& from, size_t row, std::vector<std::string>* envelopes,
                         Column* column, WorkDone* out) const;

  const TablePlan& plan_;
  const Options options_;
  const RewrapCall call_;
  std::set<std::string> known_bad_;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_REWRAPPER_H_
