// What a job does with one table: as the planner found it, as workers carry it out, and as it is
// kept in kms.rotation_tables. Plain data.
#ifndef FIELDKMS_ROTATION_TABLE_PLAN_H_
#define FIELDKMS_ROTATION_TABLE_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fieldkms::rotation {

// Names as they are in the catalog, not quoted.
struct TableName {
  std::string schema;
  std::string table;
  friend bool operator==(const TableName&, const TableName&) = default;
};

// A column that tells rows apart or is part of a context.
struct PlainColumn {
  std::string name;
  std::string type;  // as format_type() has it, quoted where it must be: what to cast a text to
  friend bool operator==(const PlainColumn&, const PlainColumn&) = default;
};

inline constexpr size_t kBindingIdSize = 16;
inline constexpr size_t kFieldIdSize = 8;

// In what a column keeps its envelopes. Domains count as what they are over.
enum class Shape : uint8_t {
  kBytea,       // one envelope
  kText,        // one in text form; also varchar
  kByteaArray,  // of any dimensions; elements may be null
  kTextArray,
  kJson,  // strings anywhere in the document that are envelopes in text form
  kJsonb,
  kFpe,  // no envelope: text of a field's own format, with its key's version in a column beside it
};
std::string_view ShapeName(Shape shape);
// Error: kInvalidField, "shape".
absl::StatusOr<Shape> ParseShape(std::string_view name);

// What a job makes of a value.
enum class Work : uint8_t {
  kReseal,      // an envelope: one of another version or key
  kEncrypt,     // plaintext, in the companion: an envelope in the column
  kDecrypt,     // an envelope: plaintext in the companion
  kReindex,     // an envelope: its blind index in the companion
  kRetokenize,  // format-preserving text and its key's version, in the companion: newer ones
};
// Whether it writes columns, and their companions.
bool WritesColumn(Work work);
bool WritesCompanion(Work work);

// A column of ciphertexts, of the registry.
struct CipherColumn {
  std::string name;
  std::string type;  // as PlainColumn::type
  Shape shape = Shape::kBytea;
  std::string binding_id = {};  // 16 bytes: `b` of the context
  std::string field_id = {};    // 8 bytes: `f`; or empty
  // Whether `pk` is part of the context: made of TablePlan::row_key.
  bool bound_to_row = true;
  // Entries of the context: names, and which of TablePlan::context_columns has the value.
  std::vector<std::string> context_names = {};
  std::vector<size_t> context_columns = {};
  std::string field = {};  // its name; or empty
  // The column beside it that the work takes; without a name of kReseal.
  PlainColumn companion = {};
  bool companion_bytes = false;  // it is bytea, or a domain over that
  // Of kEncrypt, where the companion holds what another tool has encrypted: by which
  // (SourceKindName), the name of the key, and which of TablePlan::context_columns it needs beside
  // it. "": plaintext.
  std::string source = {};
  std::string source_key = {};
  std::vector<size_t> source_columns = {};
  // Of kEncrypt: the column of blind indexes that is written along; or without a name.
  PlainColumn index = {};
  friend bool operator==(const CipherColumn&, const CipherColumn&) = default;
};

// In what order rows are read, and by what a row is written.
enum class ScanOrder : uint8_t {
  kKey,    // by scan_key
  kPlace,  // by ctid, in ranges of pages: where there is no key, or it says nothing about where
           // rows lie (random UUIDs), so that reading by it would touch a page for each row
};

struct TablePlan {
  TableName root;         // in the registry
  TableName leaf;         // a partition or child; or the root itself
  uint32_t relation = 0;  // OID of the leaf
  ScanOrder order = ScanOrder::kKey;
  // Columns of a valid, immediate, unique index, all NOT NULL: rows are read in its order, and
  // written by it. Empty where there is none: by ctid, and by what stood there.
  std::vector<PlainColumn> scan_key;
  // Columns that make `pk`, in their order; all of the cipher columns have the same.
  std::vector<PlainColumn> row_key;
  std::vector<PlainColumn> context_columns;
  std::vector<CipherColumn> columns;  // at least one
  Work work = Work::kReseal;
  uint64_t estimated_rows = 0;
  friend bool operator==(const TablePlan&, const TablePlan&) = default;
};

// A value of a row that a job reads, and writes only where it is still as it was read.
struct Slot {
  std::string_view name;
  std::string_view type;
  bool bytes = false;    // read and written as bytes; all others as text
  bool written = false;  // by the work
};
// Of each row: the columns, in their order, then their companions, if the work takes them, and then
// the columns of indexes that are written along. They point into `plan`.
std::vector<Slot> SlotsOf(const TablePlan& plan);
// Which of them is the companion of a column.
inline size_t CompanionSlot(const TablePlan& plan, size_t column) {
  return plan.columns.size() + column;
}
// And which the index of a column that is written along; none: there is none.
std::optional<size_t> IndexSlot(const TablePlan& plan, size_t column);

// As JSON; ParseTablePlan is the inverse and refuses (kFailedPrecondition, kDatabaseRefused) what
// another release wrote.
std::string TablePlanJson(const TablePlan& plan);
absl::StatusOr<TablePlan> ParseTablePlan(std::string_view json);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_TABLE_PLAN_H_
