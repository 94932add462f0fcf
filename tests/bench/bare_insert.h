// The baseline of `tokenize`: rows of tokens into PostgreSQL, and nothing else.
#ifndef FIELDKMS_TESTS_BENCH_BARE_INSERT_H_
#define FIELDKMS_TESTS_BENCH_BARE_INSERT_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/in_turn.h"

namespace fieldkms::bench {

// How many bytes a row has that the daemon writes, and of which kind it is.
struct TokenRow {
  std::string tenant;
  size_t token = 0;
  size_t sealed = 0;
  size_t lookup = 0;  // 0: null
  bool convergent = false;
};

// BareInsert keeps connections of libpqxx busy, each in a thread of its own, with one statement
// after another: INSERT of many rows, each statement a transaction. What is unique in a row, and
// what is sealed, is random. Throws what libpqxx throws.
class BareInsert {
 public:
  enum class Form {
    kText,    // VALUES, in the statement
    kArrays,  // a prepared statement, and a binary array for each column
  };

  BareInsert(std::string name, const std::string& conninfo, int connections, TokenRow row,
             Form form = Form::kText);
  ~BareInsert();

  // Inserts for `seconds`; returns rows a second.
  double Measure(double seconds);

  // As LoadedServer's, without a server's processor time.
  std::vector<std::string> Row(const Rates& rates, const Rates& baseline) const;

 private:
  class Worker;

  std::string name_;
  std::vector<std::unique_ptr<Worker>> workers_;
  double cpu_ = 0;
  double rows_ = 0;
  std::vector<double> latencies_;
};

}  // namespace fieldkms::bench

#endif  // FIELDKMS_TESTS_BENCH_BARE_INSERT_H_
