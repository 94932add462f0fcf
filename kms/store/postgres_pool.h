// PostgresPool lends the connections of one store. Connecting is the one thing that
// libpq cannot be stopped in (it may wait for a resolver), so a thread of the pool's
// own does it, and no caller waits for it beyond its deadline.
#ifndef FIELDKMS_KMS_STORE_POSTGRES_POOL_H_
#define FIELDKMS_KMS_STORE_POSTGRES_POOL_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/postgres/connection.h"

namespace fieldkms {

// At most `places` connections, each opened when it is first needed. One that broke is
// closed, and the idle ones with it: a server that ended one has likely ended all.
// Thread-safe; no lock is held across I/O. Outlives its leases. Destruction waits for an
// attempt to connect that is under way.
class PostgresPool {
 public:
  // A connection on loan, of one thread; given back when destroyed.
  class Lease {
   public:
    Lease(PostgresPool* pool, std::unique_ptr<PostgresConnection> connection)
        : pool_(pool), connection_(std::move(connection)) {}
    Lease(Lease&&) = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_) pool_->GiveBack(std::move(connection_));
    }
    PostgresConnection& operator*() const { return *connection_; }
    PostgresConnection* operator->() const { return connection_.get(); }

   private:
    PostgresPool* pool_;
    std::unique_ptr<PostgresConnection> connection_;
  };

  // What Take does while no connection can be made: return why, or go on trying.
  enum class IfDown { kReturn, kKeepTrying };

  PostgresPool(std::string conninfo, size_t places, const Clock& clock);
  ~PostgresPool();

  // Take waits for a connection. Errors: kDeadlineExceeded; kUnavailable,
  // kStoreUnavailable, of an attempt that ended while it waited.
  absl::StatusOr<Lease> Take(Deadline deadline, IfDown if_down);

 private:
  void ConnectLoop();
  void GiveBack(std::unique_ptr<PostgresConnection> connection);

  const std::string conninfo_;
  const size_t places_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable for_callers_;
  std::condition_variable for_connector_;
  std::vector<std::unique_ptr<PostgresConnection>> idle_;
  size_t open_ = 0;        // idle and lent ones
  size_t waiting_ = 0;     // callers in Take
  uint64_t failures_ = 0;  // attempts to connect that failed
  absl::Status last_failure_;
  bool stopping_ = false;
  std::thread connector_;  // last: it uses the others
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_POSTGRES_POOL_H_
