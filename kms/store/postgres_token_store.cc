#include "kms/store/postgres_token_store.h"

#include <map>
#include <pqxx/except>
#include <set>
#include <string>
#include <utility>

#include "crypto/status.h"
#include "kms/postgres/sqlstate.h"
#include "kms/postgres/value.h"
#include "kms/store/postgres_records.h"
#include "kms/store/postgres_subjects.h"
#include "kms/store/postgres_tokens.h"
#include "kms/store/postgres_vault_copy.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

using Names = std::span<const std::string_view>;
using Found = std::vector<std::optional<TokenRecord>>;

// More than one only where tokens of the same values expire, or are erased, at the same time.
constexpr int kMostAttempts = 10;

// Tokens by their name.
using ByToken = std::map<std::string, TokenRecord, std::less<>>;

void AddTo(ByToken& found, const pqxx::result& rows) {
  for (const auto& row : rows) {
    TokenRecord record = TokenOf(row);
    std::string token = record.token;
    found.emplace(std::move(token), std::move(record));
  }
}

// Expired tokens by tenant: their fields, and their names.
using Expired = std::map<std::string, std::pair<std::vector<PostgresValue>,  //
                                                std::vector<PostgresValue>>>;

Expired ReadExpired(PostgresTransaction& db, WallTime now, size_t limit) {
  Expired expired;
  for (const auto& row :
       db.Run("SELECT tenant, field_id, token FROM fieldkms_store.expired_tokens($1, $2)",
              {now, LimitValue(limit)})) {
    auto& [fields, tokens] = expired[TextOf(row[0])];
    fields.push_back(IdValue(IdOf(row[1])));
    tokens.push_back(ByteaValue(BytesOf(row[2])));
  }
  return expired;
}

// But those that somebody else is at, such as another replica that sweeps.
constexpr char kSweep[] =
    "DELETE FROM fieldkms_store.tokens t USING ("
    "SELECT s.field_id, s.token FROM fieldkms_store.tokens s "
    "JOIN unnest($2::bigint[], $3::bytea[]) e (field_id, token) "
    "ON s.field_id = e.field_id AND s.token = e.token "
    "WHERE s.tenant = $1 AND s.expire_time <= $4 FOR UPDATE OF s SKIP LOCKED) mine "
    "WHERE t.tenant = $1 AND t.field_id = mine.field_id AND t.token = mine.token";

}  // namespace

template <class T, class Body>
absl::StatusOr<T> PostgresTokenStore::Read(std::string_view tenant, Deadline deadline,
                                           const Body& body) {
  return ResultOf<T>(transactions_, &PostgresTransactions::Read, tenant, deadline, body);
}

absl::StatusOr<std::vector<PutOutcome>> PostgresTokenStore::PutTokens(
    const TokenDomain& domain, std::span<const TokenRecord> records, WallTime now,
    Deadline deadline) {
  using Outcomes = std::vector<PutOutcome>;
  for (const TokenRecord& record : records) FIELDKMS_RETURN_IF_ERROR(CheckTokenRecord(record));
  const auto put = [&](PostgresTransaction& db, PutMode mode,
                       std::set<std::string>& expired) -> absl::StatusOr<std::optional<Outcomes>> {
    if (!ReadTenant(db, domain.tenant)) return TenantNotFound();
    FIELDKMS_RETURN_IF_ERROR(UseSubjects(db, domain.tenant, records));
    auto outcomes = PutAll(db, domain, records, now, mode, expired);
    if (!outcomes) db.WriteNothing();
    return outcomes;
  };
  std::set<std::string> expired;
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    const PutMode mode = attempt == 0 ? PutMode::kHopeful : PutMode::kAny;
    FIELDKMS_ASSIGN_OR_RETURN(auto outcomes,
                              WriteUnlessFrozen<std::optional<Outcomes>>(
                                  transactions_, domain.tenant, deadline,
                                  [&](PostgresTransaction& db) { return put(db, mode, expired); }));
    if (outcomes) return *std::move(outcomes);
  }
  return PostgresUnavailable("the tokens of these values changed all the time: try again");
}

