// Rewrapper has the values of rows sealed anew by the service: which need it, under what context,
// and what became of them. It knows of no database.
#ifndef FIELDKMS_ROTATION_REWRAPPER_H_
#define FIELDKMS_ROTATION_REWRAPPER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
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

// Client::BatchRewrap.
using RewrapCall =
    std::function<absl::StatusOr<v1::BatchRewrapResponse>(const v1::BatchRewrapRequest&)>;

// SHA-256, 32 bytes, by which quarantined cells are known.
std::string CellDigest(std::string_view cell);

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
  // The values of one column: where each stands, and the request that has them.
  struct Item {
    size_t row;
    size_t place;  // among the envelopes of its cell
  };
  struct ColumnWork {
    std::vector<std::vector<std::string>> envelopes;  // of each row's cell
    std::vector<Item> items;
    v1::BatchRewrapRequest request;
    uint64_t passed_over = 0;  // cells that are known to be bad
  };

  std::string_view Unfit(std::string_view envelope) const;
  void Collect(std::span<const TableRow> rows, size_t column, bool all, ColumnWork* work,
               std::vector<BadCell>* bad) const;
  absl::Status Replace(std::span<const TableRow> rows, size_t column, ColumnWork* work,
                       std::vector<RowWrite*>* writes, WorkDone* out) const;

  const TablePlan& plan_;
  const Options options_;
  const RewrapCall call_;
  std::set<std::string> known_bad_;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_REWRAPPER_H_
