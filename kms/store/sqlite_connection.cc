#include "kms/store/sqlite_connection.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "crypto/status.h"
#include "kms/store/sqlite_error.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

// Waiting for another process (a backup) is bounded also for callers without a
// deadline.
constexpr std::chrono::seconds kLongestLockWait{10};

// Settings of the connection, not of the file: a schema someone has tampered
// with may not call functions with side effects, and no statement of ours may
// write to the schema's own tables or read a column through a mistyped string.
absl::Status Harden(sqlite3* db) {
  struct Setting {
    int option;
    int value;
  };
  constexpr Setting kSettings[] = {
      {SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
      {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
      {SQLITE_DBCONFIG_DQS_DML, 0},        {SQLITE_DBCONFIG_DQS_DDL, 0},
      {SQLITE_DBCONFIG_ENABLE_FKEY, 1},    {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1},
  };
  for (const Setting& setting : kSettings) {
    const int rc = sqlite3_db_config(db, setting.option, setting.value, static_cast<int*>(nullptr));
    if (rc != SQLITE_OK) return SqliteError(rc, 0, "configure");
  }
  return absl::OkStatus();
}

}  // namespace

SqliteStatement::~SqliteStatement() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

SqliteStatement& SqliteStatement::Int(int64_t value) {
  if (rc_ == SQLITE_OK) rc_ = sqlite3_bind_int64(statement_, next_parameter_++, value);
  return *this;
}

SqliteStatement& SqliteStatement::Text(std::string_view value) {
  if (rc_ == SQLITE_OK) {
    rc_ = sqlite3_bind_text64(statement_, next_parameter_++, value.data(), value.size(),
                              SQLITE_STATIC, SQLITE_UTF8);
  }
  return *this;
}

SqliteStatement& SqliteStatement::Blob(std::string_view value) {
  if (rc_ == SQLITE_OK) {
    // A null pointer would bind NULL, not an empty blob.
    const void* data = value.empty() ? "" : value.data();
    rc_ = sqlite3_bind_blob64(statement_, next_parameter_++, data, value.size(), SQLITE_STATIC);
  }
  return *this;
}

SqliteStatement& SqliteStatement::Null() {
  if (rc_ == SQLITE_OK) rc_ = sqlite3_bind_null(statement_, next_parameter_++);
  return *this;
}

absl::StatusOr<bool> SqliteStatement::Step() {
  if (rc_ != SQLITE_OK) return PrepareError();
  const int rc = sqlite3_step(statement_);
  if (rc == SQLITE_ROW) return true;
  if (rc == SQLITE_DONE) return false;
  return connection_->ErrorOf(rc, "statement");
}

absl::Status SqliteStatement::PrepareError() {
  absl::Status status = connection_->ErrorOf(rc_, "prepare");
  // Our statements are fixed: if one makes no sense, the tables are not ours.
  return rc_ == SQLITE_ERROR ? StoreCorrupt("its tables are not as they were made") : status;
}

absl::Status SqliteStatement::Run() {
  while (true) {
    FIELDKMS_ASSIGN_OR_RETURN(const bool row, Step());
    if (!row) return absl::OkStatus();
  }
}

std::string SqliteStatement::ColumnBytes(int column) const {
  // The blob first: asking for it fixes the form that the size is of.
  const void* data = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr ? std::string()
                         : std::string(static_cast<const char*>(data), static_cast<size_t>(size));
}

absl::StatusOr<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::string& path) {
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                         SQLITE_OPEN_EXRESCODE;
  sqlite3* db = nullptr;
  const int rc = sqlite3_open_v2(path.c_str(), &db, kFlags, nullptr);
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(db));
  if (rc != SQLITE_OK) return connection->ErrorOf(rc, "open");
  FIELDKMS_RETURN_IF_ERROR(Harden(db));
  return connection;
}

SqliteConnection::~SqliteConnection() {
  statements_.clear();
  sqlite3_close_v2(db_);
}

