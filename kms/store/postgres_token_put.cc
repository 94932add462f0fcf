// Tokens are put by sets. Expired ones that are in the way are deleted, all are inserted that can
// be, what the rest ran into is read, and that is extended where it ends too soon: in this order
// each time, and each in an order of its own, so that no two wait for each other. Where what a
// record ran into is gone or has expired when it is read, all of it is run again from the start.
//
// A random token is new, nearly always. So they are inserted without ON CONFLICT first, which
// writes each row in two steps; if one was there after all, all is run again with it.
#include <algorithm>
#include <map>
#include <numeric>
#include <pqxx/except>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "kms/postgres/array.h"
#include "kms/postgres/value.h"
#include "kms/store/postgres_tokens.h"

namespace fieldkms {
namespace {

using Indexes = std::span<const size_t>;

// What stands in the way of records: by their token, and by their lookup.
struct Conflicts {
  struct Row {
    std::string token;
    std::string sealed;
    std::optional<WallTime> expire_time;
  };
  std::map<std::string, Row> by_token;
  std::map<std::string, Row> by_lookup;
};

// Null for "".
void AddBytesIfAny(std::string_view bytes, PostgresArray& column) {
  if (bytes.empty()) {
    column.AddNull();
  } else {
    column.AddBytes(bytes);
  }
}

// Arrays in the target list, which all have the same length, go row by row; in FROM each would be
// stored first.
constexpr char kInsert[] =
    "INSERT INTO fieldkms_store.tokens (tenant, field_id, token, lookup, convergent, "
    "single_use, sealed, metadata, create_time, expire_time, subject) SELECT $1::text, $2::bigint, "
    "unnest($3::bytea[]), unnest($4::bytea[]), unnest($5::boolean[]), unnest($6::boolean[]), "
    "unnest($7::bytea[]), unnest($8::bytea[]), unnest($9::timestamptz[]), "
    "unnest($10::timestamptz[]), unnest($11::bytea[])";

class TokenPut {
 public:
  TokenPut(PostgresTransaction& db, const TokenDomain& domain, std::span<const TokenRecord> records,
           WallTime now)
      : db_(db), domain_(domain), records_(records), now_(now), outcomes_(records.size()) {}

  // See PutAll.
  std::optional<std::vector<PutOutcome>> Run(PutMode mode, std::set<std::string>& expired) {
    DeleteExpired(expired);
    const std::vector<size_t> order = InOrder();
    std::vector<size_t> refused;
    if (mode == PutMode::kHopeful && !AnyConvergent()) {
      InParts(Indexes(order), [&](Indexes part) { InsertAll(part); });
    } else {
      InParts(Indexes(order), [&](Indexes part) { Insert(part, refused); });
    }
    bool again = false;
    InParts(Indexes(refused), [&](Indexes part) { again |= !Resolve(part, expired); });
    if (again || !Extend()) return std::nullopt;
    return std::move(outcomes_);
  }

 private:
  std::tuple<bool, std::string_view> PlaceOf(size_t i) const {
    const TokenRecord& record = records_[i];
    return {record.convergent, record.convergent ? record.lookup : record.token};
  }

  bool AnyConvergent() const {
    return std::any_of(records_.begin(), records_.end(),
                       [](const TokenRecord& record) { return record.convergent; });
  }

  // The same in all calls, so that two of them do not wait for each other; of those that are
  // the same in it, as they came.
  std::vector<size_t> InOrder() const {
    std::vector<size_t> order(records_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [this](size_t a, size_t b) { return PlaceOf(a) < PlaceOf(b); });
    return order;
  }

  // The columns of rows, but tenant and field.
  std::vector<PostgresArray> Columns(Indexes part) const {
    using enum PostgresArray::Type;
    std::vector<PostgresArray> columns;
    for (const auto type :
         {kBytea, kBytea, kBool, kBool, kBytea, kBytea, kTimestamptz, kTimestamptz, kBytea}) {
      columns.emplace_back(type, part.size());
    }
    for (const size_t i : part) {
      const TokenRecord& record = records_[i];
      columns[0].AddBytes(record.token);
      AddBytesIfAny(record.lookup, columns[1]);
      columns[2].AddBool(record.convergent);
      columns[3].AddBool(record.single_use);
      columns[4].AddBytes(record.sealed);
      columns[5].AddBytes(record.metadata);
      columns[6].AddTime(record.create_time);
      columns[7].AddTime(record.expire_time);
      AddBytesIfAny(record.subject, columns[8]);
    }
    return columns;
  }

