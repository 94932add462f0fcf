// What the cases of SQL run on: a PostgreSQL with the extension and pgcrypto, a shim and a daemon.
#ifndef FIELDKMS_TESTS_BENCH_SQL_BENCH_H_
#define FIELDKMS_TESTS_BENCH_SQL_BENCH_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/bench/bench_case.h"
#include "tests/bench/in_turn.h"
#include "tests/bench/report.h"
#include "tests/bench/shim_process.h"
#include "tests/bench/sql_session.h"
#include "tests/support/postgres_server.h"

namespace fieldkms::bench {

// All of it ends with it. Throws what PostgresServer and SqlSession throw.
class SqlBench {
 public:
  static absl::StatusOr<std::unique_ptr<SqlBench>> Start();

  // Makes cards (id bigint primary key, card text, bytes bytea), of 16 bytes each; all ids have as
  // many digits. `card` and `bytes` are the same.
  void MakeCards(uint64_t rows);
  uint64_t rows() const { return rows_; }

  // A tenth of the cards, for FROM, and how many that is: for what would take too long over all.
  std::string Tenth() const;
  uint64_t tenth() const { return rows_ / 10; }

  // SQL for a row's context: kms.row_context of `id`.
  static std::string RowContext();

  SqlSession& session() { return *session_; }
  std::string conninfo() const;
  ShimProcess& shim() { return *shim_; }

  // The server's settings and security, which all cases print.
  Settings DescribeSettings(bool leases) const;

 private:
  SqlBench() = default;
  absl::Status StartPostgres();

  std::unique_ptr<ShimProcess> shim_;
  std::unique_ptr<testing::PostgresServer> postgres_;
  std::unique_ptr<SqlSession> session_;
  uint64_t rows_ = 0;
};

// A statement that goes over cards, and returns how many it did.
struct SqlContender {
  enum class Lease { kNone, kUsed, kNotAsked };
  std::string name;
  std::string sql;
  Lease lease = Lease::kNotAsked;  // what the shim has to say of it; kNotAsked: nothing
  uint64_t rows = 0;               // that it has to do; 0: all
};

// Runs the first against the second, which is the baseline, and any more against it, too; each turn
// is at least one statement. Prints `settings` and a table. An error where one does not do its
// rows or does not use a lease as said.
absl::StatusOr<BenchResult> RunStatements(SqlBench& bench, const std::vector<SqlContender>& all,
                                          double seconds, Settings settings);

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_SQL_BENCH_H_
