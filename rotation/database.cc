#include "rotation/database.h"

#include <exception>
#include <pqxx/nontransaction>
#include <pqxx/transaction>
#include <utility>

#include "crypto/status.h"
#include "kms/postgres/conninfo.h"
#include "kms/postgres/sqlstate.h"

namespace fieldkms::rotation {
namespace {

constexpr std::chrono::seconds kCutAfter{1};

absl::Status Unavailable(std::string_view message) {
  return Error(absl::StatusCode::kUnavailable, Reason::kDatabaseUnavailable,
               "the application's database: " + std::string(message));
}

std::string WithCode(std::string_view what, std::string_view sqlstate) {
  return std::string(what) + " (SQLSTATE " + std::string(sqlstate) + ")";
}

// Another session was in the way, or the statement took too long.
bool IsBusy(std::string_view sqlstate) {
  return IsConflict(sqlstate) || sqlstate == "55P03" || sqlstate == "57014" || sqlstate == "55006";
}

absl::Status StatusOf(const std::exception& error) {
  const std::string_view sqlstate = SqlStateOf(error);
  if (sqlstate.empty()) {
    const bool odd = dynamic_cast<const pqxx::conversion_error*>(&error) != nullptr ||
                     dynamic_cast<const pqxx::unexpected_rows*>(&error) != nullptr;
    return odd ? DatabaseRefused("a value is not what its column should have")
               : Unavailable("the connection was lost");
  }
  if (IsBusy(sqlstate)) {
    return Error(absl::StatusCode::kAborted, Reason::kDatabaseBusy,
                 WithCode("the application's database: another session was in the way", sqlstate));
  }
  if (sqlstate == "42501") {
    return DatabaseRefused(WithCode("a privilege is missing", sqlstate));
  }
  const std::string_view kind = sqlstate.substr(0, 2);
  if (kind == "42" || kind == "3F" || kind == "0A") {
    return DatabaseRefused(WithCode("a table or column is not what it was", sqlstate));
  }
  if (kind == "22") {
    return DatabaseRefused(WithCode("a value does not fit the type of its column", sqlstate));
  }
  if (kind == "08" || kind == "57" || kind == "53" || kind == "58" || kind == "25") {
    return Unavailable(WithCode("the server failed the call", sqlstate));
  }
  return DatabaseRefused(WithCode("a constraint or a trigger refused", sqlstate));
}

}  // namespace

absl::Status DatabaseRefused(std::string_view message) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kDatabaseRefused,
               "the application's database: " + std::string(message));
}

std::string Quoted(std::string_view identifier) {
  std::string quoted = "\"";
  for (const char c : identifier) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string Quoted(std::string_view schema, std::string_view name) {
  return Quoted(schema) + "." + Quoted(name);
}

Database::~Database() = default;

absl::StatusOr<std::unique_ptr<Database>> Database::Connect(const std::string& conninfo,
                                                            const std::string& application_name) {
  FIELDKMS_ASSIGN_OR_RETURN(std::string complete, CompleteConninfo(conninfo, application_name));
  std::unique_ptr<Database> database(new Database(std::move(complete), application_name));
  FIELDKMS_RETURN_IF_ERROR(database->Open());
  return database;
}

absl::Status Database::Open() {
  connection_.reset();
  absl::StatusOr<std::unique_ptr<PostgresConnection>> opened = PostgresConnection::Open(conninfo_);
  if (!opened.ok()) return Unavailable(MessageOf(opened.status()));
  connection_ = *std::move(opened);
  statement_timeout_ = std::chrono::milliseconds(0);
  try {
    pqxx::nontransaction transaction(connection_->pqxx());
    transaction.exec("SET row_security = off");
    transaction.exec("SET application_name = " + transaction.quote(application_name_));
    transaction.exec("SET lock_timeout = " + std::to_string(kLockTimeout.count()));
    server_version_ = connection_->pqxx().server_version();
  } catch (const std::exception& error) {
    connection_.reset();
    return StatusOf(error);
  }
  return absl::OkStatus();
}

absl::Status Database::RunIn(pqxx::transaction_base& transaction, const Body& body) {
  Transaction running(*connection_, transaction);
  FIELDKMS_RETURN_IF_ERROR(body(running));
  transaction.commit();
  return absl::OkStatus();
}

absl::Status Database::Run(Kind kind, std::chrono::milliseconds longest, const Body& body) {
  if (connection_ == nullptr || connection_->broken()) FIELDKMS_RETURN_IF_ERROR(Open());
  try {
    const PostgresWatchdog::Guard guard = watchdog_.CutAt(
        std::chrono::steady_clock::now() + longest + kCutAfter, connection_->socket());
    if (statement_timeout_ != longest) {
      pqxx::nontransaction(connection_->pqxx())
          .exec("SET statement_timeout = " + std::to_string(longest.count()));
      statement_timeout_ = longest;
    }
    switch (kind) {
      case Kind::kRead: {
        pqxx::transaction<pqxx::repeatable_read, pqxx::read_only> transaction(connection_->pqxx());
        return RunIn(transaction, body);
      }
      case Kind::kWrite: {
        pqxx::transaction<pqxx::read_committed> transaction(connection_->pqxx());
        return RunIn(transaction, body);
      }
      case Kind::kStatement: {
        pqxx::nontransaction transaction(connection_->pqxx());
        return RunIn(transaction, body);
      }
    }
    return Bug("a kind of transaction is not known");
  } catch (const std::exception& error) {
    absl::Status status = StatusOf(error);
    if (ReasonOf(status) == Reason::kDatabaseUnavailable) connection_->Break();
    return status;
  }
}

absl::Status Database::Read(const Body& body, std::chrono::milliseconds longest) {
  return Run(Kind::kRead, longest, body);
}

absl::Status Database::Write(const Body& body, std::chrono::milliseconds longest) {
  return Run(Kind::kWrite, longest, body);
}

absl::Status Database::RunAlone(const std::string& sql, std::chrono::milliseconds longest) {
  return Run(Kind::kStatement, longest, [&](Transaction& transaction) {
    transaction.RunOnce(sql);
    return absl::OkStatus();
  });
}

absl::Status Database::Query(std::string_view sql, const std::vector<PostgresValue>& values,
                             const std::function<absl::Status(const pqxx::result&)>& read) {
  return Run(Kind::kStatement, kLongest,
             [&](Transaction& transaction) { return read(transaction.Run(sql, values)); });
}

absl::StatusOr<pqxx::result> Database::Query(std::string_view sql,
                                             const std::vector<PostgresValue>& values,
                                             std::span<const PostgresArray> arrays) {
  pqxx::result result;
  FIELDKMS_RETURN_IF_ERROR(Run(Kind::kStatement, kLongest, [&](Transaction& transaction) {
    result = transaction.Run(sql, values, arrays);
    return absl::OkStatus();
  }));
  return result;
}

}  // namespace fieldkms::rotation