  void SetStored(size_t i) {
    outcomes_[i] = {PutResult::kStored, records_[i].token, records_[i].expire_time};
  }

  // Inserts rows in the order of `part`, all of them.
  void InsertAll(Indexes part) {
    db_.Run(kInsert, {domain_.tenant, IdValue(domain_.field_id)}, Columns(part));
    for (const size_t i : part) SetStored(i);
  }

  // Inserts rows in the order of `part`, as far as nothing is in their way. A token that stands
  // twice in it is looked up, since it is not said which of the two was inserted.
  void Insert(Indexes part, std::vector<size_t>& refused) {
    static const std::string sql = std::string(kInsert) + " ON CONFLICT DO NOTHING RETURNING token";
    std::unordered_map<std::string_view, int> times;
    for (const size_t i : part) ++times[records_[i].token];
    std::unordered_set<std::string> inserted;
    for (const auto& row :
         db_.Run(sql, {domain_.tenant, IdValue(domain_.field_id)}, Columns(part))) {
      inserted.insert(BytesOf(row[0]));
    }
    for (const size_t i : part) {
      const TokenRecord& record = records_[i];
      if (times[record.token] == 1 && inserted.contains(record.token)) {
        SetStored(i);
      } else {
        refused.push_back(i);
      }
    }
  }

  // One by one (LIMIT, in LATERAL): as a set, PostgreSQL may compare each with all rows of the
  // field, which it takes for few until it has looked at the table (ANALYZE).
  Conflicts ReadConflicts(Indexes part) {
    std::vector<std::string_view> tokens;
    std::vector<std::string_view> lookups;
    for (const size_t i : part) {
      tokens.push_back(records_[i].token);
      if (records_[i].convergent) lookups.push_back(records_[i].lookup);
    }
    const pqxx::result rows = db_.Run(
        "SELECT t.* FROM unnest($3::bytea[]) w (token) CROSS JOIN LATERAL ("
        "SELECT s.token, NULL::bytea, s.sealed, s.expire_time FROM fieldkms_store.tokens s "
        "WHERE s.tenant = $1 AND s.field_id = $2 AND s.token = w.token LIMIT 1) t UNION ALL "
        "SELECT t.* FROM unnest($4::bytea[]) w (lookup) CROSS JOIN LATERAL ("
        "SELECT s.token, s.lookup, NULL::bytea, s.expire_time FROM fieldkms_store.tokens s "
        "WHERE s.tenant = $1 AND s.field_id = $2 AND s.lookup = w.lookup AND s.convergent LIMIT 1) "
        "t",
        {domain_.tenant, IdValue(domain_.field_id), ByteaArray(tokens), ByteaArray(lookups)});
    Conflicts conflicts;
    for (const auto& row : rows) {
      const Conflicts::Row read{BytesOf(row[0]), BytesOf(row[2]), TimeIfAny(row[3])};
      const std::string lookup = BytesOf(row[1]);
      if (lookup.empty()) {
        conflicts.by_token.emplace(read.token, read);
      } else {
        conflicts.by_lookup.emplace(lookup, read);
      }
    }
    return conflicts;
  }

