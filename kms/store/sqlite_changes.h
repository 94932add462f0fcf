// Numbers of changes in a SQLite store; see sqlite_tenants.h.
#ifndef FIELDKMS_KMS_STORE_SQLITE_CHANGES_H_
#define FIELDKMS_KMS_STORE_SQLITE_CHANGES_H_

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/store/sqlite_connection.h"
#include "kms/store/store.h"

namespace fieldkms {

// The newest number; in a write transaction, also one that it has taken itself.
absl::StatusOr<uint64_t> ReadChangeNumber(SqliteConnection& db);
// Takes the next number that is above `above`. Error: StoreFrozen().
absl::StatusOr<uint64_t> NextChangeNumber(SqliteConnection& db, uint64_t above = 0);
absl::Status WriteFrozen(SqliteConnection& db, bool frozen);
absl::StatusOr<bool> ReadFrozen(SqliteConnection& db);
absl::StatusOr<std::vector<Change>> ReadChangesAfter(SqliteConnection& db, uint64_t after,
                                                     size_t limit);

// Wakes who waits for a change that this process commits. Thread-safe.
class ChangeSignal {
 public:
  // `number` is committed, so that every read from now on sees it.
  void Publish(uint64_t number);
  // The newest as soon as it is above `after`, or what it is at `until` on `clock`.
  uint64_t Wait(uint64_t after, const Clock& clock, Deadline until);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t newest_ = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_CHANGES_H_
