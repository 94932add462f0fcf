// Tokens are put by sets. Expired ones that are in the way are deleted, all are inserted that can
// be, what the rest ran into is read, and that is extended where it ends too soon: in this order
// each time, and each in an order of its own, so that no two wait for each other. Where what a
// record ran into is gone or has expired when it is read, all of it is run again from the start.
#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "kms/store/postgres_tokens.h"
#include "kms/store/postgres_value.h"

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
PostgresValue BytesIfAny(std::string_view bytes) {
  return bytes.empty() ? PostgresValue(std::nullopt) : ByteaValue(bytes);
}

class TokenPut {
 public:
  TokenPut(PostgresTransaction& db, const TokenDomain& domain, std::span<const TokenRecord> records,
           WallTime now)
      : db_(db), domain_(domain), records_(records), now_(now), outcomes_(records.size()) {}

  // See PutAll.
  std::optional<std::vector<PutOutcome>> Run(std::set<std::string>& expired) {
    DeleteExpired(expired);
    const std::vector<size_t> order = InOrder();
    std::vector<size_t> refused;
    InParts(Indexes(order), [&](Indexes part) { Insert(part, refused); });
    bool again = false;
    InParts(Indexes(refused), [&](Indexes part) { again |= !Resolve(part, expired); });
    if (again || !Extend()) return std::nullopt;
    return std::move(outcomes_);
  }

 private:
  // The same in all calls, so that two of them do not wait for each other; of those that are
  // the same in it, as they came.
  std::vector<size_t> InOrder() const {
    std::vector<size_t> order(records_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    const auto place = [&](size_t i) {
      const TokenRecord& record = records_[i];
      return std::tuple(record.convergent,
                        std::string_view(record.convergent ? record.lookup : record.token));
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return place(a) < place(b); });
    return order;
  }

  std::vector<PostgresValue> Values(Indexes part) const {
    std::array<std::vector<PostgresValue>, 9> columns;
    for (const size_t i : part) {
      const TokenRecord& record = records_[i];
      columns[0].push_back(ByteaValue(record.token));
      columns[1].push_back(BytesIfAny(record.lookup));
      columns[2].emplace_back(record.convergent);
      columns[3].emplace_back(record.single_use);
      columns[4].push_back(ByteaValue(record.sealed));
      columns[5].push_back(ByteaValue(record.metadata));
      columns[6].emplace_back(record.create_time);
      columns[7].emplace_back(record.expire_time);
      columns[8].push_back(BytesIfAny(record.subject));
    }
    std::vector<PostgresValue> values = {domain_.tenant, IdValue(domain_.field_id)};
    for (const auto& column : columns) values.push_back(ArrayValue(column));
    return values;
  }

  // Inserts rows in the order of `part`. A token that stands twice in it is looked up, since
  // it is not said which of the two was inserted.
  void Insert(Indexes part, std::vector<size_t>& refused) {
    std::unordered_map<std::string_view, int> times;
    for (const size_t i : part) ++times[records_[i].token];
    const pqxx::result rows = db_.Run(
        "INSERT INTO fieldkms_store.tokens (tenant, field_id, token, lookup, convergent, "
        "single_use, sealed, metadata, create_time, expire_time, subject) SELECT $1::text, "
        "$2::bigint, n.* "
        "FROM unnest($3::bytea[], $4::bytea[], $5::boolean[], $6::boolean[], $7::bytea[], "
        "$8::bytea[], $9::timestamptz[], $10::timestamptz[], $11::bytea[]) n "
        "ON CONFLICT DO NOTHING RETURNING token",
        Values(part));
    std::unordered_set<std::string> inserted;
    for (const auto& row : rows) inserted.insert(BytesOf(row[0]));
    for (const size_t i : part) {
      const TokenRecord& record = records_[i];
      if (times[record.token] == 1 && inserted.contains(record.token)) {
        outcomes_[i] = {PutResult::kStored, record.token, record.expire_time};
      } else {
        refused.push_back(i);
      }
    }
  }

  Conflicts ReadConflicts(Indexes part) {
    std::vector<std::string_view> tokens;
    std::vector<std::string_view> lookups;
    for (const size_t i : part) {
      tokens.push_back(records_[i].token);
      if (records_[i].convergent) lookups.push_back(records_[i].lookup);
    }
    const pqxx::result rows = db_.Run(
        "SELECT token, NULL::bytea, sealed, expire_time FROM fieldkms_store.tokens "
        "WHERE tenant = $1 AND field_id = $2 AND token = ANY ($3::bytea[]) UNION ALL "
        "SELECT token, lookup, NULL::bytea, expire_time FROM fieldkms_store.tokens "
        "WHERE tenant = $1 AND field_id = $2 AND lookup = ANY ($4::bytea[]) AND convergent",
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
                                              std::set<std::string>& expired) {
  return TokenPut(db, domain, records, now).Run(expired);
}

}  // namespace fieldkms
