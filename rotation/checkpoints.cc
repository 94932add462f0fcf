// Begin, steps, ranges. The job's phases are in job_phases.cc.
#include "rotation/checkpoints.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/status.h"
#include "kms/postgres/array.h"
#include "kms/postgres/value.h"

namespace fieldkms::rotation {
namespace {

PostgresValue KeyValue(const std::optional<KeyTexts>& key) {
  if (!key) return std::nullopt;
  return ArrayValue(std::vector<PostgresValue>(key->begin(), key->end()));
}

// Of a text[] that was read as JSON.
std::optional<KeyTexts> KeyOf(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  const nlohmann::json json = nlohmann::json::parse(TextOf(field), nullptr, false);
  if (!json.is_array()) RefuseRow();
  KeyTexts key;
  for (const nlohmann::json& part : json) {
    if (!part.is_string()) RefuseRow();
    key.push_back(part.get<std::string>());
  }
  return key;
}

ClaimedRange RangeOf(const pqxx::row& row, uint32_t pass) {
  return {.table = row[0].as<size_t>(),
          .pass = pass,
          .range = row[1].as<uint32_t>(),
          .fence = row[2].as<uint64_t>(),
          .rest = {.lower = KeyOf(row[3]), .upper = KeyOf(row[4])}};
}

KeyTexts KeyOfRow(const pqxx::row& row) {
  KeyTexts key;
  for (const pqxx::field& field : row) key.push_back(TextOf(field));
  return key;
}

absl::Status RangeLost() {
  return Error(absl::StatusCode::kAborted, Reason::kLeaseExpired,
               "the range was taken over by another worker");
}

// What is left of a table to carve.
struct Carving {
  size_t table = 0;
  bool begun = false;
  uint32_t ranges = 0;
  std::optional<KeyTexts> frontier;
  std::optional<KeyTexts> upper;
};

std::optional<KeyTexts> LastKey(Transaction& transaction, const TablePlan& plan) {
  const pqxx::result last = transaction.Run(LastKeySql(plan));
  if (last.empty()) return std::nullopt;
  return KeyOfRow(last[0]);
}

uint64_t RowsOfRange(const TablePlan& plan, uint64_t asked) {
  if (asked > 0) return asked;
  return std::clamp<uint64_t>(plan.estimated_rows / 16, 10'000, 200'000);
}

// The end of the next range of a table: its upper end if what is left is no more than `rows`.
KeyTexts NextBound(Transaction& transaction, const TablePlan& plan, const Carving& carving,
                   uint64_t rows) {
  if (plan.order == ScanOrder::kPlace) {
    const uint64_t pages = std::stoull(carving.upper->front());
    const uint64_t from = carving.frontier ? std::stoull(carving.frontier->front()) : 0;
    const uint64_t rows_a_page =
        pages == 0 ? 1 : std::max<uint64_t>(plan.estimated_rows / pages, 1);
    return {std::to_string(std::min(pages, from + std::max<uint64_t>(rows / rows_a_page, 1)))};
  }
  std::vector<PostgresValue> values;
  if (carving.frontier) values.assign(carving.frontier->begin(), carving.frontier->end());
  values.insert(values.end(), carving.upper->begin(), carving.upper->end());
  values.emplace_back(rows - 1);
  const pqxx::result bound = transaction.Run(
      BoundSql(plan, {.lower = carving.frontier.has_value(), .upper = true}), values);
  return bound.empty() ? *carving.upper : KeyOfRow(bound[0]);
}

}  // namespace

absl::Status StartedAgain() {
  return Error(absl::StatusCode::kAborted, Reason::kRotationState,
               "the job was started again meanwhile");
}

absl::Status Checkpoints::Begin(std::string_view tenant, std::string_view started,
                                const Target& target, std::span<const TablePlan> tables) {
  return database_.Write([&](Transaction& transaction) {
    // One after another: who comes second finds what the first has written.
    transaction.Run("LOCK TABLE kms.rotation_jobs IN SHARE ROW EXCLUSIVE MODE");
    const pqxx::result same =
        transaction.Run("SELECT FROM kms.rotation_jobs WHERE job_id = $1 AND started = $2",
                        {job_id_, PostgresValue(started)});
    if (!same.empty()) return absl::OkStatus();
    const pqxx::result later = transaction.Run(
        "SELECT FROM kms.rotation_jobs WHERE job_id = $1 AND string_to_array(started, '.')::int8[] "
        "> string_to_array($2, '.')::int8[]",
        {job_id_, PostgresValue(started)});
    if (!later.empty()) return StartedAgain();
    transaction.Run("DELETE FROM kms.rotation_jobs WHERE job_id = $1", {job_id_});
    transaction.Run(
        "INSERT INTO kms.rotation_jobs (job_id, tenant, started, source_key_id, target_key_id, "
        "target_version) VALUES ($1, $2, $3, $4, $5, $6)",
        {job_id_, PostgresValue(tenant), PostgresValue(started), ByteaValue(target.source_key_id),
         ByteaValue(target.key_id), target.version});
    for (size_t i = 0; i < tables.size(); ++i) {
      transaction.Run(
          "INSERT INTO kms.rotation_tables (job_id, table_no, relation, plan, estimated_rows) "
          "VALUES ($1, $2, $3, $4, $5)",
          {job_id_, i, tables[i].relation, TablePlanJson(tables[i]), tables[i].estimated_rows});
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<TablePlan>> Checkpoints::Tables() {
  FIELDKMS_ASSIGN_OR_RETURN(
      const pqxx::result rows,
      database_.Query("SELECT plan FROM kms.rotation_tables WHERE job_id = $1 ORDER BY table_no",
                      {job_id_}));
  std::vector<TablePlan> tables;
  for (const pqxx::row& row : rows) {
    FIELDKMS_ASSIGN_OR_RETURN(TablePlan plan, ParseTablePlan(TextOf(row[0])));
    tables.push_back(std::move(plan));
  }
  return tables;
}

absl::StatusOr<Claim> Checkpoints::Take(const JobState& state, std::span<const TablePlan> tables,
                                        uint64_t rows) {
  Claim claim;
  FIELDKMS_RETURN_IF_ERROR(database_.Write([&](Transaction& transaction) {
    claim.range = TakeLeft(transaction, state);
    if (!claim.range) claim.range = Carve(transaction, state, tables, rows);
    if (claim.range) return absl::OkStatus();
    const pqxx::result left = transaction.Run(
        "SELECT FROM kms.rotation_tables WHERE job_id = $1 AND pass = $2 AND NOT carved UNION ALL "
        "SELECT FROM kms.rotation_ranges WHERE job_id = $1 AND pass = $2 AND NOT done LIMIT 1",
        {job_id_, state.pass});
    claim.others_at_work = !left.empty();
    return absl::OkStatus();
  }));
  return claim;
}

// A lease that ends later than one that was given now is of before the clock was put back: who had
// it may have died, and then nobody would wait for less than what it was put back by.
std::optional<ClaimedRange> Checkpoints::TakeLeft(Transaction& transaction, const JobState& state) {
  const pqxx::result taken = transaction.Run(
      "UPDATE kms.rotation_ranges SET worker = $3, fence = nextval('kms.rotation_fence'), "
      "lease_until = clock_timestamp() + $4::int8 * interval '1 millisecond' "
      "WHERE (job_id, table_no, pass, range_no) = (SELECT job_id, table_no, pass, range_no "
      "FROM kms.rotation_ranges WHERE job_id = $1 AND pass = $2 AND NOT done "
      "AND (worker = $3 OR lease_until IS NULL OR lease_until < clock_timestamp() "
      "OR lease_until > clock_timestamp() + 2 * $4::int8 * interval '1 millisecond') "
      "ORDER BY table_no, range_no LIMIT 1 FOR UPDATE SKIP LOCKED) "
      "RETURNING table_no, range_no, fence, to_json(coalesce(reached, lower)), to_json(upper)",
      {job_id_, state.pass, worker_, lease_.count()});
  if (taken.empty()) return std::nullopt;
  return RangeOf(taken[0], state.pass);
}

std::optional<ClaimedRange> Checkpoints::Carve(Transaction& transaction, const JobState& state,
                                               std::span<const TablePlan> tables, uint64_t rows) {
  // A table without rows has nothing to carve: on to the next.
  for (;;) {
    const pqxx::result found = transaction.Run(
        "SELECT table_no, begun, ranges, to_json(frontier), to_json(upper) "
        "FROM kms.rotation_tables WHERE job_id = $1 AND pass = $2 AND NOT carved "
        "ORDER BY table_no LIMIT 1 FOR UPDATE SKIP LOCKED",
        {job_id_, state.pass});
    if (found.empty()) return std::nullopt;
    Carving carving{.table = found[0][0].as<size_t>(),
                    .begun = BoolOf(found[0][1]),
                    .ranges = found[0][2].as<uint32_t>(),
                    .frontier = KeyOf(found[0][3]),
                    .upper = KeyOf(found[0][4])};
    if (carving.table >= tables.size()) RefuseRow();
    const TablePlan& plan = tables[carving.table];
    if (!carving.begun) carving.upper = LastKey(transaction, plan);
    std::optional<KeyTexts> bound;
    if (carving.upper) bound = NextBound(transaction, plan, carving, RowsOfRange(plan, rows));
    const bool carved = !bound || *bound == *carving.upper;
    transaction.Run(
        "UPDATE kms.rotation_tables SET begun = true, carved = $3, upper = $4, frontier = $5, "
        "ranges = $6 WHERE job_id = $1 AND table_no = $2",
        {job_id_, carving.table, carved, KeyValue(carving.upper), KeyValue(bound),
         carving.ranges + (bound ? 1u : 0u)});
    if (!bound) continue;
    const pqxx::result made = transaction.Run(
        "INSERT INTO kms.rotation_ranges (job_id, table_no, pass, range_no, lower, upper, worker, "
        "fence, lease_until) VALUES ($1, $2, $3, $4, $5, $6, $7, nextval('kms.rotation_fence'), "
        "clock_timestamp() + $8::int8 * interval '1 millisecond') "
        "RETURNING table_no, range_no, fence, to_json(lower), to_json(upper)",
        {job_id_, carving.table, state.pass, carving.ranges, KeyValue(carving.frontier),
         KeyValue(bound), worker_, lease_.count()});
    return RangeOf(made[0], state.pass);
  }
}

absl::Status Checkpoints::Release(const ClaimedRange& range) {
  return database_
      .Query(
          "UPDATE kms.rotation_ranges SET lease_until = NULL WHERE job_id = $1 AND table_no = $2 "
          "AND pass = $3 AND range_no = $4 AND fence = $5",
          {job_id_, range.table, range.pass, range.range, range.fence})
      .status();
}

absl::Status Checkpoints::Step(Transaction& transaction, const ClaimedRange& range,
                               const StepCounts& counts, const std::optional<KeyTexts>& reached,
                               bool done) {
  const pqxx::result stepped = transaction.Run(
      "UPDATE kms.rotation_ranges SET reached = coalesce($6, reached), done = $7, "
      "lease_until = clock_timestamp() + $8::int8 * interval '1 millisecond', seen = seen + $9, "
      "changed = changed + $10, conflicts = conflicts + $11, quarantined = quarantined + $12, "
      "verified = verified + $13, opened = opened + $14 WHERE job_id = $1 AND table_no = $2 "
      "AND pass = $3 AND range_no = $4 AND fence = $5 AND NOT done",
      {job_id_, range.table, range.pass, range.range, range.fence, KeyValue(reached), done,
       lease_.count(), counts.seen, counts.changed, counts.conflicts, counts.quarantined,
       counts.verified, counts.opened});
  return stepped.affected_rows() == 1 ? absl::OkStatus() : RangeLost();
}

absl::StatusOr<uint64_t> Checkpoints::Quarantine(Transaction& transaction,
                                                 const ClaimedRange& range, const TablePlan& plan,
                                                 std::span<const TableRow> rows,
                                                 std::span<const BadCell> bad) {
  uint64_t added = 0;
  for (const BadCell& cell : bad) {
    const pqxx::result result = transaction.Run(
        "INSERT INTO kms.rotation_quarantine (job_id, table_no, attribute, row_key, digest, "
        "reason) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        {job_id_, range.table, plan.columns[cell.column].name, KeyValue(NameOf(rows[cell.row])),
         ByteaValue(cell.digest), PostgresValue(cell.reason)});
    added += result.affected_rows();
  }
  return added;
}

absl::StatusOr<uint64_t> Checkpoints::CountQuarantined() {
  uint64_t count = 0;
  FIELDKMS_RETURN_IF_ERROR(
      database_.Query("SELECT count(*) FROM kms.rotation_quarantine WHERE job_id = $1", {job_id_},
                      [&](const pqxx::result& rows) {
                        count = rows.at(0)[0].as<uint64_t>();
                        return absl::OkStatus();
                      }));
  return count;
}

absl::StatusOr<std::set<std::string>> Checkpoints::KnownBad(size_t table) {
  std::set<std::string> digests;
  FIELDKMS_RETURN_IF_ERROR(database_.Query(
      "SELECT digest FROM kms.rotation_quarantine WHERE job_id = $1 AND table_no = $2",
      {job_id_, table}, [&](const pqxx::result& rows) {
        for (const pqxx::row& row : rows) digests.insert(BytesOf(row[0]));
        return absl::OkStatus();
      }));
  return digests;
}

absl::StatusOr<std::vector<QuarantinedCell>> Checkpoints::ListQuarantine(size_t limit) {
  std::vector<QuarantinedCell> cells;
  FIELDKMS_RETURN_IF_ERROR(database_.Query(
      "SELECT coalesce(n.nspname, t.plan #>> '{leaf,schema}'), "
      "coalesce(c.relname, t.plan #>> '{leaf,table}'), q.attribute, to_json(q.row_key), q.reason, "
      "q.found_at "
      "FROM kms.rotation_quarantine q JOIN kms.rotation_tables t USING (job_id, table_no) "
      "LEFT JOIN pg_class c ON c.oid = t.relation "
      "LEFT JOIN pg_namespace n ON n.oid = c.relnamespace WHERE q.job_id = $1 "
      "ORDER BY q.table_no, q.attribute, q.row_key LIMIT $2",
      {job_id_, limit}, [&](const pqxx::result& rows) {
        for (const pqxx::row& row : rows) {
          cells.push_back({.leaf = {TextOf(row[0]), TextOf(row[1])},
                           .column = TextOf(row[2]),
                           .row = KeyOf(row[3]).value_or(KeyTexts()),
                           .reason = TextOf(row[4]),
                           .time = TextOf(row[5])});
        }
        return absl::OkStatus();
      }));
  return cells;
}

}  // namespace fieldkms::rotation
