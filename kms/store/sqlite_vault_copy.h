// Whole tokens and data subjects of a SQLite store, for copies of it; see sqlite_tenants.h,
// token_store.h and subject_store.h. Each function runs in a transaction of the caller's.
#ifndef FIELDKMS_KMS_STORE_SQLITE_VAULT_COPY_H_
#define FIELDKMS_KMS_STORE_SQLITE_VAULT_COPY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/store/sqlite_connection.h"
#include "kms/store/subject_store.h"
#include "kms/store/token_store.h"

namespace fieldkms {

// See ScanTokens, CopyTokens and DropTokens.
absl::StatusOr<std::vector<PlacedToken>> ReadPlacedTokens(SqliteConnection& db,
                                                          std::string_view tenant,
                                                          const std::optional<TokenPlace>& after,
                                                          size_t limit, WallTime now);
absl::Status WritePlacedTokens(SqliteConnection& db, std::string_view tenant,
                               std::span<const PlacedToken> tokens);
absl::StatusOr<uint64_t> DeleteTokensOfTenant(SqliteConnection& db, std::string_view tenant,
                                              size_t limit);

// See ScanSubjects, CopySubjects and DropSubjects.
absl::StatusOr<std::vector<WholeSubject>> ReadWholeSubjects(SqliteConnection& db,
                                                            std::string_view tenant,
                                                            std::string_view after, size_t limit);
absl::Status WriteWholeSubjects(SqliteConnection& db, std::string_view tenant,
                                std::span<const WholeSubject> subjects);
absl::StatusOr<uint64_t> DeleteSubjectsOfTenant(SqliteConnection& db, std::string_view tenant,
                                                size_t limit);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_VAULT_COPY_H_
