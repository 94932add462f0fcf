// SqlitePool lends the connections of one store: one for writing, a few for
// reading. A lease is exclusive; none of our locks is held while it is used.
#ifndef FIELDKMS_KMS_STORE_SQLITE_POOL_H_
#define FIELDKMS_KMS_STORE_SQLITE_POOL_H_

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/store/sqlite_connection.h"

namespace fieldkms {

// A fixed number of places for connections, each opened when it is first needed
// and again after it broke. Thread-safe. Outlives its leases.
class SqlitePool {
 public:
  // A connection on loan; given back when destroyed.
  class Lease {
   public:
    Lease(SqlitePool* pool, std::unique_ptr<SqliteConnection> connection)
        : pool_(pool), connection_(std::move(connection)) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_) pool_->GiveBack(std::move(connection_));
    }
    SqliteConnection& operator*() const { return *connection_; }
    SqliteConnection* operator->() const { return connection_.get(); }

   private:
    SqlitePool* pool_;
    std::unique_ptr<SqliteConnection> connection_;
  };

  SqlitePool(std::string path, size_t places, const Clock& clock);

  // Take waits for a connection. Errors: kDeadlineExceeded; those of opening.
  absl::StatusOr<Lease> Take(Deadline deadline);

 private:
  absl::StatusOr<std::unique_ptr<SqliteConnection>> OpenConnection(Deadline deadline) const;
  void GiveBack(std::unique_ptr<SqliteConnection> connection);
  void FreePlace();

  const std::string path_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable place_free_;
  size_t free_places_;
  std::vector<std::unique_ptr<SqliteConnection>> idle_;  // at most free_places_
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_POOL_H_
