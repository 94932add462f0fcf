#include "kms/store/sqlite_work.h"

#include "kms/store/sqlite_migrations.h"

namespace fieldkms {
namespace {

constexpr size_t kReaders = 3;

// Moves the whole log into the store and cuts it to nothing. False where a reader, or
// another process, still needs it.
absl::StatusOr<bool> TruncateLog(SqliteConnection& db) {
  SqliteStatement row = db.Use("PRAGMA wal_checkpoint(TRUNCATE)");
  FIELDKMS_ASSIGN_OR_RETURN(const bool found, row.Step());
  const bool busy = !found || row.ColumnInt(0) != 0;
  FIELDKMS_RETURN_IF_ERROR(row.Run());
  return !busy;
}

}  // namespace

SqliteWork::SqliteWork(const std::string& path, const Clock& clock)
    : clock_(clock), writer_(path, 1, clock), readers_(path, kReaders, clock) {}

absl::Status SqliteWork::Start() {
  FIELDKMS_ASSIGN_OR_RETURN(SqlitePool::Lease db, writer_.Take(kNoDeadline));
  FIELDKMS_RETURN_IF_ERROR(Migrate(*db));
  FIELDKMS_ASSIGN_OR_RETURN(const uint64_t number, ReadChangeNumber(*db));
  signal_.Publish(number);
  // What a process that was killed could not do. A full disk is no reason not to read.
  const absl::StatusOr<bool> emptied = TruncateLog(*db);
  log_to_empty_ = !emptied.value_or(false);
  return ReasonOf(emptied.status()) == Reason::kStoreFull ? absl::OkStatus() : emptied.status();
}

absl::Status SqliteWork::EmptyLog(SqliteConnection& db, Shred shred) {
  if (!log_to_empty_) return absl::OkStatus();
  const absl::StatusOr<bool> emptied = TruncateLog(db);
  if (emptied.value_or(false)) {
    log_to_empty_ = false;
    return absl::OkStatus();
  }
  if (shred == Shred::kNo) return absl::OkStatus();
  return Error(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable,
               "the change is made, but old key material is still in the key store's log: repeat "
               "the request");
}

}  // namespace fieldkms
