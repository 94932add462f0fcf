// Columns of a SQLite store as fields of records, and rows as records.
#ifndef FIELDKMS_KMS_STORE_SQLITE_COLUMNS_H_
#define FIELDKMS_KMS_STORE_SQLITE_COLUMNS_H_

#include <bit>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/status.h"
#include "kms/store/record_enums.h"
#include "kms/store/sqlite_connection.h"
#include "kms/store/store_errors.h"

namespace fieldkms {

// 64 unsigned bits, such as of a key id, are stored as the signed integer of the same bits.
inline int64_t FromBits(uint64_t bits) { return std::bit_cast<int64_t>(bits); }
inline uint64_t ToBits(int64_t column) { return std::bit_cast<uint64_t>(column); }

inline int64_t FromTime(WallTime time) { return time.time_since_epoch().count(); }
inline WallTime ToTime(int64_t column) { return WallTime(std::chrono::microseconds(column)); }

// Binds a time, or NULL.
inline SqliteStatement& TimeIfAny(SqliteStatement& statement, const std::optional<WallTime>& time) {
  return time ? statement.Int(FromTime(*time)) : statement.Null();
}
inline std::optional<WallTime> ToTimeIfAny(const SqliteStatement& row, int column) {
  if (row.ColumnIsNull(column)) return std::nullopt;
  return ToTime(row.ColumnInt(column));
}

// A number that a caller gives where SQLite has but signed ones: the largest for more.
inline int64_t FromBound(uint64_t bound) {
  constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(bound < kMost ? bound : kMost);
}

// Errors of these: kDataLoss, kStoreCorrupt.
inline absl::StatusOr<uint32_t> ToVersion(int64_t column) {
  if (column < 1 || column > std::numeric_limits<uint32_t>::max()) {
    return StoreCorrupt("a version number is out of range");
  }
  return static_cast<uint32_t>(column);
}
template <class Enum>
absl::StatusOr<Enum> ToEnum(int64_t column) {
  const std::optional<Enum> known = EnumOf<Enum>(column);
  if (!known) return StoreCorrupt("a purpose, state or kind is not known");
  return *known;
}

// The one row of a statement, or nullopt.
template <class Record>
absl::StatusOr<std::optional<Record>> One(SqliteStatement& statement,
                                          absl::StatusOr<Record> (*read)(const SqliteStatement&)) {
  FIELDKMS_ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row) return std::optional<Record>();
  FIELDKMS_ASSIGN_OR_RETURN(Record record, read(statement));
  return std::optional<Record>(std::move(record));
}

template <class Record>
absl::StatusOr<std::vector<Record>> All(SqliteStatement& statement,
                                        absl::StatusOr<Record> (*read)(const SqliteStatement&)) {
  std::vector<Record> records;
  while (true) {
    FIELDKMS_ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return records;
    FIELDKMS_ASSIGN_OR_RETURN(Record record, read(statement));
    records.push_back(std::move(record));
  }
}

// What must be there, or its error.
template <class T>
absl::StatusOr<T> OrNotFound(absl::StatusOr<std::optional<T>> found, absl::Status (*not_found)()) {
  if (!found.ok()) return std::move(found).status();
  if (!found->has_value()) return not_found();
  return std::move(**found);
}

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_COLUMNS_H_
