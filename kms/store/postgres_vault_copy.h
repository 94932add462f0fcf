// Whole tokens and data subjects of a PostgreSQL store, for copies of it; see postgres_records.h,
// token_store.h and subject_store.h. All statements are of sets.
#ifndef FIELDKMS_KMS_STORE_POSTGRES_VAULT_COPY_H_
#define FIELDKMS_KMS_STORE_POSTGRES_VAULT_COPY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "kms/store/postgres_transaction.h"
#include "kms/store/subject_store.h"
#include "kms/store/token_store.h"

namespace fieldkms {

// See ScanTokens, CopyTokens and DropTokens. WritePlacedTokens throws pqxx::foreign_key_violation
// for a token of a subject that is not there.
std::vector<PlacedToken> ReadPlacedTokens(PostgresTransaction& db, std::string_view tenant,
                                          const std::optional<TokenPlace>& after, size_t limit,
                                          WallTime now);
absl::Status WritePlacedTokens(PostgresTransaction& db, std::string_view tenant,
                               std::span<const PlacedToken> tokens);
uint64_t DeleteTokensOfTenant(PostgresTransaction& db, std::string_view tenant, size_t limit);

// See ScanSubjects, CopySubjects and DropSubjects.
std::vector<WholeSubject> ReadWholeSubjects(PostgresTransaction& db, std::string_view tenant,
                                            std::string_view after, size_t limit);
absl::Status WriteWholeSubjects(PostgresTransaction& db, std::string_view tenant,
                                std::span<const WholeSubject> subjects);
uint64_t DeleteSubjectsOfTenant(PostgresTransaction& db, std::string_view tenant, size_t limit);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_POSTGRES_VAULT_COPY_H_
