// ColumnValues has values of one column sealed, opened, indexed and made into texts by the service:
// by the column's field, or by its key where it has none. It knows of no database.
//
// Plaintexts come here, and are wiped with what holds them. Those of rows that were read are wiped
// by whoever read them; libpq's own copies, and gRPC's, nobody wipes.
#ifndef FIELDKMS_ROTATION_COLUMN_VALUES_H_
#define FIELDKMS_ROTATION_COLUMN_VALUES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/rpc/status.pb.h"
#include "rotation/cell_context.h"
#include "rotation/service_calls.h"
#include "rotation/source/source_opener.h"
#include "rotation/table_plan.h"
#include "rotation/table_reader.h"
#include "rotation/table_sql.h"

namespace fieldkms::rotation {

// What became of the value of a row.
struct MadeValue {
  MadeValue() = default;
  MadeValue(MadeValue&&) = default;
  MadeValue& operator=(MadeValue&&) = default;
  ~MadeValue();

  size_t row = 0;             // among the rows given
  std::string value = {};     // as it stands in its column; "" where it is bad
  std::string index = {};     // blind index, where the column has a companion of those too
  uint32_t version = 0;       // of the key that made it
  std::string_view bad = {};  // why it is not there, for people; a literal. "": it is
};
using MadeValues = std::vector<MadeValue>;

// The version of the key that made a blind index, and the one that a version column has. 0: none.
uint32_t IndexVersion(const std::optional<std::string>& index);
uint32_t TextVersion(const std::optional<std::string>& version);

// `plan` and `calls` must outlive it. Errors of all: those of the service that are not of a single
// value; and kUnavailable, kPrimaryChanged, for what is under an older version than the target's.
class ColumnValues {
 public:
  struct Options {
    std::string tenant;
    std::string key;  // that seals the values of columns without a field
    Target target;
  };
  ColumnValues(const TablePlan& plan, size_t column, const Options& options,
               const ServiceCalls& calls)
      : plan_(plan),
        column_(column),
        cipher_(plan.columns[column]),
        options_(options),
        calls_(calls) {}

  // Opens the column's cells of `picked` rows.
  absl::StatusOr<MadeValues> Open(std::span<const TableRow> rows,
                                  std::span<const size_t> picked) const;
  // What the companions of `picked` rows open to, where another tool has encrypted them. Errors:
  // those of `opener`.
  absl::StatusOr<MadeValues> OpenSource(const SourceOpener& opener, std::span<const TableRow> rows,
                                        std::span<const size_t> picked) const;
  // Seals the companions of `picked` rows: values as the column has them, and indexes. With
  // `opener` what they open to; what does not open is bad.
  absl::StatusOr<MadeValues> Seal(std::span<const TableRow> rows, std::span<const size_t> picked,
                                  const SourceOpener* opener = nullptr) const;
  // Makes the blind indexes of plaintexts; what is bad stays bad.
  absl::StatusOr<MadeValues> Index(const MadeValues& plaintexts) const;
  // Reads format-preserving texts, whose versions are in the companions.
  absl::StatusOr<MadeValues> ReadTexts(std::span<const TableRow> rows,
                                       std::span<const size_t> picked) const;
  // Makes format-preserving texts of plaintexts; what is bad stays bad.
  absl::StatusOr<MadeValues> MakeTexts(const MadeValues& plaintexts) const;

 private:
  absl::StatusOr<MadeValues> Reveal(std::span<const TableRow> rows, MadeValues made) const;
  absl::StatusOr<MadeValues> Decrypt(std::span<const TableRow> rows, MadeValues made) const;
  // `plaintexts` are of those of `made`, in their order.
  using Plaintexts = std::vector<std::string_view>;
  absl::StatusOr<MadeValues> SealAll(std::span<const TableRow> rows, const Plaintexts& plaintexts,
                                     MadeValues made) const;
  absl::StatusOr<MadeValues> Protect(std::span<const TableRow> rows, const Plaintexts& plaintexts,
                                     MadeValues made) const;
  absl::StatusOr<MadeValues> Encrypt(std::span<const TableRow> rows, const Plaintexts& plaintexts,
                                     MadeValues made) const;
  bool IsJson() const { return cipher_.shape == Shape::kJson || cipher_.shape == Shape::kJsonb; }
  // Those of `picked`, of which rows without a key are bad, where they need one.
  MadeValues Pick(std::span<const TableRow> rows, std::span<const size_t> picked) const;
  std::vector<std::string> Envelopes(std::span<const TableRow> rows, MadeValues* made) const;
  void AddContext(const TableRow& row, ContextEntries* context) const;
  absl::Status CheckTarget(const std::string& envelope) const;
  absl::Status TakeDocument(std::string_view source, std::string document, MadeValue* made) const;
  // Takes an envelope as the column has it.
  absl::Status Take(const std::string& envelope, MadeValue* made) const;

  const TablePlan& plan_;
  const size_t column_;
  const CipherColumn& cipher_;
  const Options& options_;
  const ServiceCalls& calls_;
};

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_COLUMN_VALUES_H_
