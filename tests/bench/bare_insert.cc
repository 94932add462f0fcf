#include "tests/bench/bare_insert.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <exception>
#include <iterator>
#include <optional>
#include <pqxx/pqxx>
#include <random>
#include <thread>
#include <utility>

#include "tests/bench/loaded_server.h"

namespace fieldkms::bench {
namespace {

using Clock = std::chrono::steady_clock;

// Appends literals of bytes that nobody has seen.
class Literals {
 public:
  explicit Literals(std::string& out) : out_(out) {}

  void AppendBytes(size_t count) {
    constexpr char kDigits[] = "0123456789abcdef";
    out_ += "'\\x";
    for (size_t i = 0; i < 2 * count; ++i) {
      if (left_ == 0) {
        bits_ = random_();
        left_ = 16;
      }
      out_ += kDigits[bits_ & 15];
      bits_ >>= 4;
      --left_;
    }
    out_ += '\'';
  }

 private:
  std::string& out_;
  std::mt19937_64 random_{std::random_device()()};
  uint64_t bits_ = 0;
  int left_ = 0;
};

}  // namespace

// A connection.
class BareInsert::Worker {
 public:
  Worker(const std::string& conninfo, TokenRow row)
      : connection_(conninfo), row_(std::move(row)), literals_(sql_) {}

  void Run(Clock::time_point end) {
    latencies_us_.clear();
    try {
      for (auto start = Clock::now(); start < end;) {
        WriteStatement();
        pqxx::nontransaction(connection_).exec(sql_);
        const auto now = Clock::now();
        latencies_us_.push_back(std::chrono::duration<double, std::micro>(now - start).count());
        start = now;
      }
    } catch (...) {
      failure_ = std::current_exception();
    }
  }

  // Of the last run; throws what it threw.
  const std::vector<double>& latencies_us() const {
    if (failure_) std::rethrow_exception(failure_);
    return latencies_us_;
  }

 private:
  void WriteStatement() {
    sql_ =
        "INSERT INTO fieldkms_store.tokens (tenant, field_id, token, lookup, convergent, "
        "single_use, sealed, metadata, create_time, expire_time, subject) VALUES ";
    for (int i = 0; i < kBatchValues; ++i) {
      fmt::format_to(std::back_inserter(sql_), "{}('{}',7,", i == 0 ? "" : ",", row_.tenant);
      literals_.AppendBytes(row_.token);
      sql_ += ',';
      if (row_.lookup == 0) {
        sql_ += "NULL";
      } else {
        literals_.AppendBytes(row_.lookup);
      }
      sql_ += row_.convergent ? ",true,false," : ",false,false,";
      literals_.AppendBytes(row_.sealed);
      sql_ += ",'','2026-01-02 03:04:05.678901+00',NULL,NULL)";
    }
  }

  pqxx::connection connection_;
  const TokenRow row_;
  std::string sql_;
  Literals literals_;
  std::vector<double> latencies_us_;
  std::exception_ptr failure_;
};

BareInsert::BareInsert(std::string name, const std::string& conninfo, int connections, TokenRow row)
    : name_(std::move(name)) {
  for (int i = 0; i < connections; ++i) workers_.push_back(std::make_unique<Worker>(conninfo, row));
}
BareInsert::~BareInsert() = default;

double BareInsert::Measure(double seconds) {
  const double cpu = OwnCpuSeconds();
  const auto start = Clock::now();
  const auto end =
      start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  {
    std::vector<std::jthread> threads;
    for (auto& worker : workers_) threads.emplace_back([&worker, end] { worker->Run(end); });
  }
  const double took = std::chrono::duration<double>(Clock::now() - start).count();
  cpu_ += OwnCpuSeconds() - cpu;
  double rows = 0;
  for (const auto& worker : workers_) {
    const std::vector<double>& latencies = worker->latencies_us();
    rows += static_cast<double>(latencies.size()) * kBatchValues;
    latencies_.insert(latencies_.end(), latencies.begin(), latencies.end());
  }
  rows_ += rows;
  return rows / took;
}

std::vector<std::string> BareInsert::Row(const Rates& rates, const Rates& baseline) const {
  return LoadRow(name_, rates, baseline, std::nullopt, cpu_ / rows_, latencies_);
}

}  // namespace fieldkms::bench
