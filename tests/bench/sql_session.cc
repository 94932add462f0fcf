#include "tests/bench/sql_session.h"

#include <stdexcept>

namespace fieldkms::bench {

SqlSession::SqlSession(const std::string& conninfo) : connection_(PQconnectdb(conninfo.c_str())) {
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    throw std::runtime_error(PQerrorMessage(connection_.get()));
  }
}

void SqlSession::Check(ExecStatusType wanted) const {
  if (PQresultStatus(result_.get()) != wanted) {
    throw std::runtime_error(PQerrorMessage(connection_.get()));
  }
}

std::string SqlSession::Run(const std::string& sql) {
  result_.reset(PQexec(connection_.get(), sql.c_str()));
  if (PQresultStatus(result_.get()) == PGRES_COMMAND_OK) return "";
  Check(PGRES_TUPLES_OK);
  return PQntuples(result_.get()) == 0 ? "" : PQgetvalue(result_.get(), 0, 0);
}

void SqlSession::Prepare(const std::string& name, const std::string& sql) {
  result_.reset(PQprepare(connection_.get(), name.c_str(), sql.c_str(), 1, nullptr));
  Check(PGRES_COMMAND_OK);
}

std::string_view SqlSession::Lookup(const std::string& name, std::string_view parameter,
                                    Form form) {
  const char* const values[] = {parameter.data()};  // of text: ends with a zero byte
  const int lengths[] = {static_cast<int>(parameter.size())};
  const int formats[] = {static_cast<int>(form)};
  result_.reset(
      PQexecPrepared(connection_.get(), name.c_str(), 1, values, lengths, formats, /*result=*/0));
  Check(PGRES_TUPLES_OK);
  if (PQntuples(result_.get()) != 1) throw std::runtime_error(name + " did not find one row");
  return PQgetvalue(result_.get(), 0, 0);
}

}  // namespace fieldkms::bench
