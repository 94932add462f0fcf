// SqliteConnection and SqliteStatement: RAII over the C API of SQLite.
#ifndef FIELDKMS_KMS_STORE_SQLITE_CONNECTION_H_
#define FIELDKMS_KMS_STORE_SQLITE_CONNECTION_H_

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/bytes.h"
#include "kms/clock.h"

namespace fieldkms {

class SqliteConnection;

// One use of a prepared statement: bind in the order of the parameters, then
// Step through the rows or Run to the end. Bound text and blobs must live until
// then. The first error sticks and is returned by Step and Run. Reset when
// destroyed. Not thread-safe.
class SqliteStatement {
 public:
  SqliteStatement(SqliteConnection* connection, sqlite3_stmt* statement, int rc)
      : connection_(connection), statement_(statement), rc_(rc) {}
  ~SqliteStatement();
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  SqliteStatement& Int(int64_t value);
  SqliteStatement& Text(std::string_view value);
  SqliteStatement& Blob(std::string_view value);
  SqliteStatement& Null();

  // Step returns whether there is a row.
  absl::StatusOr<bool> Step();
  // Run steps to the end, passing over rows.
  absl::Status Run();

  // Columns of the current row, from 0. Copies.
  int64_t ColumnInt(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string ColumnBytes(int column) const;
  bool ColumnIsNull(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }

 private:
  absl::Status PrepareError();

  SqliteConnection* connection_;
  sqlite3_stmt* statement_;
  int rc_;
  int next_parameter_ = 1;
};

// A connection to one database file. Not thread-safe: used by one thread at a
// time (SQLITE_OPEN_NOMUTEX); see SqlitePool.
class SqliteConnection {
 public:
  // Opens an existing file. It changes nothing in it, neither now nor on
  // closing, until Prepare() is called.
  static absl::StatusOr<std::unique_ptr<SqliteConnection>> Open(const std::string& path);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  // MakeDurable sets what every connection to a store has: WAL, a sync at each
  // commit, overwriting of deleted content, foreign keys.
  absl::Status MakeDurable();

  // Use returns a statement; prepared once a connection and text.
  SqliteStatement Use(std::string_view sql);
  // Execute runs statements without parameters, passing over rows.
  absl::Status Execute(const char* sql);
  // The one integer of the one row of `sql`.
  absl::StatusOr<int64_t> QueryInt(std::string_view sql);

  // Whether the file, its log aside, holds one of `patterns` anywhere, also where SQLite
  // has no use for it. Reads through SQLite's own handle: closing another one would
  // drop the locks of this process.
  absl::StatusOr<bool> FileHolds(std::span<const std::string> patterns);

  // How long to wait for a lock that another process holds.
  void WaitForLocksUntil(const Clock& clock, Deadline deadline);

  int64_t RowsChanged() const { return sqlite3_changes64(db_); }
  bool InTransaction() const { return sqlite3_get_autocommit(db_) == 0; }
  // Set by every error after which memory and disk may differ.
  bool broken() const { return broken_; }

  // The status of the last failed call, which returned `rc`.
  absl::Status ErrorOf(int rc, std::string_view doing);

 private:
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };

  explicit SqliteConnection(sqlite3* db) : db_(db) {}
  static int OnLocked(void* self, int count);

  sqlite3* db_;
  // Keys are views of the statements' own texts.
  std::unordered_map<std::string_view, std::unique_ptr<sqlite3_stmt, Finalizer>> statements_;
  std::chrono::steady_clock::time_point patience_;
  bool broken_ = false;
};

// A write transaction. Rolled back when destroyed, unless committed.
class SqliteTransaction {
 public:
  explicit SqliteTransaction(SqliteConnection& connection) : connection_(connection) {}
  ~SqliteTransaction();
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;

  // Begin takes the write lock at once, so that what is read stays true.
  absl::Status Begin();
  absl::Status Commit();

 private:
  SqliteConnection& connection_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_CONNECTION_H_
