// Transactions of a PostgreSQL store: begun, bounded in time, committed or not, and run
// again where that is right. Exceptions of libpqxx end here.
//
// Time. Every statement has what is left of the deadline as statement_timeout, so that
// a live server ends it in time and the connection stays of use. A server that hangs is
// cut off by a watchdog kSlack after the deadline: no call outlasts its deadline by
// more. A call without a deadline has one of kLongest, or kLongestImport. (Connecting has its own
// bounds: see PostgresPool. Closing a connection waits for nothing.)
//
// Commits in doubt. If the connection breaks while COMMIT is under way, nobody knows
// whether it happened. The transaction is run again, on a new connection, with in_doubt()
// set. It begins by locking the one row of store_state, which the lost transaction held
// to its end: so what is read next tells whether that one was committed. A body then finds
// its own outcome (by the request id, or by what it would have written) and returns
// it, or does it all again. This goes on until the deadline, kMostDoubt at most; then the
// error is kUnavailable, and the caller repeats with the same request id. The server ends
// a transaction whose client is gone when it sees that the connection is; at the latest
// after idle_in_transaction_session_timeout, 10 s.
#ifndef FIELDKMS_KMS_STORE_POSTGRES_TRANSACTION_H_
#define FIELDKMS_KMS_STORE_POSTGRES_TRANSACTION_H_

#include <chrono>
#include <functional>
#include <optional>
#include <pqxx/result>
#include <pqxx/transaction_base>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/postgres/connection.h"
#include "kms/postgres/watchdog.h"
#include "kms/store/postgres_pool.h"

namespace fieldkms {

// What a body has of its transaction.
class PostgresTransaction {
 public:
  PostgresTransaction(PostgresConnection& connection, pqxx::transaction_base& transaction,
                      bool in_doubt)
      : connection_(connection), transaction_(transaction), in_doubt_(in_doubt) {}

  // Throws what libpqxx throws; let it pass.
  pqxx::result Run(std::string_view sql, const std::vector<PostgresValue>& values,
                   std::span<const PostgresArray> arrays = {}) {
    return connection_.Run(transaction_, sql, values, arrays);
  }
  // From here on the transaction sees and writes the records of `tenant` only. "": of
  // none, and the operations.
  void ActFor(std::string_view tenant);

  // Whether an earlier run of the same body may have been committed.
  bool in_doubt() const { return in_doubt_; }
  // Ends a transaction that has nothing to write without a commit; it is OK all the same.
  void WriteNothing() { write_nothing_ = true; }
  bool writes_nothing() const { return write_nothing_; }

 private:
  PostgresConnection& connection_;
  pqxx::transaction_base& transaction_;
  bool in_doubt_;
  bool write_nothing_ = false;
};

// Thread-safe.
class PostgresTransactions {
 public:
  static constexpr std::chrono::milliseconds kSlack{250};
  static constexpr std::chrono::seconds kLongest{30};
  static constexpr std::chrono::seconds kMostDoubt{15};
  static constexpr std::chrono::minutes kLongestImport{30};

  // An error of the body's ends the transaction and is returned. It may be called
  // several times: it starts from nothing each time.
  using Body = std::function<absl::Status(PostgresTransaction&)>;

  PostgresTransactions(std::string conninfo, size_t connections, const Clock& clock)
      : clock_(clock), pool_(std::move(conninfo), connections, clock) {}

  // Read sees one state of the store (REPEATABLE READ, READ ONLY); Write each time the
  // newest (READ COMMITTED).
  absl::Status Read(Deadline deadline, const Body& body);
  absl::Status Write(Deadline deadline, const Body& body);
  // The same for what moves any number of records.
  absl::Status WriteLong(Deadline deadline, const Body& body);

 private:
  enum class Kind { kRead, kWrite };
  enum class Fate { kEnded, kConflict, kConnectionLost, kInDoubt };
  struct Attempt {
    Fate fate = Fate::kEnded;
    absl::Status status;
  };

  absl::Status RunAll(Kind kind, Deadline deadline, const Body& body);
  Attempt RunOnce(Kind kind, PostgresConnection& connection, Deadline deadline, bool in_doubt,
                  const Body& body);
  Attempt RunIn(pqxx::transaction_base& transaction, PostgresConnection& connection,
                Deadline deadline, bool in_doubt, const Body& body, bool& committing);
  Attempt Failed(PostgresConnection& connection, Deadline deadline, const std::exception& error,
                 bool committing);
  Deadline Bounded(Deadline deadline, std::chrono::seconds longest) const;

  const Clock& clock_;
  PostgresWatchdog watchdog_;
  PostgresPool pool_;
};

// Runs `body(db)`, an absl::StatusOr<T>, by one of the methods above, on behalf of a tenant
// ("": of none).
template <class T, class Run, class Body>
absl::StatusOr<T> ResultOf(PostgresTransactions& transactions, Run run, std::string_view tenant,
                           Deadline deadline, const Body& body) {
  std::optional<T> result;
  const absl::Status status =
      (transactions.*run)(deadline, [&](PostgresTransaction& db) -> absl::Status {
        if (!tenant.empty()) db.ActFor(tenant);
        absl::StatusOr<T> value = body(db);
        if (!value.ok()) return std::move(value).status();
        result = std::move(value).value();
        return absl::OkStatus();
      });
  if (!status.ok()) return status;
  return *std::move(result);
}

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_POSTGRES_TRANSACTION_H_
