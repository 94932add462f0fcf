// sql_search: equality by the blind index, against the same on plaintext.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "clients/cpp/field_client.h"
#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "crypto/status.h"
#include "kms/postgres/array.h"
#include "tests/bench/bench_case.h"
#include "tests/bench/daemon_config.h"
#include "tests/bench/in_turn.h"
#include "tests/bench/sql_bench.h"

namespace fieldkms::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kTurnSeconds = 0.5;
constexpr uint64_t kFillRows = 50'000;  // a statement
constexpr uint64_t kSamples = 10'000;   // that are looked for, in random order
constexpr int kLookupsAClock = 50;
constexpr char kField[] = "customers.email";
constexpr char kIndexKey[] = "customers.email.index";

absl::Status MakeField(Client& client) {
  v1::CreateKeyRequest key;
  key.set_tenant(std::string(kBenchTenant));
  key.set_name(kIndexKey);
  key.set_purpose(v1::KEY_PURPOSE_BLIND_INDEX);
  FIELDKMS_RETURN_IF_ERROR(client.CreateKey(key).status());
  v1::CreateFieldRequest field;
  field.set_tenant(std::string(kBenchTenant));
  field.set_name(kField);
  field.set_format(v1::FIELD_FORMAT_EMAIL);
  field.set_key(kUnleasedKey);
  field.mutable_blind_index()->set_key(kIndexKey);
  return FieldClient(client).CreateField(field).status();
}

// One table for both: what is found lies on the same pages.
void MakeCustomers(SqlSession& session, uint64_t rows) {
  session.Run(
      "CREATE TABLE customers (id bigint PRIMARY KEY, email text COLLATE \"C\" NOT NULL, "
      "email_index bytea NOT NULL)");
  for (uint64_t first = 1; first <= rows; first += kFillRows) {
    session.Run(fmt::format(
        "INSERT INTO customers SELECT u.i, u.e, u.x FROM (SELECT array_agg(i) AS ids, "
        "array_agg('customer' || i || '@mail.example') AS emails FROM generate_series({}::bigint, "
        "{}) AS i) AS made, unnest(ids, emails, kms.blind_index_many('{}', emails)) AS u(i, e, x)",
        first, std::min(rows, first + kFillRows - 1), kField));
  }
  session.Run("CREATE INDEX by_email ON customers (email)");
  session.Run("CREATE INDEX by_email_index ON customers (email_index)");
  session.Run("VACUUM ANALYZE customers");
  session.Run("CHECKPOINT");
  session.Run("CREATE EXTENSION pg_prewarm");
  session.Run(
      "SELECT sum(pg_prewarm(c)) FROM unnest('{customers,by_email,by_email_index}'::regclass[]) "
      "AS c");
}

// What is looked for, as parameters.
struct Sample {
  std::string id;
  std::string email;
  std::string terms;  // bytea[], binary
};

absl::StatusOr<std::vector<Sample>> MakeSamples(SqlSession& session, uint64_t rows) {
  std::mt19937_64 random(rows);
  std::uniform_int_distribution<uint64_t> ids(1, rows);
  std::vector<Sample> samples;
  for (uint64_t i = 0; i < std::min(rows, kSamples); ++i) {
    Sample sample;
    sample.id = std::to_string(ids(random));
    sample.email = "customer" + sample.id + "@mail.example";
    samples.push_back(std::move(sample));
  }
  for (Sample& sample : samples) {
    const std::string hex = session.Run(
        fmt::format("SELECT encode(email_index, 'hex') FROM customers WHERE id = {}", sample.id));
    std::string term(hex.size() / 2, '\0');
    if (!DecodeHex(hex, AsMutableBytes(term))) return absl::InternalError("no term");
    PostgresArray terms(PostgresArray::Type::kBytea, 1);
    terms.AddBytes(term);
    sample.terms = terms.binary();
  }
  return samples;
}

// Looks for one sample after the other, over and over.
class Search {
 public:
  using Form = SqlSession::Form;
  Search(SqlSession& session, const std::vector<Sample>& samples, std::string name,
         std::string Sample::*parameter, Form form)
      : session_(session),
        samples_(samples),
        name_(std::move(name)),
        parameter_(parameter),
        form_(form) {}

