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
#include "rotation/table_plan.h"
#include "rotation/table_reader.h"
#include "rotation/table_sql.h"

namespace fieldkms::rotation {

// Client::BatchRewrap.
using RewrapCall =
    std::function<absl::StatusOr<v1::BatchRewrapResponse>(const v1::BatchRewrapRequest&)>;

// A row that is to be written: all of its cells, of which those that need not be are as they were.
struct RowWrite {
  size_t row = 0;  // among those given
  std::vector<std::optional<std::string>> cells;
};

// A cell that cannot be brought to the target. Such a row may still be written for its other cells.
struct BadCell {
  size_t row = 0;
  size_t column = 0;
  std::string digest;       // SHA-256 of the cell
  std::string_view reason;  // for people; a literal
};

struct Rewrapped {
  std::vector<RowWrite> writes;
  std::vector<BadCell> bad;
};

// SHA-256, 32 bytes, by which quarantined cells are known.
std::string CellDigest(std::string_view cell);

// Not thread-safe. `plan` must outlive it.
class Rewrapper {
 public:
  struct Options {
    std::string tenant;
    Target target;
    std::string destination_key = {};  // "": the key that sealed a value
  };
  Rewrapper(const TablePlan& plan, Options options, RewrapCall call)
      : plan_(plan), options_(std::move(options)), call_(std::move(call)) {}

  // Digests of cells that are known to be bad: they are passed over.
  void SetKnownBad(std::set<std::string> digests) { known_bad_ = std::move(digests); }

  // Rewrap brings what is older than the target to it. Errors: those of the service that are not
  // of a single value; kUnavailable, kPrimaryChanged, where a replica of the service has not heard
  // of the target version yet; kFailedPrecondition, kDecryptFailed, where of many values none
  // opens: then it is not they who are wrong.
  absl::StatusOr<Rewrapped> Rewrap(std::span<const TableRow> rows);

  // Look tells without the service what would be left to rewrap.
  struct Leftovers {
    uint64_t older = 0;      // cells that Rewrap would bring to the target
    uint64_t known_bad = 0;  // and that are known to be bad
    std::vector<BadCell> bad;
  };
  Leftovers Look(std::span<const TableRow> rows) const;

  // CheckOpen has all values opened under their contexts, whatever their version; no plaintext
  // leaves the service. Returns how many opened; the others are in `bad`.
  absl::StatusOr<uint64_t> CheckOpen(std::span<const TableRow> rows, std::vector<BadCell>* bad);

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

  bool IsCurrent(std::string_view envelope) const;
  std::string_view Unfit(std::string_view envelope) const;
  void Collect(std::span<const TableRow> rows, size_t column, bool all, ColumnWork* work,
               std::vector<BadCell>* bad) const;
  void AddItem(const TableRow& row, size_t column, const std::string& envelope,
               v1::BatchRewrapRequest* request) const;
  absl::Status Replace(std::span<const TableRow> rows, size_t column, ColumnWork* work,
                       std::vector<RowWrite*>* writes, Rewrapped* out) const;

  const TablePlan& plan_;
  const Options options_;
  const RewrapCall call_;
  std::set<std::string> known_bad_;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_REWRAPPER_H_