  // Says what became of each of `part`. False where that of one is not known: what was in its
  // way is gone, or has expired.
  bool Resolve(Indexes part, std::set<std::string>& expired) {
    const Conflicts conflicts = ReadConflicts(part);
    bool all = true;
    for (const size_t i : part) {
      const TokenRecord& record = records_[i];
      const auto same_token = conflicts.by_token.find(record.token);
      const bool taken = same_token != conflicts.by_token.end();
      const auto same_value =
          record.convergent ? conflicts.by_lookup.find(record.lookup) : conflicts.by_lookup.end();
      if (taken && same_token->second.sealed == record.sealed) {
        // By this very call, or one that it repeats.
        outcomes_[i] = {PutResult::kStored, record.token, same_token->second.expire_time};
      } else if (same_value != conflicts.by_lookup.end()) {
        const Conflicts::Row& row = same_value->second;
        outcomes_[i] = {PutResult::kExists, row.token, row.expire_time};
        const bool past = row.expire_time && *row.expire_time <= now_;
        if (past) expired.insert(row.token);
        all = all && !past;
      } else {
        all = all && taken;
      }
    }
    return all;
  }

  void DeleteExpired(const std::set<std::string>& expired) {
    const std::vector<std::string_view> tokens(expired.begin(), expired.end());
    InParts(std::span<const std::string_view>(tokens), [&](std::span<const std::string_view> part) {
      db_.Run(
          "DELETE FROM fieldkms_store.tokens WHERE tenant = $1 AND field_id = $2 "
          "AND token = ANY ($3::bytea[]) AND expire_time <= $4",
          {domain_.tenant, IdValue(domain_.field_id), ByteaArray(part), now_});
    });
  }

  // Lets each that exists live as long as any asks for. False where one has changed since it was
  // read, or is gone.
  bool Extend() {
    std::map<std::string, std::optional<WallTime>> ends;  // of those that change
    for (size_t i = 0; i < records_.size(); ++i) {
      const PutOutcome& outcome = outcomes_[i];
      if (outcome.result != PutResult::kExists) continue;
      const auto known = ends.find(outcome.token);
      const auto& end = known == ends.end() ? outcome.expire_time : known->second;
      if (IsLater(records_[i].expire_time, end)) ends[outcome.token] = records_[i].expire_time;
    }
    for (PutOutcome& outcome : outcomes_) {
      const auto changed = ends.find(outcome.token);
      if (changed != ends.end()) outcome.expire_time = changed->second;
    }
    const std::vector<std::pair<std::string, std::optional<WallTime>>> all(ends.begin(),
                                                                           ends.end());
    size_t written = 0;
    InParts(std::span(all), [&](auto part) { written += WriteEnds(part); });
    return written == all.size();
  }

  // Returns of how many. Rows are locked in the order of their tokens, as by all who do.
  size_t WriteEnds(std::span<const std::pair<std::string, std::optional<WallTime>>> ends) {
    std::vector<PostgresValue> tokens;
    std::vector<PostgresValue> times;
    for (const auto& [token, end] : ends) {
      tokens.push_back(ByteaValue(token));
      times.emplace_back(end);
    }
    return db_
        .Run(
            "WITH locked AS (SELECT s.token, e.until FROM fieldkms_store.tokens s "
            "JOIN unnest($3::bytea[], $4::timestamptz[]) e (token, until) ON s.token = e.token "
            "WHERE s.tenant = $1 AND s.field_id = $2 "
            "AND s.expire_time > $5 AND (e.until IS NULL OR s.expire_time < e.until) "
            "ORDER BY s.token FOR NO KEY UPDATE OF s) "
            "UPDATE fieldkms_store.tokens t SET expire_time = locked.until FROM locked "
            "WHERE t.tenant = $1 AND t.field_id = $2 AND t.token = locked.token",
            {domain_.tenant, IdValue(domain_.field_id), ArrayValue(tokens), ArrayValue(times),
             now_})
        .affected_rows();
  }

  PostgresTransaction& db_;
  const TokenDomain& domain_;
  const std::span<const TokenRecord> records_;
  const WallTime now_;
  std::vector<PutOutcome> outcomes_;
};

}  // namespace

std::optional<std::vector<PutOutcome>> PutAll(PostgresTransaction& db, const TokenDomain& domain,
                                              std::span<const TokenRecord> records, WallTime now,
                                              PutMode mode, std::set<std::string>& expired) {
  try {
    return TokenPut(db, domain, records, now).Run(mode, expired);
  } catch (const pqxx::unique_violation&) {
    if (mode != PutMode::kHopeful) throw;
    return std::nullopt;
  }
}

}  // namespace fieldkms
