#include "tests/unit/rotation/libpq_session.h"

#include <chrono>
#include <stdexcept>

namespace fieldkms::testing {
namespace {

using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

void Require(bool ok, PGconn* connection) {
  if (!ok) throw std::runtime_error(PQerrorMessage(connection));
}

void AppendNumber(uint64_t number, std::string* out) {
  for (int shift = 56; shift >= 0; shift -= 8) out->push_back(static_cast<char>(number >> shift));
}

// PostgreSQL counts from the year 2000.
uint64_t PostgresNow() {
  using namespace std::chrono;
  return static_cast<uint64_t>(
      duration_cast<microseconds>(system_clock::now() - sys_days(year(2000) / 1 / 1)).count());
}

}  // namespace

LibpqSession::LibpqSession(const std::string& conninfo)
    : connection_(PQconnectdb(conninfo.c_str()), &PQfinish) {
  Require(PQstatus(get()) == CONNECTION_OK, get());
}

// A statement that runs would go on until it writes to its client.
LibpqSession::~LibpqSession() {
  const std::unique_ptr<PGcancel, decltype(&PQfreeCancel)> cancel(PQgetCancel(get()),
                                                                  &PQfreeCancel);
  char error[256];
  if (cancel) PQcancel(cancel.get(), error, sizeof error);
}

std::string LibpqSession::Run(const std::string& sql) {
  const Result result(PQexec(get(), sql.c_str()), &PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  Require(status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK, get());
  return PQntuples(result.get()) == 0 ? "" : PQgetvalue(result.get(), 0, 0);
}

void LibpqSession::Send(const std::string& sql) {
  Require(PQsendQuery(get(), sql.c_str()) == 1, get());
}

std::string LibpqSession::Receive() {
  std::string answer;
  for (;;) {
    const Result result(PQgetResult(get()), &PQclear);
    if (!result) return answer;
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_TUPLES_OK && PQntuples(result.get()) > 0) {
      answer = PQgetvalue(result.get(), 0, 0);
    } else if (status == PGRES_FATAL_ERROR) {
      const char* const state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
      answer =
          std::string(state == nullptr ? "" : state) + " " + PQresultErrorMessage(result.get());
    }
  }
}

std::string LibpqSession::ErrorOf(const std::string& sql) {
  const Result result(PQexec(get(), sql.c_str()), &PQclear);
  if (PQresultStatus(result.get()) != PGRES_FATAL_ERROR) return "";
  const char* const state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
  return std::string(state == nullptr ? "" : state) + " " + PQresultErrorMessage(result.get());
}

FakeStandby::FakeStandby(const std::string& conninfo, const std::string& start)
    : LibpqSession(conninfo + " replication=true") {
  const Result result(PQexec(get(), ("START_REPLICATION " + start).c_str()), &PQclear);
  Require(PQresultStatus(result.get()) == PGRES_COPY_BOTH, get());
}

// The manual's "Standby status update".
void FakeStandby::Report(uint64_t received, uint64_t replayed) {
  std::string message = "r";
  AppendNumber(received, &message);
  AppendNumber(received, &message);
  AppendNumber(replayed, &message);
  AppendNumber(PostgresNow(), &message);
  message.push_back('\0');  // no answer is asked for
  Require(PQputCopyData(get(), message.data(), static_cast<int>(message.size())) == 1 &&
              PQflush(get()) == 0,
          get());
}

}  // namespace fieldkms::testing
