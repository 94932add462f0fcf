#include "tests/bench/bare_insert.h"

#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <iterator>
#include <optional>
#include <pqxx/pqxx>
#include <random>
#include <stdexcept>
#include <thread>
#include <utility>

#include "kms/postgres/array.h"
#include "kms/postgres/connection.h"
#include "tests/bench/loaded_server.h"

namespace fieldkms::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr char kColumns[] =
    "INSERT INTO fieldkms_store.tokens (tenant, field_id, token, lookup, convergent, "
    "single_use, sealed, metadata, create_time, expire_time, subject) ";
constexpr char kUnnest[] =
    "SELECT $1::text, 7, unnest($2::bytea[]), unnest($3::bytea[]), unnest($4::boolean[]), false, "
    "unnest($5::bytea[]), '', unnest($6::timestamptz[]), unnest($7::timestamptz[]), "
    "unnest($8::bytea[])";

// Bytes that nobody has seen.
class FreshBytes {
 public:
  // Lives until the next.
  std::string_view Next(size_t count) {
    bytes_.clear();
    while (bytes_.size() < count) {
      const uint64_t bits = random_();
      bytes_.append(reinterpret_cast<const char*>(&bits), sizeof bits);
    }
    return std::string_view(bytes_).substr(0, count);
  }

 private:
  std::string bytes_;
  std::mt19937_64 random_{std::random_device()()};
};

void AppendLiteral(std::string_view bytes, std::string& out) {
  constexpr char kDigits[] = "0123456789abcdef";
  out += "'\\x";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  out += '\'';
}

std::unique_ptr<PostgresConnection> Connect(const std::string& conninfo) {
  auto connection = PostgresConnection::Open(conninfo);
  if (!connection.ok()) throw std::runtime_error(connection.status().ToString());
  return *std::move(connection);
}

}  // namespace

// A connection.
class BareInsert::Worker {
 public:
  Worker(const std::string& conninfo, TokenRow row, Form form)
      : connection_(Connect(conninfo)), row_(std::move(row)), form_(form) {}

  void Run(Clock::time_point end) {
    latencies_us_.clear();
    try {
      for (auto start = Clock::now(); start < end;) {
        pqxx::nontransaction work(connection_->pqxx());
        if (form_ == Form::kText) {
          work.exec(Statement());
        } else {
          connection_->Run(work, std::string(kColumns) + kUnnest, {row_.tenant}, Columns());
        }
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
  const std::string& Statement() {
    sql_ = kColumns;
    sql_ += "VALUES ";
    for (int i = 0; i < kBatchValues; ++i) {
      fmt::format_to(std::back_inserter(sql_), "{}('{}',7,", i == 0 ? "" : ",", row_.tenant);
      AppendLiteral(fresh_.Next(row_.token), sql_);
      sql_ += ',';
      if (row_.lookup == 0) {
        sql_ += "NULL";
      } else {
        AppendLiteral(fresh_.Next(row_.lookup), sql_);
      }
      sql_ += row_.convergent ? ",true,false," : ",false,false,";
      AppendLiteral(fresh_.Next(row_.sealed), sql_);
      sql_ += ",'','2026-01-02 03:04:05.678901+00',NULL,NULL)";
    }
    return sql_;
  }

  std::vector<PostgresArray> Columns() {
    using enum PostgresArray::Type;
    const WallTime now = std::chrono::floor<WallTime::duration>(std::chrono::system_clock::now());
    std::vector<PostgresArray> columns;
    for (const auto type : {kBytea, kBytea, kBool, kBytea, kTimestamptz, kTimestamptz, kBytea}) {
      columns.emplace_back(type, static_cast<size_t>(kBatchValues));
    }
    for (int i = 0; i < kBatchValues; ++i) {
      columns[0].AddBytes(fresh_.Next(row_.token));
      if (row_.lookup == 0) {
        columns[1].AddNull();
      } else {
        columns[1].AddBytes(fresh_.Next(row_.lookup));
      }
      columns[2].AddBool(row_.convergent);
      columns[3].AddBytes(fresh_.Next(row_.sealed));
      columns[4].AddTime(now);
      columns[5].AddNull();
      columns[6].AddNull();
    }
    return columns;
  }

  const std::unique_ptr<PostgresConnection> connection_;
  const TokenRow row_;
  const Form form_;
  std::string sql_;
  FreshBytes fresh_;
  std::vector<double> latencies_us_;
  std::exception_ptr failure_;
};

BareInsert::BareInsert(std::string name, const std::string& conninfo, int connections, TokenRow row,
                       Form form)
    : name_(std::move(name)) {
  for (int i = 0; i < connections; ++i) {
    workers_.push_back(std::make_unique<Worker>(conninfo, row, form));
  }
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
