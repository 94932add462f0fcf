// SqliteWork runs the reads and writes of a SQLite store: on which connection, in
// which transaction, with which number, and what follows a commit.
#ifndef FIELDKMS_KMS_STORE_SQLITE_WORK_H_
#define FIELDKMS_KMS_STORE_SQLITE_WORK_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/status.h"
#include "kms/clock.h"
#include "kms/store/sqlite_changes.h"
#include "kms/store/sqlite_connection.h"
#include "kms/store/sqlite_mutation_log.h"
#include "kms/store/sqlite_pool.h"
#include "kms/store/store.h"
#include "kms/store/store_errors.h"

namespace fieldkms {

// Whether a write makes wrapped bytes the past, which must then leave the log, too: before it
// returns, or (kSoon) with the first write from this one on that can do it.
enum class Shred : uint8_t { kNo, kSoon, kYes };

// Thread-safe.
class SqliteWork {
 public:
  SqliteWork(const std::string& path, const Clock& clock);

  // Opens the first connection, so that what is wrong shows at the start.
  absl::Status Start();

  // What this process commits is heard of at once; what another does, such as an
  // operator's command, at `until`.
  absl::StatusOr<uint64_t> WaitForChange(uint64_t after, Deadline until);

  // `body(db)` on a connection for reading.
  template <class Body>
  auto Read(Deadline deadline, const Body& body)
      -> decltype(body(std::declval<SqliteConnection&>())) {
    FIELDKMS_ASSIGN_OR_RETURN(SqlitePool::Lease db, readers_.Take(deadline));
    return body(*db);
  }

  // `body(db)` in a write transaction, which an error rolls back. With kYes the log is
  // emptied after the commit; kUnavailable if it could not be, although the change is made.
  template <class T, class Body>
  absl::StatusOr<T> Write(Deadline deadline, Shred shred, const Body& body) {
    FIELDKMS_ASSIGN_OR_RETURN(SqlitePool::Lease db, writer_.Take(deadline));
    FIELDKMS_ASSIGN_OR_RETURN(T result, Transact<T>(*db, deadline, shred, body));
    FIELDKMS_RETURN_IF_ERROR(EmptyLog(*db, shred));
    return result;
  }

  // The same in a store that is not frozen. Error: StoreFrozen().
  template <class T, class Body>
  absl::StatusOr<T> WriteUnlessFrozen(Deadline deadline, Shred shred, const Body& body) {
    return Write<T>(deadline, shred, [&](SqliteConnection& db) -> absl::StatusOr<T> {
      FIELDKMS_ASSIGN_OR_RETURN(const bool frozen, ReadFrozen(db));
      if (frozen) return StoreFrozen();
      return body(db);
    });
  }

  // A mutation, once: its outcome if it ran before, else `apply(db, number)`.
  template <class T, class Apply>
  absl::StatusOr<Applied<T>> Mutate(Method method, std::string_view tenant,
                                    const Mutation& mutation, Deadline deadline, Shred shred,
                                    const Apply& apply) {
    const auto body = [&](SqliteConnection& db) -> absl::StatusOr<Applied<T>> {
      FIELDKMS_ASSIGN_OR_RETURN(std::optional<T> before, ReadOutcome<T>(db, tenant, mutation));
      if (before) return Applied<T>{*std::move(before), true};
      FIELDKMS_ASSIGN_OR_RETURN(const uint64_t number, NextChangeNumber(db));
      FIELDKMS_ASSIGN_OR_RETURN(T outcome, apply(db, number));
      FIELDKMS_RETURN_IF_ERROR(WriteOutcome(db, method, mutation, outcome, clock_.Now()));
      return Applied<T>{std::move(outcome), false};
    };
    return Write<Applied<T>>(deadline, shred, body);
  }

  // Wrapped bytes that a transaction makes the past may lie in the unused part of a page
  // that SQLite split. NoteScrub says so within that transaction; Scrub, after it, looks
  // for them in the whole file and has it written anew if they are there. What a Scrub
  // could not do, or a process that was killed, is done by the next one or the next start.
  static absl::Status NoteScrub(SqliteConnection& db);
  absl::Status Scrub(std::span<const std::string> past, Deadline deadline);
  void ScrubLater() { scrub_failed_ = true; }

  WallTime Now() const { return clock_.Now(); }

 private:
  template <class T, class Body>
  absl::StatusOr<T> Transact(SqliteConnection& db, Deadline deadline, Shred shred,
                             const Body& body) {
    SqliteTransaction transaction(db);
    const absl::Status begun = transaction.Begin();
    // Also where it did not begin: another process held the lock until then.
    if (clock_.Steady() >= deadline) return DeadlinePassed();
    FIELDKMS_RETURN_IF_ERROR(begun);
    absl::StatusOr<T> result = body(db);
    if (!result.ok()) return result;
    // Also of a replay: the first attempt may have been committed in doubt.
    FIELDKMS_ASSIGN_OR_RETURN(const uint64_t number, ReadChangeNumber(db));
    if (shred != Shred::kNo) log_to_empty_ = true;
    FIELDKMS_RETURN_IF_ERROR(transaction.Commit());
    signal_.Publish(number);
    return result;
  }

  // Empties the log if a write before has asked for it. An error only where this
  // write is one that asks: it is repeated, others need not know.
  absl::Status EmptyLog(SqliteConnection& db, Shred shred);

  absl::Status FinishScrub(SqliteConnection& db);

  const Clock& clock_;
  SqlitePool writer_;
  SqlitePool readers_;
  ChangeSignal signal_;
  std::atomic<bool> log_to_empty_ = true;
  std::atomic<bool> scrub_failed_ = false;  // one before: its bytes are not known any more
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_WORK_H_
