#include "kms/store/sqlite_token_store.h"

#include <unordered_map>
#include <utility>

#include "crypto/status.h"
#include "kms/store/sqlite_changes.h"
#include "kms/store/sqlite_tenants.h"
#include "kms/store/sqlite_tokens.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

using Db = SqliteConnection;
using Found = std::vector<std::optional<TokenRecord>>;

// Of a token that stands several times the last tells when it ends.
void EndAlike(std::vector<PutOutcome>& outcomes) {
  std::unordered_map<std::string_view, std::optional<WallTime>> ends;
  for (auto outcome = outcomes.rbegin(); outcome != outcomes.rend(); ++outcome) {
    if (outcome->result == PutResult::kTaken) continue;
    outcome->expire_time = ends.try_emplace(outcome->token, outcome->expire_time).first->second;
  }
}

}  // namespace

template <class T, class Body>
absl::StatusOr<T> SqliteTokenStore::Write(Deadline deadline, Shred shred, const Body& body) {
  return work_.Write<T>(deadline, shred, [&](Db& db) -> absl::StatusOr<T> {
    FIELDKMS_ASSIGN_OR_RETURN(const bool frozen, ReadFrozen(db));
    if (frozen) return StoreFrozen();
    return body(db);
  });
}

absl::StatusOr<std::vector<PutOutcome>> SqliteTokenStore::PutTokens(
    const TokenDomain& domain, std::span<const TokenRecord> records, WallTime now,
    Deadline deadline) {
  using Outcomes = std::vector<PutOutcome>;
  for (const TokenRecord& record : records) FIELDKMS_RETURN_IF_ERROR(CheckTokenRecord(record));
  return Write<Outcomes>(deadline, Shred::kNo, [&](Db& db) -> absl::StatusOr<Outcomes> {
    FIELDKMS_RETURN_IF_ERROR(NeedTenant(db, domain.tenant));
    Outcomes outcomes;
    outcomes.reserve(records.size());
    for (const TokenRecord& record : records) {
      FIELDKMS_ASSIGN_OR_RETURN(PutOutcome outcome, PutToken(db, domain, record, now));
      outcomes.push_back(std::move(outcome));
    }
    EndAlike(outcomes);
    return outcomes;
  });
}

absl::StatusOr<Found> SqliteTokenStore::GetTokens(const TokenDomain& domain,
                                                  std::span<const std::string_view> tokens,
                                                  WallTime now, Deadline deadline) {
  return work_.Read(deadline, [&](Db& db) -> absl::StatusOr<Found> {
    Found found;
    found.reserve(tokens.size());
    for (const std::string_view token : tokens) {
      FIELDKMS_ASSIGN_OR_RETURN(auto record, ReadToken(db, domain, token, now));
      if (record && record->single_use) record->sealed.clear();
      found.push_back(std::move(record));
    }
    return found;
  });
}

// What is used is gone, also where the log cannot be emptied: nobody could repeat it.
absl::StatusOr<Found> SqliteTokenStore::UseTokens(const TokenDomain& domain,
                                                  std::span<const std::string_view> tokens,
                                                  WallTime now, Deadline deadline) {
  return Write<Found>(deadline, Shred::kSoon, [&](Db& db) -> absl::StatusOr<Found> {
    Found found(tokens.size());
    for (size_t i = 0; i < tokens.size(); ++i) {
      FIELDKMS_ASSIGN_OR_RETURN(auto record, ReadToken(db, domain, tokens[i], now));
      if (!record || !record->single_use) continue;
      FIELDKMS_RETURN_IF_ERROR(DeleteToken(db, domain, tokens[i]).status());
      found[i] = std::move(record);
    }
    return found;
  });
}

absl::StatusOr<std::vector<bool>> SqliteTokenStore::EraseTokens(
    const TokenDomain& domain, std::span<const std::string_view> tokens, Deadline deadline) {
  using Erased = std::vector<bool>;
  return Write<Erased>(deadline, Shred::kYes, [&](Db& db) -> absl::StatusOr<Erased> {
    Erased erased;
    for (const std::string_view token : tokens) {
      FIELDKMS_ASSIGN_OR_RETURN(const uint64_t deleted, DeleteToken(db, domain, token));
      erased.push_back(deleted > 0);
    }
    return erased;
  });
}

absl::StatusOr<std::vector<uint64_t>> SqliteTokenStore::EraseTokensByLookup(
    const TokenDomain& domain, std::span<const std::string_view> lookups, Deadline deadline) {
  using Erased = std::vector<uint64_t>;
  return Write<Erased>(deadline, Shred::kYes, [&](Db& db) -> absl::StatusOr<Erased> {
    Erased erased;
    for (const std::string_view lookup : lookups) {
      FIELDKMS_ASSIGN_OR_RETURN(const uint64_t deleted, DeleteTokensOf(db, domain, lookup));
      erased.push_back(deleted);
    }
    return erased;
  });
}

absl::StatusOr<uint64_t> SqliteTokenStore::EraseField(const TokenDomain& domain, size_t limit,
                                                      Deadline deadline) {
  return Write<uint64_t>(deadline, Shred::kYes,
                         [&](Db& db) { return DeleteTokensOfField(db, domain, limit); });
}

absl::StatusOr<uint64_t> SqliteTokenStore::SweepExpired(WallTime now, size_t limit,
                                                        Deadline deadline) {
  return Write<uint64_t>(deadline, Shred::kSoon,
                         [&](Db& db) { return DeleteExpired(db, now, limit); });
}

absl::StatusOr<std::vector<TokenRecord>> SqliteTokenStore::ListTokens(const TokenDomain& domain,
                                                                      std::string_view after,
                                                                      size_t limit, WallTime now,
                                                                      Deadline deadline) {
  return work_.Read(deadline, [&](Db& db) { return ReadTokens(db, domain, after, limit, now); });
}

absl::StatusOr<uint64_t> SqliteTokenStore::CountTokens(const TokenDomain& domain, WallTime now,
                                                       Deadline deadline) {
  return work_.Read(deadline, [&](Db& db) { return CountOfTokens(db, domain, now); });
}

absl::StatusOr<bool> SqliteTokenStore::HasTokens(Deadline deadline) {
  return work_.Read(deadline, HasAnyToken);
}

}  // namespace fieldkms
