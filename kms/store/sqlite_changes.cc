#include "kms/store/sqlite_changes.h"

#include <utility>

#include "crypto/status.h"
#include "kms/store/sqlite_columns.h"

namespace fieldkms {

absl::StatusOr<uint64_t> ReadChangeNumber(SqliteConnection& db) {
  FIELDKMS_ASSIGN_OR_RETURN(const int64_t number, db.QueryInt("SELECT number FROM changes"));
  return ToBits(number);
}

absl::StatusOr<uint64_t> NextChangeNumber(SqliteConnection& db, uint64_t above) {
  SqliteStatement next = db.Use("UPDATE changes SET number = max(number, ?) + 1 WHERE frozen = 0");
  FIELDKMS_RETURN_IF_ERROR(next.Int(FromBits(above)).Run());
  if (db.RowsChanged() == 0) return StoreFrozen();
  return ReadChangeNumber(db);
}

absl::Status WriteFrozen(SqliteConnection& db, bool frozen) {
  return db.Use("UPDATE changes SET frozen = ?").Int(frozen).Run();
}

absl::StatusOr<bool> ReadFrozen(SqliteConnection& db) {
  FIELDKMS_ASSIGN_OR_RETURN(const int64_t frozen, db.QueryInt("SELECT frozen FROM changes"));
  return frozen != 0;
}

absl::StatusOr<std::vector<Change>> ReadChangesAfter(SqliteConnection& db, uint64_t after,
                                                     size_t limit) {
  std::vector<Change> changes;
  if (limit == 0) return changes;
  // No LIMIT: rows are merged from four indexes as they are asked for.
  SqliteStatement row = db.Use(
      "SELECT change, ?2, tenant, '', 0 FROM tenants WHERE change > ?1 UNION ALL "
      "SELECT change, ?3, tenant, name, key_id FROM keys WHERE change > ?1 UNION ALL "
      "SELECT change, ?4, tenant, alias, key_id FROM aliases WHERE change > ?1 UNION ALL "
      "SELECT change, ?5, tenant, name, 0 FROM fields WHERE change > ?1 ORDER BY 1");
  row.Int(FromBound(after));
  for (const ChangeKind kind :
       {ChangeKind::kTenant, ChangeKind::kKey, ChangeKind::kAlias, ChangeKind::kField}) {
    row.Int(static_cast<int64_t>(kind));
  }
  while (true) {
    FIELDKMS_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return changes;
    const uint64_t number = ToBits(row.ColumnInt(0));
    if (changes.size() >= limit && changes.back().number != number) return changes;
    changes.push_back({number, static_cast<ChangeKind>(row.ColumnInt(1)), row.ColumnBytes(2),
                       row.ColumnBytes(3), ToBits(row.ColumnInt(4))});
  }
}

void ChangeSignal::Publish(uint64_t number) {
  {
    const std::lock_guard lock(mutex_);
    if (number <= newest_) return;
    newest_ = number;
  }
  changed_.notify_all();
}

uint64_t ChangeSignal::Wait(uint64_t after, const Clock& clock, Deadline until) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, WakeTime(clock, until), [&] { return newest_ > after; });
  return newest_;
}

}  // namespace fieldkms