  double Measure(double seconds) {
    const auto start = Clock::now();
    double spent = 0;
    double lookups = 0;
    while (spent < seconds) {
      for (int i = 0; i < kLookupsAClock; ++i) LookOnce();
      lookups += kLookupsAClock;
      spent = std::chrono::duration<double>(Clock::now() - start).count();
    }
    return lookups / spent;
  }

 private:
  void LookOnce() {
    const Sample& sample = samples_[next_++ % samples_.size()];
    if (session_.Lookup(name_, sample.*parameter_, form_) != sample.id) {
      throw std::runtime_error(name_ + " found another row");
    }
  }

  SqlSession& session_;
  const std::vector<Sample>& samples_;
  const std::string name_;
  std::string Sample::*const parameter_;
  const Form form_;
  size_t next_ = 0;
};

void PrepareAll(SqlSession& session) {
  // A generic plan is what both would be run by; left alone, PostgreSQL takes an array of unknown
  // length for ten terms, and plans each time.
  session.Run("SET plan_cache_mode = force_generic_plan");
  session.Prepare("by_terms", "SELECT id FROM customers WHERE email_index = ANY ($1::bytea[])");
  session.Prepare("by_email", "SELECT id FROM customers WHERE email = $1::text");
  session.Prepare("by_call",
                  fmt::format("SELECT id FROM customers WHERE email_index = ANY ((SELECT "
                              "kms.blind_index_terms('{}', $1::text))::bytea[])",
                              kField));
}

}  // namespace

absl::StatusOr<BenchResult> RunSqlSearch(const BenchOptions& options) {
  using Form = SqlSession::Form;
  FIELDKMS_ASSIGN_OR_RETURN(const auto bench, SqlBench::Start());
  FIELDKMS_RETURN_IF_ERROR(MakeField(bench->shim().client()));
  const uint64_t rows = options.rows > 0 ? options.rows : 1'000'000;
  SqlSession& session = bench->session();
  MakeCustomers(session, rows);
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<Sample> samples, MakeSamples(session, rows));
  PrepareAll(session);
  Search terms(session, samples, "by_terms", &Sample::terms, Form::kBinary);
  Search plain(session, samples, "by_email", &Sample::email, Form::kText);
  Search whole(session, samples, "by_call", &Sample::email, Form::kText);
  const Contender contenders[] = {[&terms](double s) { return terms.Measure(s); },
                                  [&plain](double s) { return plain.Measure(s); },
                                  [&whole](double s) { return whole.Measure(s); }};
  const std::vector<Rates> rates = MeasureInTurn(contenders, options.seconds, kTurnSeconds);

  Settings settings = bench->DescribeSettings(/*leases=*/false);
  settings.insert(
      settings.begin(),
      {{"table",
        fmt::format("{} rows: id, e-mail, blind index; a btree each, all in buffers", rows)},
       {"query", fmt::format("one row of {} in random order; prepared, generic plans, by libpq one "
                             "after another",
                             samples.size())},
       {"baseline", "email = $1 on the plaintext column, collation C"}});
  settings.emplace_back("rounds",
                        fmt::format("{} of {:.1f} s each", rates[0].size(), kTurnSeconds));
  PrintSettings(settings);
  std::vector<std::vector<std::string>> table;
  const char* const names[] = {"= ANY (terms computed before)", "plaintext btree (baseline)",
                               "end to end, with the term's call (unleased)"};
  for (size_t i = 0; i < rates.size(); ++i) {
    const Ratio ratio = Compare(rates[i], rates[1]);
    table.push_back({names[i], fmt::format("{:.0f}", Median(rates[i])),
                     fmt::format("{:.1f}", 1e6 / Median(rates[i])),
                     fmt::format("{:.3f}", ratio.median),
                     fmt::format("{:.3f}-{:.3f}", ratio.low, ratio.high)});
  }
  PrintTable({"search", "searches/s", "us", "ratio", "middle half"}, table);
  return BenchResult{Compare(rates[0], rates[1]).median, Median(rates[0]), Median(rates[1]),
                     "searches/s"};
}

}  // namespace fieldkms::bench
