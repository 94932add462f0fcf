#include "kms/store/sqlite_token_store.h"

#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "crypto/status.h"
#include "kms/store/sqlite_subjects.h"
#include "kms/store/sqlite_tenants.h"
#include "kms/store/sqlite_tokens.h"
#include "kms/store/sqlite_vault_copy.h"

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

absl::StatusOr<std::vector<PutOutcome>> SqliteTokenStore::PutTokens(
    const TokenDomain& domain, std::span<const TokenRecord> records, WallTime now,
    Deadline deadline) {
  using Outcomes = std::vector<PutOutcome>;
  for (const TokenRecord& record : records) FIELDKMS_RETURN_IF_ERROR(CheckTokenRecord(record));
  return work_.WriteUnlessFrozen<Outcomes>(
      deadline, Shred::kNo, [&](Db& db) -> absl::StatusOr<Outcomes> {
        FIELDKMS_RETURN_IF_ERROR(NeedTenant(db, domain.tenant));
        FIELDKMS_RETURN_IF_ERROR(NeedSubjects(db, domain.tenant, records));
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
  return work_.WriteUnlessFrozen<Found>(
      deadline, Shred::kSoon, [&](Db& db) -> absl::StatusOr<Found> {
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

absl::StatusOr<std::vector<EraseResult>> SqliteTokenStore::EraseTokens(
    const TokenDomain& domain, std::span<const std::string_view> tokens, const EraseScope& scope,
    Deadline deadline) {
  using Results = std::vector<EraseResult>;
  return work_.WriteUnlessFrozen<Results>(
      deadline, Shred::kYes, [&](Db& db) -> absl::StatusOr<Results> {
        Results results;
        for (const std::string_view token : tokens) {
          FIELDKMS_ASSIGN_OR_RETURN(const EraseResult result, EraseToken(db, domain, token, scope));
          results.push_back(result);
        }
        return results;
      });
}

absl::StatusOr<std::vector<ErasedCount>> SqliteTokenStore::EraseTokensByLookup(
    const TokenDomain& domain, std::span<const std::string_view> lookups, const EraseScope& scope,
    Deadline deadline) {
  using Counts = std::vector<ErasedCount>;
  return work_.WriteUnlessFrozen<Counts>(
      deadline, Shred::kYes, [&](Db& db) -> absl::StatusOr<Counts> {
        Counts counts(lookups.size());
        std::unordered_set<std::string_view> done;
        for (size_t i = 0; i < lookups.size(); ++i) {
          if (!done.insert(lookups[i]).second) continue;
          FIELDKMS_ASSIGN_OR_RETURN(counts[i], EraseTokensOf(db, domain, lookups[i], scope));
        }
        return counts;
      });
}

absl::StatusOr<uint64_t> SqliteTokenStore::EraseField(const TokenDomain& domain, size_t limit,
                                                      Deadline deadline) {
  return work_.WriteUnlessFrozen<uint64_t>(
      deadline, Shred::kYes, [&](Db& db) { return DeleteTokensOfField(db, domain, limit); });
}

absl::StatusOr<uint64_t> SqliteTokenStore::SweepExpired(WallTime now, size_t limit,
                                                        Deadline deadline) {
  return work_.WriteUnlessFrozen<uint64_t>(deadline, Shred::kSoon,
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

absl::StatusOr<std::vector<PlacedToken>> SqliteTokenStore::ScanTokens(
    std::string_view tenant, const std::optional<TokenPlace>& after, size_t limit, WallTime now,
    Deadline deadline) {
  return work_.Read(deadline,
                    [&](Db& db) { return ReadPlacedTokens(db, tenant, after, limit, now); });
}

absl::Status SqliteTokenStore::CopyTokens(std::string_view tenant,
                                          std::span<const PlacedToken> tokens, Deadline deadline) {
  for (const PlacedToken& token : tokens) FIELDKMS_RETURN_IF_ERROR(CheckPlacedToken(token));
  const auto write = [&](Db& db) -> absl::StatusOr<bool> {
    FIELDKMS_RETURN_IF_ERROR(NeedTenant(db, tenant));
    FIELDKMS_RETURN_IF_ERROR(NeedSubjects(db, tenant, tokens));
    FIELDKMS_RETURN_IF_ERROR(WritePlacedTokens(db, tenant, tokens));
    return true;
  };
  return work_.WriteUnlessFrozen<bool>(deadline, Shred::kNo, write).status();
}

absl::StatusOr<uint64_t> SqliteTokenStore::DropTokens(std::string_view tenant, size_t limit,
                                                      Deadline deadline) {
  return work_.WriteUnlessFrozen<uint64_t>(
      deadline, Shred::kSoon, [&](Db& db) { return DeleteTokensOfTenant(db, tenant, limit); });
}

}  // namespace fieldkms
