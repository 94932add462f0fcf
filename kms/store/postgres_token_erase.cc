// Tokens are erased in three steps: those that an erasure is about are read, their subjects locked
// (see postgres_subjects.h), and those deleted whose subject is not on hold, in the order of their
// names. A token that was put anew between the first step and the last, for a subject that is not
// locked, stays.
#include <algorithm>
#include <utility>

#include "kms/postgres/value.h"
#include "kms/store/postgres_records.h"
#include "kms/store/postgres_subjects.h"
#include "kms/store/postgres_tokens.h"

namespace fieldkms {
namespace {

using Names = std::span<const std::string_view>;

struct Found {
  std::string token;
  std::string lookup;
  std::string subject;
};

Found FoundOf(const pqxx::row& row) { return {BytesOf(row[0]), BytesOf(row[1]), BytesOf(row[2])}; }

// Deletes those of `part` that are still there, and adds them to `erased`. No join: where nobody
// has told PostgreSQL yet how large the table is, it would compare each row with each token.
void Delete(PostgresTransaction& db, const TokenDomain& domain, std::span<const Found> part,
            const std::optional<WallTime>& before, ErasedTokens& erased) {
  std::vector<std::string_view> tokens;
  std::set<std::string_view> subjects;
  for (const Found& found : part) {
    tokens.push_back(found.token);
    if (!found.subject.empty()) subjects.insert(found.subject);
  }
  const std::vector<std::string_view> of(subjects.begin(), subjects.end());
  const pqxx::result rows = db.Run(
      "DELETE FROM fieldkms_store.tokens WHERE tenant = $1 AND field_id = $2 "
      "AND token = ANY ($3::bytea[]) AND (subject IS NULL OR subject = ANY ($4::bytea[])) "
      "AND ($5::timestamptz IS NULL OR create_time < $5) RETURNING token, lookup",
      {domain.tenant, IdValue(domain.field_id), ByteaArray(tokens), ByteaArray(of), before});
  for (const auto& row : rows) erased.insert_or_assign(BytesOf(row[0]), BytesOf(row[1]));
}

// Erases what was found, but for those on hold, which it returns.
ErasedTokens Erase(PostgresTransaction& db, const TokenDomain& domain, std::vector<Found> all,
                   const EraseScope& scope, ErasedTokens& erased) {
  std::set<std::string> subjects;
  for (const Found& found : all) {
    if (!found.subject.empty() && !scope.also_held) subjects.insert(found.subject);
  }
  const auto locked = LockSubjects(db, domain.tenant, subjects, SubjectLock::kEraseTokens);
  ErasedTokens held;
  std::erase_if(all, [&](const Found& found) {
    const auto at = locked.find(found.subject);
    const bool is_held = at != locked.end() && at->second;
    if (is_held) held.emplace(found.token, found.lookup);
    return is_held;
  });
  std::ranges::sort(all, {}, &Found::token);
  InParts(std::span<const Found>(all), [&](std::span<const Found> part) {
    Delete(db, domain, part, scope.created_before, erased);
  });
  return held;
}

void Add(std::vector<Found>& all, const pqxx::result& rows) {
  for (const auto& row : rows) all.push_back(FoundOf(row));
}

}  // namespace

ErasedTokens EraseNamed(PostgresTransaction& db, const TokenDomain& domain, Names tokens,
                        const EraseScope& scope, ErasedTokens& erased) {
  std::vector<Found> all;
  InParts(tokens, [&](Names part) {
    Add(all,
        db.Run("SELECT token, lookup, subject FROM fieldkms_store.tokens WHERE tenant = $1 "
               "AND field_id = $2 AND token = ANY ($3::bytea[]) "
               "AND ($4::timestamptz IS NULL OR create_time < $4)",
               {domain.tenant, IdValue(domain.field_id), ByteaArray(part), scope.created_before}));
  });
  return Erase(db, domain, std::move(all), scope, erased);
}

// Read twice, as there are two indexes of lookups.
ErasedTokens EraseOfLookups(PostgresTransaction& db, const TokenDomain& domain, Names lookups,
                            const EraseScope& scope, ErasedTokens& erased) {
  std::vector<Found> all;
  for (const std::string_view sql :
       {"SELECT token, lookup, subject FROM fieldkms_store.tokens WHERE tenant = $1 "
        "AND field_id = $2 AND lookup = ANY ($3::bytea[]) AND convergent "
        "AND ($4::timestamptz IS NULL OR create_time < $4)",
        "SELECT token, lookup, subject FROM fieldkms_store.tokens WHERE tenant = $1 "
        "AND field_id = $2 AND lookup = ANY ($3::bytea[]) AND NOT convergent "
        "AND ($4::timestamptz IS NULL OR create_time < $4)"}) {
    InParts(lookups, [&](Names part) {
      Add(all, db.Run(sql, {domain.tenant, IdValue(domain.field_id), ByteaArray(part),
                            scope.created_before}));
    });
  }
  return Erase(db, domain, std::move(all), scope, erased);
}

// Until something is erased, or nothing is left: what was read may be gone, or on hold, since.
void EraseOfField(PostgresTransaction& db, const TokenDomain& domain, size_t limit,
                  ErasedTokens& erased) {
  for (ErasedTokens now; now.empty(); erased.insert(now.begin(), now.end())) {
    std::vector<Found> some = RecordsOf(
        db.Run("SELECT t.token, NULL::bytea, t.subject FROM fieldkms_store.tokens t "
               "WHERE t.tenant = $1 AND t.field_id = $2 AND NOT (t.subject IS NOT NULL AND EXISTS ("
               "SELECT FROM fieldkms_store.subjects s WHERE s.tenant = $1 AND s.handle = t.subject "
               "AND s.hold_reason IS NOT NULL)) ORDER BY t.token LIMIT $3",
               {domain.tenant, IdValue(domain.field_id), LimitValue(limit)}),
        FoundOf);
    if (some.empty()) return;
    Erase(db, domain, std::move(some), {}, now);
  }
}

}  // namespace fieldkms
