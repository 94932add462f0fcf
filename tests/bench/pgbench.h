// pgbench of PostgreSQL, as the application that a job must not disturb.
#ifndef FIELDKMS_TESTS_BENCH_PGBENCH_H_
#define FIELDKMS_TESTS_BENCH_PGBENCH_H_

#include <string>
#include <vector>

namespace fieldkms::bench {

// Runs its own script, which is like TPC-B: a transaction updates three rows, reads one and inserts
// one. Functions throw std::runtime_error where it fails.
class Pgbench {
 public:
  static constexpr int kClients = 4;

  // Makes its tables of 100,000 times `scale` rows in the database of `conninfo`.
  Pgbench(std::string conninfo, int scale);

  // Transactions a second, as many as its clients get.
  double Saturation(double seconds) const;
  // Milliseconds that each transaction took, of `rate` a second, from when it was due.
  std::vector<double> Latencies(double rate, double seconds) const;

 private:
  // Returns what it printed.
  std::string Run(const std::vector<std::string>& arguments) const;
  std::vector<std::string> For(double seconds) const;

  const std::string conninfo_;
};

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_PGBENCH_H_
