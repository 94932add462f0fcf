// Checkpoints: what the job is at, and what follows.
#include <map>
#include <utility>

#include "crypto/status.h"
#include "kms/postgres/value.h"
#include "rotation/checkpoints.h"

namespace fieldkms::rotation {
namespace {

constexpr std::pair<Phase, std::string_view> kPhases[] = {
    {Phase::kSweep, "sweep"},   {Phase::kBarrier, "barrier"},   {Phase::kFinalSweep, "final_sweep"},
    {Phase::kVerify, "verify"}, {Phase::kComplete, "complete"},
};

std::string_view NameOf(Phase phase) {
  for (const auto& [value, name] : kPhases) {
    if (value == phase) return name;
  }
  return "";
}

Phase PhaseOf(std::string_view text) {
  for (const auto& [value, name] : kPhases) {
    if (name == text) return value;
  }
  RefuseRow();
}

// Whether something of a pass is left: to carve, or in ranges.
constexpr char kIsLeft[] =
    "SELECT FROM kms.rotation_tables WHERE job_id = $1 AND (pass < $2 OR NOT carved) UNION ALL "
    "SELECT FROM kms.rotation_ranges WHERE job_id = $1 AND pass = $2 AND NOT done LIMIT 1";

// What was changed, or has to be looked at again.
uint64_t Restless(Transaction& transaction, const std::string& job_id, uint32_t pass) {
  return transaction
      .Run(
          "SELECT coalesce(sum(changed + conflicts), 0)::int8 FROM kms.rotation_ranges "
          "WHERE job_id = $1 AND pass = $2",
          {job_id, pass})
      .at(0)[0]
      .as<uint64_t>();
}

Phase Next(Phase phase, bool restless) {
  switch (phase) {
    case Phase::kSweep:
      return Phase::kBarrier;
    case Phase::kBarrier:
      return Phase::kFinalSweep;
    case Phase::kFinalSweep:
      return restless ? Phase::kFinalSweep : Phase::kVerify;
    case Phase::kVerify:
      return restless ? Phase::kFinalSweep : Phase::kComplete;
    case Phase::kComplete:
      break;
  }
  return Phase::kComplete;
}

// Batches do not wait (range_runner.cc), so that what ends a phase has to, for all before it, and
// for the standby, too, if there is a synchronous one: the service is told that a job is done, and
// the older version may go.
constexpr char kWaitForDisk[] =
    "SELECT set_config('synchronous_commit', 'on', true) "
    "WHERE current_setting('synchronous_commit') IN ('off', 'local')";

bool HasPass(Phase phase) { return phase != Phase::kBarrier && phase != Phase::kComplete; }

// Virtual transaction ids, which every session with an open transaction has, whoever may see what
// it does; autovacuum writes none of the application's rows, and may take hours.
constexpr char kOpenTransactions[] =
    "SELECT l.virtualxid FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
    "WHERE l.locktype = 'virtualxid' AND l.granted AND a.datname = current_database() "
    "AND l.pid <> pg_backend_pid() AND a.backend_type IS DISTINCT FROM 'autovacuum worker'";
constexpr char kPreparedTransactions[] =
    "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()";

// Counts of each table, by pass.
constexpr char kProgress[] =
    "SELECT t.table_no, coalesce(n.nspname, t.plan #>> '{leaf,schema}'), "
    "coalesce(c.relname, t.plan #>> '{leaf,table}'), t.estimated_rows, "
    "t.carved AND t.pass = $2 AND NOT EXISTS (SELECT FROM kms.rotation_ranges o "
    "WHERE o.job_id = t.job_id AND o.table_no = t.table_no AND o.pass = $2 AND NOT o.done), "
    "coalesce(r.pass, 0), coalesce(sum(seen), 0)::int8, coalesce(sum(changed), 0)::int8, "
    "coalesce(sum(conflicts), 0)::int8, coalesce(sum(quarantined), 0)::int8, "
    "coalesce(sum(verified), 0)::int8, coalesce(sum(opened), 0)::int8 "
    "FROM kms.rotation_tables t LEFT JOIN pg_class c ON c.oid = t.relation "
    "LEFT JOIN pg_namespace n ON n.oid = c.relnamespace "
    "LEFT JOIN kms.rotation_ranges r USING (job_id, table_no) WHERE t.job_id = $1 "
    "GROUP BY t.job_id, t.table_no, n.nspname, c.relname, r.pass ORDER BY t.table_no, r.pass";

JobState StateOf(const pqxx::row& row) {
  JobState state;
  state.phase = PhaseOf(TextOf(row[0]));
  state.pass = row[1].as<uint32_t>();
  state.target = {BytesOf(row[2]), BytesOf(row[3]), row[4].as<uint32_t>()};
  if (!row[5].is_null()) state.awaited_transactions = row[5].as<uint64_t>();
  if (!row[6].is_null()) state.barrier_time = TextOf(row[6]);
  if (!row[7].is_null()) state.verify_time = TextOf(row[7]);
  return state;
}

StepCounts CountsOf(const pqxx::row& row, pqxx::row::size_type from) {
  return {.seen = row[from].as<uint64_t>(),
          .changed = row[from + 1].as<uint64_t>(),
          .conflicts = row[from + 2].as<uint64_t>(),
          .quarantined = row[from + 3].as<uint64_t>(),
          .verified = row[from + 4].as<uint64_t>(),
          .opened = row[from + 5].as<uint64_t>()};
}

void Add(const StepCounts& more, StepCounts* sum) {
  sum->seen += more.seen;
  sum->changed += more.changed;
  sum->conflicts += more.conflicts;
  sum->quarantined += more.quarantined;
  sum->verified += more.verified;
  sum->opened += more.opened;
}

}  // namespace

absl::StatusOr<std::optional<JobState>> Checkpoints::Load(std::string_view started) {
  std::optional<JobState> loaded;
  FIELDKMS_RETURN_IF_ERROR(database_.Query(
      "SELECT phase, pass, source_key_id, target_key_id, target_version, "
      "cardinality(open_transactions) + cardinality(prepared_transactions), barrier_at, "
      "verified_at FROM kms.rotation_jobs WHERE job_id = $1 AND started = $2",
      {job_id_, PostgresValue(started)}, [&](const pqxx::result& rows) {
        if (!rows.empty()) loaded = StateOf(rows[0]);
        return absl::OkStatus();
      }));
  return loaded;
}

absl::StatusOr<bool> Checkpoints::MoveOn(const JobState& state) {
  bool moved = false;
  FIELDKMS_RETURN_IF_ERROR(database_.Write([&](Transaction& transaction) {
    const pqxx::result locked = transaction.Run(
        "SELECT FROM kms.rotation_jobs WHERE job_id = $1 AND pass = $2 AND phase = $3 FOR UPDATE",
        {job_id_, state.pass, PostgresValue(NameOf(state.phase))});
    if (locked.empty() || state.phase == Phase::kComplete) return absl::OkStatus();
    bool restless = false;
    if (HasPass(state.phase)) {
      if (!transaction.Run(kIsLeft, {job_id_, state.pass}).empty()) return absl::OkStatus();
      restless = Restless(transaction, job_id_, state.pass) > 0;
    }
    transaction.Run(kWaitForDisk);
    const Phase next = Next(state.phase, restless);
    const uint32_t pass = state.pass + (HasPass(next) ? 1u : 0u);
    transaction.Run(
        "UPDATE kms.rotation_jobs SET phase = $2, pass = $3, "
        "barrier_at = CASE WHEN phase = 'barrier' THEN clock_timestamp() ELSE barrier_at END, "
        "verified_at = CASE WHEN $2 = 'complete' THEN clock_timestamp() END WHERE job_id = $1",
        {job_id_, PostgresValue(NameOf(next)), pass});
    if (HasPass(next)) {
      transaction.Run(
          "UPDATE kms.rotation_tables SET pass = $2, ranges = 0, frontier = NULL, upper = NULL, "
          "begun = false, carved = false WHERE job_id = $1",
          {job_id_, pass});
    }
    moved = true;
    return absl::OkStatus();
  }));
  return moved;
}

absl::Status Checkpoints::NoteOpenTransactions(const JobState& state) {
  return database_
      .Query("UPDATE kms.rotation_jobs SET open_transactions = ARRAY(" +
                 std::string(kOpenTransactions) + "), prepared_transactions = ARRAY(" +
                 kPreparedTransactions +
                 ") WHERE job_id = $1 AND pass = $2 AND phase = 'barrier' "
                 "AND open_transactions IS NULL",
             {job_id_, state.pass})
      .status();
}

absl::StatusOr<uint64_t> Checkpoints::CountAwaited() {
  uint64_t count = 0;
  FIELDKMS_RETURN_IF_ERROR(database_.Query(
      "SELECT cardinality(ARRAY(SELECT unnest(open_transactions) INTERSECT (" +
          std::string(kOpenTransactions) +
          "))) + cardinality(ARRAY(SELECT unnest(prepared_transactions) INTERSECT (" +
          kPreparedTransactions + "))) FROM kms.rotation_jobs WHERE job_id = $1",
      {job_id_}, [&](const pqxx::result& rows) {
        if (rows.empty() || rows[0][0].is_null()) {
          return DatabaseRefused("the job's open transactions were not noted");
        }
        count = rows[0][0].as<uint64_t>();
        return absl::OkStatus();
      }));
  return count;
}

absl::StatusOr<std::vector<TableProgress>> Checkpoints::Progress(const JobState& state) {
  std::map<size_t, TableProgress> tables;
  FIELDKMS_RETURN_IF_ERROR(
      database_.Query(kProgress, {job_id_, state.pass}, [&](const pqxx::result& rows) {
        for (const pqxx::row& row : rows) {
          TableProgress& table = tables[row[0].as<size_t>()];
          table.leaf = {TextOf(row[1]), TextOf(row[2])};
          table.estimated_rows = row[3].as<uint64_t>();
          table.pass_done = BoolOf(row[4]);
          const auto pass = row[5].as<uint32_t>();
          const StepCounts counts = CountsOf(row, 6);
          if (pass == 1) table.first_pass = counts;
          if (pass == state.pass) table.this_pass = counts;
          Add(counts, &table.all_passes);
        }
        return absl::OkStatus();
      }));
  std::vector<TableProgress> list;
  for (auto& [number, table] : tables) list.push_back(std::move(table));
  return list;
}

}  // namespace fieldkms::rotation
