#include "rotation/load_probe.h"

#include <algorithm>
#include <charconv>
#include <pqxx/result>
#include <string>
#include <thread>

#include "crypto/status.h"
#include "kms/postgres/value.h"

namespace fieldkms::rotation {
namespace {

// Each gives one row, whatever there is. Who may not see a session or a standby sees that it is
// there, with nulls where there cannot be any: these are counted as hidden.

constexpr std::string_view kStandbys = R"sql(
SELECT count(*) FILTER (WHERE state IS NULL) AS standbys_hidden,
       (extract(epoch FROM max(replay_lag)) * 1000000)::int8 AS replay_lag,
       pg_wal_lsn_diff(min(replay_lsn), '0/0')::int8 AS replayed,
       pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::int8 AS written
FROM pg_stat_replication
WHERE state IS NULL OR (state IN ('streaming', 'catchup') AND replay_lsn IS NOT NULL))sql";

constexpr std::string_view kSlots = R"sql(
SELECT coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)), 0)::int8 AS slot_bytes
FROM pg_replication_slots
WHERE wal_status IS DISTINCT FROM 'lost')sql";

constexpr std::string_view kSessions = R"sql(
SELECT count(*) FILTER (WHERE backend_type IS NULL) AS sessions_hidden,
       count(*) FILTER (WHERE state = 'disabled') AS sessions_untracked,
       count(*) FILTER (WHERE wait_event_type = 'Lock') AS lock_waits,
       count(*) FILTER (WHERE state = 'active') AS active_sessions
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL
  AND coalesce(backend_type, 'client backend') = 'client backend'
  AND NOT starts_with(coalesce(application_name, ''), 'fieldkms-rotation'))sql";

constexpr std::string_view kDeadRows = R"sql(
SELECT current_setting('track_counts') AS track_counts,
       coalesce(round(max(share), 1), 0) AS dead_percent,
       (array_agg(relation::regclass::text ORDER BY share DESC))[1] AS dead_table
FROM (SELECT relation,
             CASE WHEN dead >= 1000 THEN 100.0 * dead / (live + dead) ELSE 0 END AS share
      FROM unnest($1::oid[]) AS relation, pg_stat_get_live_tuples(relation) AS live,
           pg_stat_get_dead_tuples(relation) AS dead) AS tables)sql";

constexpr std::string_view kCheckpoints = R"sql(
SELECT checkpoints_timed, checkpoints_req AS checkpoints_forced
FROM pg_stat_bgwriter)sql";
constexpr std::string_view kCheckpointsFrom17 = R"sql(
SELECT num_timed AS checkpoints_timed, num_requested AS checkpoints_forced
FROM pg_stat_checkpointer)sql";

// Vacuums are not waited for. Sessions without a database are of standbys that give feedback.
constexpr std::string_view kHorizon = R"sql(
SELECT count(*) FILTER (WHERE hidden) AS horizon_hidden,
       coalesce(extract(epoch FROM max(clock_timestamp() - since)), 0)::int8 AS oldest_transaction,
       coalesce(max(transactions), 0) AS horizon_transactions
FROM (SELECT greatest(age(backend_xmin), age(backend_xid)) AS transactions, xact_start AS since,
             backend_type IS NULL AS hidden
      FROM pg_stat_activity
      WHERE (datname = current_database() OR datname IS NULL) AND pid <> pg_backend_pid()
        AND backend_type IS DISTINCT FROM 'autovacuum worker'
        AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
      UNION ALL
      SELECT age(transaction), prepared, false
      FROM pg_prepared_xacts WHERE database = current_database()
      UNION ALL
      SELECT age(xmin), NULL, false
      FROM pg_replication_slots WHERE xmin IS NOT NULL) AS holders)sql";

constexpr int kCheckpointerSince = 170'000;

// Nothing for a null.
template <class Number>
std::optional<Number> NumberOf(const pqxx::row& row, const char* column) {
  const pqxx::field field = row[column];
  Number number{};
  const char* const end = field.c_str() + field.size();
  if (field.is_null() || std::from_chars(field.c_str(), end, number).ec != std::errc()) {
    return std::nullopt;
  }
  return number;
}

// A count, or a difference of places that were read one after the other: below 0 it is none.
std::optional<uint64_t> CountOf(const pqxx::row& row, const char* column) {
  const std::optional<int64_t> number = NumberOf<int64_t>(row, column);
  if (!number) return std::nullopt;
  return static_cast<uint64_t>(std::max<int64_t>(*number, 0));
}

std::optional<uint32_t> SmallCountOf(const pqxx::row& row, const char* column) {
  const std::optional<uint64_t> count = CountOf(row, column);
  if (!count) return std::nullopt;
  return static_cast<uint32_t>(std::min<uint64_t>(*count, UINT32_MAX));
}

bool IsZero(const pqxx::row& row, const char* column) { return CountOf(row, column) == 0u; }

}  // namespace

struct LoadProbe::Part {
  std::string_view sql;
  std::vector<PostgresValue> values;
  void (LoadProbe::*read)(const pqxx::row&, LoadSample*);
};

