// RowWork is what a job does with rows that were read: what of them is to be written, what is left,
// and whether what stands there is right. It knows of no database.
#ifndef FIELDKMS_ROTATION_ROW_WORK_H_
#define FIELDKMS_ROTATION_ROW_WORK_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "rotation/table_reader.h"

namespace fieldkms::rotation {

// A row that is to be written: all of its slots, of which those that need not be are as they were.
struct RowWrite {
  size_t row = 0;  // among those given
  std::vector<std::optional<std::string>> cells;
};

// A cell that cannot be worked on. Such a row may still be written for its other cells.
struct BadCell {
  size_t row = 0;
  size_t column = 0;
  std::string digest;       // CellDigest or PlaceDigest
  std::string_view reason;  // for people; a literal
};

struct WorkDone {
  std::vector<RowWrite> writes;
  std::vector<BadCell> bad;
  // Of many cells that were not known to be bad, none was good: it may not be they who are wrong.
  bool none_good = false;
};

// So many are no accident.
inline constexpr size_t kManyCells = 50;

// 32 bytes by which bad cells are known. CellDigest is of an envelope that does not open: of the
// cell, the row that it stands in and what it would be bound to. Where any of these is changed, it
// is another. PlaceDigest is of what may be plaintext: of row and column alone.
std::string CellDigest(const TableRow& row, size_t column);
std::string PlaceDigest(const TableRow& row, size_t column);

// Not thread-safe.
class RowWork {
 public:
  virtual ~RowWork() = default;

  // Digests of cells that are known to be bad.
  virtual void SetKnownBad(std::set<std::string> digests) = 0;

  // Do makes what is to be written. Errors: those of the service that are not of a single value;
  // kUnavailable, kPrimaryChanged, where a replica of the service has not heard of the target
  // version yet.
  virtual absl::StatusOr<WorkDone> Do(std::span<const TableRow> rows) = 0;

  // Look tells without the service what would be left to do.
  struct Leftovers {
    uint64_t older = 0;      // cells that need work
    uint64_t known_bad = 0;  // and that are known to be bad
    std::vector<BadCell> bad;
  };
  virtual Leftovers Look(std::span<const TableRow> rows) const = 0;

  // Check has what stands there opened under its context, and compared where there is something to
  // compare it with. Returns how many cells are right; those that are not are in `bad`.
  virtual absl::StatusOr<uint64_t> Check(std::span<const TableRow> rows,
                                         std::vector<BadCell>* bad) = 0;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_ROW_WORK_H_