absl::StatusOr<Found> PostgresTokenStore::GetTokens(const TokenDomain& domain, Names tokens,
                                                    WallTime now, Deadline deadline) {
  // One by one, as ReadConflicts does (postgres_token_put.cc).
  static const std::string sql =
      std::string("SELECT t.* FROM unnest($3::bytea[]) w (name) CROSS JOIN LATERAL (SELECT ") +
      kTokenColumns +
      ", CASE WHEN NOT single_use THEN sealed END FROM fieldkms_store.tokens WHERE tenant = $1 "
      "AND field_id = $2 AND token = w.name AND (expire_time IS NULL OR expire_time > $4) "
      "LIMIT 1) t";
  return Read<Found>(
      domain.tenant, deadline, [&](PostgresTransaction& db) -> absl::StatusOr<Found> {
        ByToken by_token;
        InParts(tokens, [&](Names part) {
          AddTo(by_token,
                db.Run(sql, {domain.tenant, IdValue(domain.field_id), ByteaArray(part), now}));
        });
        Found found;
        found.reserve(tokens.size());
        for (const std::string_view token : tokens) {
          const auto at = by_token.find(token);
          found.push_back(at == by_token.end() ? std::nullopt : std::optional(at->second));
        }
        return found;
      });
}

// Each run gives what it has deleted itself, and no earlier one that may have been committed.
absl::StatusOr<Found> PostgresTokenStore::UseTokens(const TokenDomain& domain, Names tokens,
                                                    WallTime now, Deadline deadline) {
  static const std::string sql =
      std::string(
          "DELETE FROM fieldkms_store.tokens WHERE tenant = $1 AND field_id = $2 "
          "AND token = ANY ($3::bytea[]) AND single_use "
          "AND (expire_time IS NULL OR expire_time > $4) RETURNING ") +
      kTokenColumns + ", sealed";
  return WriteUnlessFrozen<Found>(
      transactions_, domain.tenant, deadline,
      [&](PostgresTransaction& db) -> absl::StatusOr<Found> {
        ByToken used;
        InParts(tokens, [&](Names part) {
          AddTo(used,
                db.Run(sql, {domain.tenant, IdValue(domain.field_id), ByteaArray(part), now}));
        });
        Found found(tokens.size());
        for (size_t i = 0; i < tokens.size(); ++i) {
          if (const auto at = used.find(tokens[i]); at != used.end()) {
            found[i] = std::move(used.extract(at).mapped());
          }
        }
        return found;
      });
}

absl::StatusOr<std::vector<EraseResult>> PostgresTokenStore::EraseTokens(const TokenDomain& domain,
                                                                         Names tokens,
                                                                         const EraseScope& scope,
                                                                         Deadline deadline) {
  using Results = std::vector<EraseResult>;
  ErasedTokens erased;
  return WriteUnlessFrozen<Results>(
      transactions_, domain.tenant, deadline,
      [&](PostgresTransaction& db) -> absl::StatusOr<Results> {
        if (!db.in_doubt()) erased.clear();
        const ErasedTokens held = EraseNamed(db, domain, tokens, scope, erased);
        std::set<std::string_view> told;
        Results results;
        for (const std::string_view token : tokens) {
          if (erased.contains(token) && told.insert(token).second) {
            results.push_back(EraseResult::kErased);
          } else {
            results.push_back(held.contains(token) ? EraseResult::kHeld : EraseResult::kNotThere);
          }
        }
        return results;
      });
}

absl::StatusOr<std::vector<ErasedCount>> PostgresTokenStore::EraseTokensByLookup(
    const TokenDomain& domain, Names lookups, const EraseScope& scope, Deadline deadline) {
  using Counts = std::vector<ErasedCount>;
  ErasedTokens erased;
  return WriteUnlessFrozen<Counts>(
      transactions_, domain.tenant, deadline,
      [&](PostgresTransaction& db) -> absl::StatusOr<Counts> {
        if (!db.in_doubt()) erased.clear();
        const ErasedTokens held = EraseOfLookups(db, domain, lookups, scope, erased);
        std::map<std::string_view, ErasedCount> by_lookup;
        for (const auto& [token, lookup] : erased) ++by_lookup[lookup].erased;
        for (const auto& [token, lookup] : held) ++by_lookup[lookup].held;
        Counts counts;
        for (const std::string_view lookup : lookups) {
          const auto at = by_lookup.find(lookup);
          counts.push_back(at == by_lookup.end() ? ErasedCount() : std::exchange(at->second, {}));
        }
        return counts;
      });
}

absl::StatusOr<uint64_t> PostgresTokenStore::EraseField(const TokenDomain& domain, size_t limit,
                                                        Deadline deadline) {
  ErasedTokens erased;
  return WriteUnlessFrozen<uint64_t>(transactions_, domain.tenant, deadline,
                                     [&](PostgresTransaction& db) -> absl::StatusOr<uint64_t> {
                                       if (!db.in_doubt()) erased.clear();
                                       EraseOfField(db, domain, limit, erased);
                                       return erased.size();
                                     });
}

