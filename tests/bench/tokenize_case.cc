// tokenize: what a token costs beside the row that it is in the store.
#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "clients/cpp/field_client.h"
#include "crypto/field/check_digits.h"
#include "crypto/status.h"
#include "tests/bench/bare_insert.h"
#include "tests/bench/bench_case.h"
#include "tests/bench/daemon_config.h"
#include "tests/bench/in_turn.h"
#include "tests/bench/loaded_server.h"
#include "tests/bench/report.h"
#include "tests/support/postgres_server.h"
#include "tests/support/temp_dir.h"

namespace fieldkms::bench {
namespace {

using fieldkms::testing::PostgresServer;

constexpr double kTurnSeconds = 0.5;
constexpr int kInFlight = 4;  // as many as the daemon has threads for what blocks
constexpr char kTokenKey[] = "bench.token";
constexpr char kLookupKey[] = "bench.lookup";
constexpr char kRandom[] = "card_random";
constexpr char kConvergent[] = "card_convergent";

// Makes requests for tokens of card numbers, none of which comes twice.
class CardRequests {
 public:
  explicit CardRequests(const std::string& field) {
    v1::BatchTokenizeRequest request;
    request.set_tenant(std::string(kBenchTenant));
    request.set_field(field);
    for (int i = 0; i < kBatchValues; ++i) request.add_items()->set_value(kNone);
    template_ = request.SerializeAsString();
    for (size_t at = template_.find(kNone); at != std::string::npos;
         at = template_.find(kNone, at + 1)) {
      places_.push_back(at);
    }
  }

  // Encoded. Thread-safe.
  std::string Make() {
    std::string request = template_;
    uint64_t number = next_.fetch_add(kBatchValues);
    for (const size_t at : places_) {
      std::string card = fmt::format("411111{:09}0", number++);
      const unsigned remainder = LuhnRemainder(card);
      card.back() = static_cast<char>('0' + (10 - remainder) % 10);
      request.replace(at, card.size(), card);
    }
    return request;
  }

 private:
  static constexpr char kNone[] = "################";  // of 16

  std::string template_;
  std::vector<size_t> places_;
  std::atomic<uint64_t> next_ = 0;
};

absl::Status MakeKey(Client& client, const char* name, v1::KeyPurpose purpose) {
  v1::CreateKeyRequest request;
  request.set_tenant(std::string(kBenchTenant));
  request.set_name(name);
  request.set_purpose(purpose);
  return client.CreateKey(request).status();
}

absl::Status MakeField(FieldClient& fields, const char* name, bool convergent) {
  v1::CreateFieldRequest request;
  request.set_tenant(std::string(kBenchTenant));
  request.set_name(name);
  request.set_format(v1::FIELD_FORMAT_PAN);
  request.mutable_token()->set_key(kTokenKey);
  request.mutable_token()->set_form(v1::TOKEN_FORM_TEXT);
  if (convergent) request.mutable_token()->set_lookup_key(kLookupKey);
  request.mutable_token()->set_convergent(convergent);
  return fields.CreateField(request).status();
}

absl::Status MakeFields(Client& client) {
  FIELDKMS_RETURN_IF_ERROR(MakeKey(client, kTokenKey, v1::KEY_PURPOSE_TOKEN));
  FIELDKMS_RETURN_IF_ERROR(MakeKey(client, kLookupKey, v1::KEY_PURPOSE_BLIND_INDEX));
  FieldClient fields(client);
  FIELDKMS_RETURN_IF_ERROR(MakeField(fields, kRandom, false));
  return MakeField(fields, kConvergent, true);
}

absl::StatusOr<Traffic> TokenTraffic(Client& client, const char* field, int in_flight) {
  const auto requests = std::make_shared<CardRequests>(field);
  v1::BatchTokenizeRequest request;
  if (!request.ParseFromString(requests->Make())) return absl::InternalError("no request");
  FIELDKMS_ASSIGN_OR_RETURN(const v1::BatchTokenizeResponse response,
                            FieldClient(client).BatchTokenize(request));
  if (response.failed_count() != 0) return absl::InternalError("a value was refused");
  Traffic traffic;
  traffic.method = "/fieldkms.v1.FieldService/BatchTokenize";
  traffic.make_request = [requests] { return requests->Make(); };
  traffic.response_size = response.ByteSizeLong();
  traffic.values_a_call = kBatchValues;
  traffic.in_flight = in_flight;
  traffic.unit = "values/s";
  return traffic;
}

// What the rows of a kind are like, of which there are some.
absl::StatusOr<TokenRow> RowOf(const PostgresServer& postgres, const std::string& store,
                               bool convergent) {
  const PostgresServer::Rows rows = postgres.Sql(
      store, PostgresServer::kSuperuser,
      fmt::format("SELECT DISTINCT octet_length(token), octet_length(sealed), "
                  "coalesce(octet_length(lookup), 0) FROM fieldkms_store.tokens WHERE {} "
                  "convergent AND metadata = '' AND expire_time IS NULL AND subject IS NULL",
                  convergent ? "" : "NOT"));
  if (rows.size() != 1) return absl::InternalError("rows of one kind differ in their lengths");
  return TokenRow{std::string(kBenchTenant), std::stoul(rows[0][0]), std::stoul(rows[0][1]),
                  std::stoul(rows[0][2]), convergent};
}

// A contender, its baseline, and one that is harder to reach.
struct Trio {
  std::unique_ptr<LoadedServer> ours;
  std::unique_ptr<BareInsert> baseline;
  std::unique_ptr<BareInsert> arrays;
};

// A daemon over a store, and a second store for the baseline, in one PostgreSQL that syncs.
class TokenBench {
 public:
  absl::Status Start() {
    DaemonSettings settings;
    settings.conninfo_file = files_.File("conninfo");
    fieldkms::testing::WriteFile(settings.conninfo_file,
                                 postgres_.Conninfo(store_, PostgresServer::kServiceLogin) + "\n");
    FIELDKMS_ASSIGN_OR_RETURN(daemon_, ServerProcess::StartDaemon(settings));
    FIELDKMS_ASSIGN_OR_RETURN(client_, Client::Create({.target = daemon_->target()}));
    return MakeFields(*client_);
  }

