#include "kms/store/sqlite_pool.h"

#include <utility>

#include "crypto/status.h"
#include "kms/store/store_errors.h"

namespace fieldkms {

SqlitePool::SqlitePool(std::string path, size_t places, const Clock& clock)
    : path_(std::move(path)), clock_(clock), free_places_(places) {
  idle_.reserve(places);
}

absl::StatusOr<SqlitePool::Lease> SqlitePool::Take(Deadline deadline) {
  if (clock_.Steady() >= deadline) return DeadlinePassed();
  std::unique_ptr<SqliteConnection> connection;
  {
    std::unique_lock lock(mutex_);
    const bool free = place_free_.wait_until(lock, WakeTime(clock_, deadline),
                                             [this] { return free_places_ > 0; });
    if (!free) return DeadlinePassed();
    --free_places_;
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!connection) {
    auto opened = OpenConnection(deadline);
    if (!opened.ok()) {
      FreePlace();
      return std::move(opened).status();
    }
    connection = std::move(opened).value();
  }
  connection->WaitForLocksUntil(clock_, deadline);
  return Lease(this, std::move(connection));
}

absl::StatusOr<std::unique_ptr<SqliteConnection>> SqlitePool::OpenConnection(
    Deadline deadline) const {
  FIELDKMS_ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> connection,
                            SqliteConnection::Open(path_));
  // The first one after a crash recovers the log, and others wait for it.
  connection->WaitForLocksUntil(clock_, deadline);
  FIELDKMS_RETURN_IF_ERROR(connection->MakeDurable());
  return connection;
}

void SqlitePool::GiveBack(std::unique_ptr<SqliteConnection> connection) {
  if (connection->broken()) {
    connection.reset();  // closing is I/O: before the lock
    FreePlace();
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(connection));
    ++free_places_;
  }
  place_free_.notify_one();
}

void SqlitePool::FreePlace() {
  {
    const std::lock_guard lock(mutex_);
    ++free_places_;
  }
  place_free_.notify_one();
}

}  // namespace fieldkms