absl::StatusOr<uint64_t> PostgresTokenStore::SweepExpired(WallTime now, size_t limit,
                                                          Deadline deadline) {
  return WriteUnlessFrozen<uint64_t>(
      transactions_, "", deadline, [&](PostgresTransaction& db) -> absl::StatusOr<uint64_t> {
        uint64_t swept = 0;
        for (const auto& [tenant, expired] : ReadExpired(db, now, limit)) {
          db.ActFor(tenant);
          swept +=
              db.Run(kSweep, {tenant, ArrayValue(expired.first), ArrayValue(expired.second), now})
                  .affected_rows();
        }
        return swept;
      });
}

absl::StatusOr<std::vector<TokenRecord>> PostgresTokenStore::ListTokens(const TokenDomain& domain,
                                                                        std::string_view after,
                                                                        size_t limit, WallTime now,
                                                                        Deadline deadline) {
  using Tokens = std::vector<TokenRecord>;
  static const std::string sql = std::string("SELECT ") + kTokenColumns +
                                 " FROM fieldkms_store.tokens WHERE tenant = $1 AND field_id = $2 "
                                 "AND token > $3 AND (expire_time IS NULL OR expire_time > $4) "
                                 "ORDER BY token LIMIT $5";
  return Read<Tokens>(domain.tenant, deadline,
                      [&](PostgresTransaction& db) -> absl::StatusOr<Tokens> {
                        return RecordsOf(db.Run(sql, {domain.tenant, IdValue(domain.field_id),
                                                      ByteaValue(after), now, LimitValue(limit)}),
                                         TokenOf);
                      });
}

absl::StatusOr<uint64_t> PostgresTokenStore::CountTokens(const TokenDomain& domain, WallTime now,
                                                         Deadline deadline) {
  return Read<uint64_t>(
      domain.tenant, deadline, [&](PostgresTransaction& db) -> absl::StatusOr<uint64_t> {
        return db
            .Run(
                "SELECT count(*) FROM fieldkms_store.tokens WHERE tenant = $1 AND field_id = $2 "
                "AND (expire_time IS NULL OR expire_time > $3)",
                {domain.tenant, IdValue(domain.field_id), now})[0][0]
            .as<uint64_t>();
      });
}

absl::StatusOr<bool> PostgresTokenStore::HasTokens(Deadline deadline) {
  return Read<bool>("", deadline, [](PostgresTransaction& db) -> absl::StatusOr<bool> {
    return BoolOf(db.Run("SELECT fieldkms_store.has_tokens()", {})[0][0]);
  });
}

absl::StatusOr<std::vector<PlacedToken>> PostgresTokenStore::ScanTokens(
    std::string_view tenant, const std::optional<TokenPlace>& after, size_t limit, WallTime now,
    Deadline deadline) {
  using Tokens = std::vector<PlacedToken>;
  return Read<Tokens>(tenant, deadline, [&](PostgresTransaction& db) -> absl::StatusOr<Tokens> {
    return ReadPlacedTokens(db, tenant, after, limit, now);
  });
}

absl::Status PostgresTokenStore::CopyTokens(std::string_view tenant,
                                            std::span<const PlacedToken> tokens,
                                            Deadline deadline) {
  for (const PlacedToken& token : tokens) FIELDKMS_RETURN_IF_ERROR(CheckPlacedToken(token));
  const auto write = [&](PostgresTransaction& db) -> absl::StatusOr<bool> {
    if (!ReadTenant(db, tenant)) return TenantNotFound();
    try {
      FIELDKMS_RETURN_IF_ERROR(WritePlacedTokens(db, tenant, tokens));
    } catch (const pqxx::foreign_key_violation&) {
      return SubjectNotFound();
    }
    return true;
  };
  return WriteUnlessFrozen<bool>(transactions_, tenant, deadline, write).status();
}

absl::StatusOr<uint64_t> PostgresTokenStore::DropTokens(std::string_view tenant, size_t limit,
                                                        Deadline deadline) {
  return WriteUnlessFrozen<uint64_t>(transactions_, tenant, deadline,
                                     [&](PostgresTransaction& db) -> absl::StatusOr<uint64_t> {
                                       return DeleteTokensOfTenant(db, tenant, limit);
                                     });
}

}  // namespace fieldkms
