// Database: a connection to an application's database, where exceptions of libpqxx end.
//
// Its errors are absl::Status with one of three reasons, which say what to do:
//   kDatabaseUnavailable (kUnavailable)          there is no connection, it was lost, or the server
//                                                shuts down, is a standby, or has no space left:
//                                                connect anew, later. Where it was lost in a
//                                                commit, nobody knows whether that happened.
//   kDatabaseBusy        (kAborted)              another session was in the way (a lock, a
//   deadlock,
//                                                a serialization failure, a statement's time):
//                                                again.
//   kDatabaseRefused     (kFailedPrecondition)   a privilege is missing, a table is not what it
//   was,
//                                                a constraint or a trigger refused: a person
//                                                decides.
// Messages have the SQLSTATE, and nothing that the server said of a statement: it may quote a row.
#ifndef FIELDKMS_ROTATION_DATABASE_H_
#define FIELDKMS_ROTATION_DATABASE_H_

#include <chrono>
#include <functional>
#include <memory>
#include <pqxx/result>
#include <pqxx/transaction_base>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/postgres/array.h"
#include "kms/postgres/connection.h"
#include "kms/postgres/value.h"
#include "kms/postgres/watchdog.h"

namespace fieldkms::rotation {

// A transaction under way. Both throw what libpqxx throws: let it pass.
class Transaction {
 public:
  Transaction(PostgresConnection& connection, pqxx::transaction_base& transaction)
      : connection_(connection), transaction_(transaction) {}
  pqxx::result Run(std::string_view sql, const std::vector<PostgresValue>& values = {},
                   std::span<const PostgresArray> arrays = {}) {
    return connection_.Run(transaction_, sql, values, arrays);
  }
  // One statement or several, without parameters and not prepared: what is made for one table and
  // runs once would otherwise stay on the connection. The result is the last one's.
  pqxx::result RunOnce(const std::string& sql) { return transaction_.exec(sql); }

 private:
  PostgresConnection& connection_;
  pqxx::transaction_base& transaction_;
};

// For one thread at a time. Sessions print times in UTC and ISO form and bytes in hex, look for
// unqualified names in pg_catalog only, take no result that row security has made smaller (it is an
// error), wait for locks for kLockTimeout at most, and leave no transaction open for more than ten
// seconds.
class Database {
 public:
  static constexpr std::chrono::milliseconds kLockTimeout{200};
  // Of one statement, unless `longest` says otherwise; a server that hangs is cut off a second
  // later.
  static constexpr std::chrono::seconds kLongest{60};

  // Connects. `conninfo`: a connection string of libpq; the session is called `application_name`,
  // whatever that says, since workers know each other by it. Errors: kInvalidArgument,
  // kConfigInvalid, for one that is none; kDatabaseUnavailable, with libpq's first line, which
  // names host, user and database at most.
  static absl::StatusOr<std::unique_ptr<Database>> Connect(const std::string& conninfo,
                                                           const std::string& application_name);
  ~Database();

  using Body = std::function<absl::Status(Transaction&)>;

  // Read runs `body` in a transaction that sees one state and writes nothing (REPEATABLE READ).
  // Write runs it READ COMMITTED and commits if it returns OK; any error of the body's undoes all.
  // The body runs once. After kDatabaseUnavailable the next call connects anew.
  absl::Status Read(const Body& body, std::chrono::milliseconds longest = kLongest);
  absl::Status Write(const Body& body, std::chrono::milliseconds longest = kLongest);
  // One statement, by itself; and with its rows read by `read`, where values of another type than
  // expected may throw what libpqxx throws.
  absl::Status Query(std::string_view sql, const std::vector<PostgresValue>& values,
                     const std::function<absl::Status(const pqxx::result&)>& read);
  absl::StatusOr<pqxx::result> Query(std::string_view sql,
                                     const std::vector<PostgresValue>& values = {},
                                     std::span<const PostgresArray> arrays = {});
  // One statement that the server runs in no transaction, such as VACUUM.
  absl::Status RunAlone(const std::string& sql, std::chrono::milliseconds longest);

  // The number of the server's version, such as 150012.
  int server_version() const { return server_version_; }

 private:
  enum class Kind { kRead, kWrite, kStatement };
  Database(std::string conninfo, std::string application_name)
      : conninfo_(std::move(conninfo)), application_name_(std::move(application_name)) {}
  absl::Status Open();
  absl::Status Run(Kind kind, std::chrono::milliseconds longest, const Body& body);
  absl::Status RunIn(pqxx::transaction_base& transaction, const Body& body);

  const std::string conninfo_;
  const std::string application_name_;
  PostgresWatchdog watchdog_;
  std::unique_ptr<PostgresConnection> connection_;
  std::chrono::milliseconds statement_timeout_{0};
  int server_version_ = 0;
};

// An identifier, or a name with its schema, in quotes where SQL is made.
std::string Quoted(std::string_view identifier);
std::string Quoted(std::string_view schema, std::string_view name);

// kFailedPrecondition, kDatabaseRefused.
absl::Status DatabaseRefused(std::string_view message);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_DATABASE_H_
