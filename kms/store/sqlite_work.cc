#include "kms/store/sqlite_work.h"

#include <chrono>

#include "kms/store/sqlite_migrations.h"

namespace fieldkms {
namespace {

constexpr size_t kReaders = 3;
// For a look at the number of the last change, where nothing was heard until then.
constexpr std::chrono::milliseconds kSlack{250};

// Moves the whole log into the store and cuts it to nothing. False where a reader, or
// another process, still needs it.
absl::StatusOr<bool> TruncateLog(SqliteConnection& db) {
  SqliteStatement row = db.Use("PRAGMA wal_checkpoint(TRUNCATE)");
  FIELDKMS_ASSIGN_OR_RETURN(const bool found, row.Step());
  const bool busy = !found || row.ColumnInt(0) != 0;
  FIELDKMS_RETURN_IF_ERROR(row.Run());
  return !busy;
}

constexpr std::string_view kScrubDue = "scrub_due";

absl::StatusOr<bool> ScrubIsDue(SqliteConnection& db) {
  return db.Use("SELECT value FROM meta WHERE name = ?").Text(kScrubDue).Step();
}

absl::Status StillThere() {
  return Error(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable,
               "the change is made, but old key material may still be in the key store's files: "
               "repeat the request");
}

}  // namespace

SqliteWork::SqliteWork(const std::string& path, const Clock& clock)
    : clock_(clock), writer_(path, 1, clock), readers_(path, kReaders, clock) {}

absl::Status SqliteWork::Start() {
  FIELDKMS_ASSIGN_OR_RETURN(SqlitePool::Lease db, writer_.Take(kNoDeadline));
  FIELDKMS_RETURN_IF_ERROR(Migrate(*db));
  FIELDKMS_ASSIGN_OR_RETURN(const uint64_t number, ReadChangeNumber(*db));
  signal_.Publish(number);
  // What a process that was killed could not do. A full disk is no reason not to read, and
  // what cannot be scrubbed now is scrubbed later.
  FIELDKMS_ASSIGN_OR_RETURN(scrub_failed_, ScrubIsDue(*db));
  if (scrub_failed_) (void)FinishScrub(*db);
  const absl::StatusOr<bool> emptied = TruncateLog(*db);
  log_to_empty_ = !emptied.value_or(false);
  return ReasonOf(emptied.status()) == Reason::kStoreFull ? absl::OkStatus() : emptied.status();
}

absl::StatusOr<uint64_t> SqliteWork::WaitForChange(uint64_t after, Deadline until) {
  const uint64_t heard = signal_.Wait(after, clock_, until);
  if (heard > after) return heard;
  FIELDKMS_ASSIGN_OR_RETURN(const uint64_t number,
                            Read(clock_.Steady() + kSlack, ReadChangeNumber));
  signal_.Publish(number);
  return number;
}

absl::Status SqliteWork::NoteScrub(SqliteConnection& db) {
  return db.Use("INSERT OR REPLACE INTO meta (name, value) VALUES (?, x'01')")
      .Text(kScrubDue)
      .Run();
}

absl::Status SqliteWork::Scrub(std::span<const std::string> past, Deadline deadline) {
  const auto scrub = [&]() -> absl::Status {
    if (past.empty() && !scrub_failed_) return absl::OkStatus();
    FIELDKMS_ASSIGN_OR_RETURN(SqlitePool::Lease db, writer_.Take(deadline));
    if (!scrub_failed_) {
      FIELDKMS_ASSIGN_OR_RETURN(scrub_failed_, db->FileHolds(past));
    }
    return FinishScrub(*db);
  };
  const absl::Status scrubbed = scrub();
  if (scrubbed.ok()) return scrubbed;
  scrub_failed_ = true;
  // The change is made: no error may say that nothing was.
  return StillThere();
}

// With scrub_failed_ there is something to scrub.
absl::Status SqliteWork::FinishScrub(SqliteConnection& db) {
  if (scrub_failed_) {
    log_to_empty_ = true;
    FIELDKMS_RETURN_IF_ERROR(db.Execute("VACUUM"));
    FIELDKMS_RETURN_IF_ERROR(EmptyLog(db, Shred::kYes));
  }
  FIELDKMS_RETURN_IF_ERROR(db.Use("DELETE FROM meta WHERE name = ?").Text(kScrubDue).Run());
  scrub_failed_ = false;
  return absl::OkStatus();
}

absl::Status SqliteWork::EmptyLog(SqliteConnection& db, Shred shred) {
  if (!log_to_empty_) return absl::OkStatus();
  const absl::StatusOr<bool> emptied = TruncateLog(db);
  if (emptied.value_or(false)) {
    log_to_empty_ = false;
    return absl::OkStatus();
  }
  if (shred != Shred::kYes) return absl::OkStatus();
  return StillThere();
}

}  // namespace fieldkms