std::vector<LoadProbe::Part> LoadProbe::Parts(int server_version) const {
  return {
      {kStandbys, {}, &LoadProbe::ReadStandbys},
      {kSlots, {}, &LoadProbe::ReadSlots},
      {kSessions, {}, &LoadProbe::ReadSessions},
      {kDeadRows, {ArrayValue({relations_.begin(), relations_.end()})}, &LoadProbe::ReadDeadRows},
      {server_version < kCheckpointerSince ? kCheckpoints : kCheckpointsFrom17,
       {},
       &LoadProbe::ReadCheckpoints},
      {kHorizon, {}, &LoadProbe::ReadHorizon}};
}

absl::StatusOr<LoadSample> LoadProbe::Measure(Database& database,
                                              std::chrono::steady_clock::time_point now) {
  now_ = now;
  LoadSample sample;
  const std::vector<Part> parts = Parts(database.server_version());
  if (!by_parts_) {
    std::string sql;
    std::vector<PostgresValue> values;  // of one part only: there is one $1
    for (const Part& part : parts) {
      sql += (sql.empty() ? "SELECT * FROM (" : ", (") + std::string(part.sql) + ") AS p" +
             std::to_string(&part - parts.data());
      values.insert(values.end(), part.values.begin(), part.values.end());
    }
    const absl::StatusOr<pqxx::result> result = database.Query(sql, values);
    if (result.ok()) {
      for (const Part& part : parts) (this->*part.read)((*result)[0], &sample);
      return sample;
    }
    if (ReasonOf(result.status()) != Reason::kDatabaseRefused) return result.status();
  }
  FIELDKMS_RETURN_IF_ERROR(MeasureByParts(database, parts, &sample));
  return sample;
}

absl::Status LoadProbe::MeasureByParts(Database& database, const std::vector<Part>& parts,
                                       LoadSample* sample) {
  by_parts_ = false;
  for (const Part& part : parts) {
    const absl::StatusOr<pqxx::result> result = database.Query(part.sql, part.values);
    if (result.ok()) {
      (this->*part.read)((*result)[0], sample);
      continue;
    }
    if (ReasonOf(result.status()) != Reason::kDatabaseRefused) return result.status();
    by_parts_ = true;
  }
  return absl::OkStatus();
}

void LoadProbe::ReadStandbys(const pqxx::row& row, LoadSample* sample) {
  const std::optional<uint64_t> written = CountOf(row, "written");
  if (!written || !IsZero(row, "standbys_hidden")) return;
  const std::optional<uint64_t> replayed = CountOf(row, "replayed");
  const std::chrono::microseconds said(NumberOf<int64_t>(row, "replay_lag").value_or(0));
  sample->replication_lag = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::max(said, replay_lag_.Observe(now_, *written, replayed)));
  sample->replication_lag_bytes = *written - std::min(*written, replayed.value_or(*written));
}

void LoadProbe::ReadSlots(const pqxx::row& row, LoadSample* sample) {
  sample->slot_bytes = CountOf(row, "slot_bytes");
}

void LoadProbe::ReadSessions(const pqxx::row& row, LoadSample* sample) {
  if (!IsZero(row, "sessions_hidden")) return;
  sample->lock_waits = SmallCountOf(row, "lock_waits");
  if (IsZero(row, "sessions_untracked")) {
    sample->active_sessions = SmallCountOf(row, "active_sessions");
  }
}

void LoadProbe::ReadDeadRows(const pqxx::row& row, LoadSample* sample) {
  if (std::string_view(row["track_counts"].c_str()) != "on") return;
  sample->dead_percent = NumberOf<double>(row, "dead_percent");
  if (sample->dead_percent > 0) sample->dead_table = row["dead_table"].c_str();
}

void LoadProbe::ReadCheckpoints(const pqxx::row& row, LoadSample* sample) {
  const std::optional<uint64_t> timed = CountOf(row, "checkpoints_timed");
  const std::optional<uint64_t> forced = CountOf(row, "checkpoints_forced");
  if (!timed || !forced) return;
  sample->forced_checkpoint_percent = checkpoints_.Observe(now_, *timed, *forced);
}

void LoadProbe::ReadHorizon(const pqxx::row& row, LoadSample* sample) {
  sample->horizon_transactions = CountOf(row, "horizon_transactions");
  if (!IsZero(row, "horizon_hidden")) return;
  const std::optional<uint64_t> seconds = CountOf(row, "oldest_transaction");
  if (seconds) sample->oldest_transaction = std::chrono::seconds(*seconds);
}

absl::StatusOr<std::optional<uint32_t>> ServerCores(Database& database) {
  FIELDKMS_ASSIGN_OR_RETURN(const pqxx::result result,
                            database.Query("SELECT inet_server_addr() IS NULL"));
  const uint32_t cores = std::thread::hardware_concurrency();
  if (std::string_view(result[0][0].c_str()) != "t" || cores == 0) return std::nullopt;
  return cores;
}

}  // namespace fieldkms::rotation
