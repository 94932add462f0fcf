// The customer tables in PostgreSQL. Exceptions of libpqxx end here: everything
// returns absl::Status, with PostgreSQL's first line only, since the next ones
// may quote a row.
#ifndef FIELDKMS_DEPLOY_SAMPLE_DATABASE_H_
#define FIELDKMS_DEPLOY_SAMPLE_DATABASE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "deploy/sample/customer.h"

namespace fieldkms::sample {

enum class Table { kPlain, kProtected };

// The 16-byte binding id of each column of customers_protected.
using BindingIds = std::array<std::string, kColumnCount>;

// CreateTables makes public.customers (text) and public.customers_protected (bytea)
// anew, and drops schema kms of an earlier run.
absl::Status CreateTables(const std::string& dsn);

absl::StatusOr<BindingIds> LoadBindingIds(const std::string& dsn);

// Statistics of what PostgreSQL holds, taken in SQL without any key.
struct StoredCounts {
  int64_t rows = 0;
  int64_t bytes = 0;          // of the table with its indexes and TOAST
  int64_t primary_cards = 0;  // card numbers under `version`, by their headers
  int64_t cards = 0;          // card numbers
};
absl::StatusOr<StoredCounts> CountStored(const std::string& dsn, Table table, uint32_t version);

// RowReader streams a table in the order of ids (COPY). Not thread-safe.
class RowReader {
 public:
  // Reads ids from `first_id` on.
  static absl::StatusOr<std::unique_ptr<RowReader>> Open(const std::string& dsn, Table table,
                                                         int64_t first_id = 1);
  ~RowReader();

  // The next rows, at most `count`; none at the end.
  absl::StatusOr<std::vector<Row>> Next(size_t count);

 private:
  class Impl;
  explicit RowReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// RowWriter streams rows into a table in one transaction (COPY). Nothing is kept
// unless Commit succeeds. Not thread-safe.
class RowWriter {
 public:
  static absl::StatusOr<std::unique_ptr<RowWriter>> Open(const std::string& dsn, Table table);
  ~RowWriter();

  absl::Status Write(std::span<const Row> rows);
  absl::Status Commit();

 private:
  class Impl;
  explicit RowWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// CardWriter gives customers other card numbers, in both tables at once, as an application
// does. Not thread-safe.
class CardWriter {
 public:
  static absl::StatusOr<std::unique_ptr<CardWriter>> Open(const std::string& dsn);
  ~CardWriter();

  // Writes the card numbers of the row with this id: plain, and sealed with its index.
  absl::Status Write(const Row& plain, const Row& sealed);

 private:
  class Impl;
  explicit CardWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// FindCard returns the ids of protected rows that have one of these blind indexes.
absl::StatusOr<std::vector<int64_t>> FindCard(const std::string& dsn,
                                              std::span<const std::string> indexes);

// ReadAfterMove runs `statement` (an UPDATE of customers_protected), reads row
// `id` and rolls back.
absl::StatusOr<Row> ReadAfterMove(const std::string& dsn, const std::string& statement, int64_t id);

}  // namespace fieldkms::sample

#endif  // FIELDKMS_DEPLOY_SAMPLE_DATABASE_H_
