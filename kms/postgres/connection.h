// PostgresConnection: one connection of libpqxx (6.4, Debian 12's), with what every
// connection to a store has. The only place that knows the version of libpqxx.
#ifndef FIELDKMS_KMS_POSTGRES_CONNECTION_H_
#define FIELDKMS_KMS_POSTGRES_CONNECTION_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <pqxx/connection>
#include <pqxx/errorhandler>
#include <pqxx/result>
#include <pqxx/transaction_base>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kms/postgres/array.h"
#include "kms/postgres/value.h"
#include "kms/postgres/watchdog.h"

namespace fieldkms {

// Not thread-safe: used by one thread at a time; see PostgresPool.
class PostgresConnection {
 public:
  // Connects: blocks for as long as the connection string allows (connect_timeout for
  // each address, and the resolver's own time before that). `conninfo` is a checked one
  // (kms/postgres/conninfo.h). Error: kUnavailable, kStoreUnavailable, with
  // libpq's first line, which may name host, user and database.
  static absl::StatusOr<std::unique_ptr<PostgresConnection>> Open(const std::string& conninfo);

  pqxx::connection& pqxx() { return connection_; }
  const std::shared_ptr<SocketCutter>& socket() const { return socket_; }

  // Runs `sql`, prepared once a connection, inside `transaction`, which is one of this
  // connection. Its parameters are `values`, and then `arrays`. Throws what libpqxx throws.
  pqxx::result Run(pqxx::transaction_base& transaction, std::string_view sql,
                   const std::vector<PostgresValue>& values,
                   std::span<const PostgresArray> arrays = {});

  // Said by whoever saw an error that ends the connection.
  void Break() { broken_ = true; }
  bool broken() const { return broken_ || socket_->was_cut() || !connection_.is_open(); }

 private:
  explicit PostgresConnection(const std::string& conninfo);

  pqxx::connection connection_;
  pqxx::quiet_errorhandler quiet_;  // libpqxx prints to standard error otherwise
  std::shared_ptr<SocketCutter> socket_;
  std::map<std::string, std::string, std::less<>> statements_;  // SQL to name
  bool broken_ = false;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_POSTGRES_CONNECTION_H_
