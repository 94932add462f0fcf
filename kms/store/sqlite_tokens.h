// Tokens in a SQLite store; see sqlite_tenants.h and token_store.h.
#ifndef FIELDKMS_KMS_STORE_SQLITE_TOKENS_H_
#define FIELDKMS_KMS_STORE_SQLITE_TOKENS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/store/sqlite_connection.h"
#include "kms/store/token_store.h"

namespace fieldkms {

// All of it, also of one for single use.
absl::StatusOr<std::optional<TokenRecord>> ReadToken(SqliteConnection& db,
                                                     const TokenDomain& domain,
                                                     std::string_view token, WallTime now);
// Without sealed bytes.
absl::StatusOr<std::vector<TokenRecord>> ReadTokens(SqliteConnection& db, const TokenDomain& domain,
                                                    std::string_view after, size_t limit,
                                                    WallTime now);
absl::StatusOr<uint64_t> CountOfTokens(SqliteConnection& db, const TokenDomain& domain,
                                       WallTime now);
absl::StatusOr<bool> HasAnyToken(SqliteConnection& db);

absl::StatusOr<PutOutcome> PutToken(SqliteConnection& db, const TokenDomain& domain,
                                    const TokenRecord& record, WallTime now);
// See TokenStore's Erase….
absl::StatusOr<EraseResult> EraseToken(SqliteConnection& db, const TokenDomain& domain,
                                       std::string_view token, const EraseScope& scope);
absl::StatusOr<ErasedCount> EraseTokensOf(SqliteConnection& db, const TokenDomain& domain,
                                          std::string_view lookup, const EraseScope& scope);
// These return how many they have deleted. DeleteToken and DeleteExpired: also of subjects on hold.
absl::StatusOr<uint64_t> DeleteToken(SqliteConnection& db, const TokenDomain& domain,
                                     std::string_view token);
absl::StatusOr<uint64_t> DeleteTokensOfField(SqliteConnection& db, const TokenDomain& domain,
                                             size_t limit);
absl::StatusOr<uint64_t> DeleteExpired(SqliteConnection& db, WallTime now, size_t limit);

// Of a row of token, lookup, convergent, single_use, metadata, create_time, expire_time, subject,
// sealed.
absl::StatusOr<TokenRecord> TokenOf(const SqliteStatement& row);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_TOKENS_H_