absl::Status SqliteConnection::MakeDurable() {
  // EXTRA is FULL and also syncs the directory of a rollback journal that was
  // unlinked: the one by which a file becomes a WAL file must not come back.
  // mmap_size: a file cut short under a mapping would be a SIGBUS, not an error.
  FIELDKMS_RETURN_IF_ERROR(
      Execute("PRAGMA synchronous=EXTRA;"
              "PRAGMA secure_delete=ON;"
              "PRAGMA cell_size_check=ON;"
              "PRAGMA mmap_size=0;"));
  {
    // Where the switch is impossible SQLite says so with the old mode, not an error.
    SqliteStatement statement = Use("PRAGMA journal_mode=WAL");
    FIELDKMS_ASSIGN_OR_RETURN(const bool row, statement.Step());
    const bool switched = row && statement.ColumnBytes(0) == "wal";
    FIELDKMS_RETURN_IF_ERROR(statement.Run());  // it commits at its end
    if (!switched) {
      return Error(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable,
                   "the key store's file system does not allow a write-ahead log");
    }
  }
  const int rc =
      sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, static_cast<int*>(nullptr));
  return rc == SQLITE_OK ? absl::OkStatus() : ErrorOf(rc, "configure");
}

SqliteStatement SqliteConnection::Use(std::string_view sql) {
  const auto found = statements_.find(sql);
  if (found != statements_.end()) return {this, found->second.get(), SQLITE_OK};
  sqlite3_stmt* raw = nullptr;
  const int rc = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                    SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (rc != SQLITE_OK) return {this, nullptr, rc};
  statements_.emplace(sqlite3_sql(raw), raw);
  return {this, raw, SQLITE_OK};
}

absl::Status SqliteConnection::Execute(const char* sql) {
  const int rc = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  return rc == SQLITE_OK ? absl::OkStatus() : ErrorOf(rc, "statement");
}

absl::StatusOr<int64_t> SqliteConnection::QueryInt(std::string_view sql) {
  SqliteStatement statement = Use(sql);
  FIELDKMS_ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row) return StoreCorrupt("a value is missing");
  return statement.ColumnInt(0);
}

absl::StatusOr<bool> SqliteConnection::FileHolds(std::span<const std::string> patterns) {
  sqlite3_file* file = nullptr;
  int rc = sqlite3_file_control(db_, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  sqlite3_int64 size = 0;
  if (rc == SQLITE_OK) rc = file->pMethods->xFileSize(file, &size);
  if (rc != SQLITE_OK) return ErrorOf(rc, "look at the file");
  // Two pieces at a time, so that a pattern across their border is seen.
  constexpr int kPiece = 1 << 20;
  std::string both;
  for (sqlite3_int64 at = 0; at < size; at += kPiece) {
    const auto kept = both.size() > kPiece ? both.size() - kPiece : 0;
    both.erase(0, kept);
    const size_t start = both.size();
    const auto length = static_cast<int>(std::min<sqlite3_int64>(kPiece, size - at));
    both.resize(start + static_cast<size_t>(length));
    rc = file->pMethods->xRead(file, both.data() + start, length, at);
    if (rc != SQLITE_OK) return ErrorOf(rc, "read the file");
    for (const std::string& pattern : patterns) {
      if (both.find(pattern) != std::string::npos) return true;
    }
  }
  return false;
}

void SqliteConnection::WaitForLocksUntil(const Clock& clock, Deadline deadline) {
  patience_ =
      std::min(WakeTime(clock, deadline), std::chrono::steady_clock::now() + kLongestLockWait);
  sqlite3_busy_handler(db_, OnLocked, this);
}

// SQLite's own timeout gives up as soon as its next nap would be too long.
int SqliteConnection::OnLocked(void* self, int) {
  const auto& connection = *static_cast<const SqliteConnection*>(self);
  if (std::chrono::steady_clock::now() >= connection.patience_) return 0;
  constexpr int kNapMilliseconds = 2;
  sqlite3_sleep(kNapMilliseconds);
  return 1;
}

absl::Status SqliteConnection::ErrorOf(int rc, std::string_view doing) {
  if (BreaksConnection(rc)) broken_ = true;
  // SQLite keeps the errno of the last of these; for any other code it is stale.
  const bool has_errno = (rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN;
  return SqliteError(rc, has_errno && db_ != nullptr ? sqlite3_system_errno(db_) : 0, doing);
}

absl::Status SqliteTransaction::Begin() { return connection_.Execute("BEGIN IMMEDIATE"); }

absl::Status SqliteTransaction::Commit() { return connection_.Execute("COMMIT"); }

SqliteTransaction::~SqliteTransaction() {
  // SQLite has rolled back by itself after some errors, and a failed COMMIT may
  // leave the transaction open.
  if (connection_.InTransaction()) (void)connection_.Execute("ROLLBACK");
}

}  // namespace fieldkms
