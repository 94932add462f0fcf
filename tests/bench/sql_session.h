// A session of PostgreSQL that is measured: libpq and nothing around it.
#ifndef FIELDKMS_TESTS_BENCH_SQL_SESSION_H_
#define FIELDKMS_TESTS_BENCH_SQL_SESSION_H_

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <string_view>

namespace fieldkms::bench {

// Errors are std::runtime_error. Not thread-safe.
class SqlSession {
 public:
  explicit SqlSession(const std::string& conninfo);
  SqlSession(const SqlSession&) = delete;
  SqlSession& operator=(const SqlSession&) = delete;

  // The first value of the answer as text, "" where there is none.
  std::string Run(const std::string& sql);

  // A statement with one parameter, planned once or when PostgreSQL likes.
  void Prepare(const std::string& name, const std::string& sql);
  // Its answer's only value, as text; an error where there is not one row.
  enum class Form { kText = 0, kBinary = 1 };
  std::string_view Lookup(const std::string& name, std::string_view parameter, Form form);

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
    void operator()(PGresult* result) const { PQclear(result); }
  };

  void Check(ExecStatusType wanted) const;

  const std::unique_ptr<PGconn, Finish> connection_;
  std::unique_ptr<PGresult, Finish> result_;  // the last one; what Lookup returned is in it
};

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_SQL_SESSION_H_