  absl::StatusOr<Trio> MakeTrio(bool convergent, int in_flight) {
    const char* const kind = convergent ? "convergent, new values" : "random";
    FIELDKMS_ASSIGN_OR_RETURN(
        const Traffic traffic,
        TokenTraffic(*client_, convergent ? kConvergent : kRandom, in_flight));
    FIELDKMS_ASSIGN_OR_RETURN(const TokenRow row, RowOf(postgres_, store_, convergent));
    const std::string conninfo = postgres_.Conninfo(bare_, PostgresServer::kSuperuser);
    return Trio{
        std::make_unique<LoadedServer>(fmt::format("{}, {} in flight", kind, in_flight),
                                       LoadedServer::Servers{daemon_}, traffic),
        std::make_unique<BareInsert>("INSERT of values (baseline)", conninfo, in_flight, row),
        std::make_unique<BareInsert>("INSERT of arrays", conninfo, in_flight, row,
                                     BareInsert::Form::kArrays)};
  }

 private:
  PostgresServer postgres_{
      {"fsync=on", "shared_buffers=256MB", "autovacuum_naptime=1min", "max_wal_size=4GB"}};
  const fieldkms::testing::TempDir files_;
  const std::string store_ = postgres_.MakeStore();
  const std::string bare_ = postgres_.MakeStore();
  std::shared_ptr<ServerProcess> daemon_;
  std::unique_ptr<Client> client_;
};

}  // namespace

absl::StatusOr<BenchResult> RunTokenize(const BenchOptions& options) {
  TokenBench bench;
  FIELDKMS_RETURN_IF_ERROR(bench.Start());
  std::vector<Trio> trios;
  for (const auto& [convergent, in_flight] :
       {std::pair(false, kInFlight), std::pair(true, kInFlight), std::pair(false, 1)}) {
    FIELDKMS_ASSIGN_OR_RETURN(Trio trio, bench.MakeTrio(convergent, in_flight));
    trios.push_back(std::move(trio));
  }
  std::vector<Contender> contenders;
  for (Trio& trio : trios) {
    contenders.push_back([&trio](double s) { return trio.ours->Measure(s); });
    contenders.push_back([&trio](double s) { return trio.baseline->Measure(s); });
    contenders.push_back([&trio](double s) { return trio.arrays->Measure(s); });
  }
  const std::vector<Rates> rates = MeasureInTurn(contenders, options.seconds, kTurnSeconds);
  PrintSettings(
      {{"load", fmt::format("BatchTokenize of {} card numbers a call, never seen before; text "
                            "tokens, for ever",
                            kBatchValues)},
       {"store",
        "PostgreSQL on the same machine, over a Unix socket; fsync and synchronous_commit "
        "on, 256 MB of buffers"},
       {"access", DescribeAccess()},
       {"audit", "one record a call, synced"},
       {"baseline", fmt::format("INSERT of {} rows of values in the text, through libpqxx, each a "
                                "transaction; a second store's table, by a superuser",
                                kBatchValues)},
       {"arrays", "the same rows as binary arrays, by a prepared statement: no text to read"},
       {"rounds", fmt::format("{} of {:.1f} s each", rates[0].size(), kTurnSeconds)}});
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < trios.size(); ++i) {
    const Rates& baseline = rates[3 * i + 1];
    rows.push_back(trios[i].ours->Row(rates[3 * i], baseline));
    rows.push_back(trios[i].baseline->Row(baseline, baseline));
    rows.push_back(trios[i].arrays->Row(rates[3 * i + 2], baseline));
  }
  Traffic unit;
  unit.unit = "values/s";
  PrintTable(LoadedServer::Header(unit), rows);
  return BenchResult{Compare(rates[0], rates[1]).median, Median(rates[0]), Median(rates[1]),
                     "values/s"};
}

}  // namespace fieldkms::bench
