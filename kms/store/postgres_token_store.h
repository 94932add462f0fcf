// TokenStore of a PostgreSQL store.
//
// Of two replicas that put one lookup at once, the second waits for the first's commit at the
// unique index, and then, each statement being of the newest state (READ COMMITTED), reads what
// the first wrote. Calls lock rows in one order, so that two do not wait for each other; where
// they do all the same, PostgreSQL ends one and it is run again. Commits in doubt are run again
// (postgres_transaction.h): a record that was stored is known by its sealed bytes, an erased one
// counts as erased, and a used one is gone.
#ifndef FIELDKMS_KMS_STORE_POSTGRES_TOKEN_STORE_H_
#define FIELDKMS_KMS_STORE_POSTGRES_TOKEN_STORE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "kms/store/postgres_transaction.h"
#include "kms/store/token_store.h"

namespace fieldkms {

// Thread-safe; `transactions` outlives it.
class PostgresTokenStore final : public TokenStore {
 public:
  explicit PostgresTokenStore(PostgresTransactions* transactions) : transactions_(*transactions) {}

  absl::StatusOr<std::vector<PutOutcome>> PutTokens(const TokenDomain& domain,
                                                    std::span<const TokenRecord> records,
                                                    WallTime now, Deadline deadline) override;
  absl::StatusOr<std::vector<std::optional<TokenRecord>>> GetTokens(
      const TokenDomain& domain, std::span<const std::string_view> tokens, WallTime now,
      Deadline deadline) override;
  absl::StatusOr<std::vector<std::optional<TokenRecord>>> UseTokens(
      const TokenDomain& domain, std::span<const std::string_view> tokens, WallTime now,
      Deadline deadline) override;
  absl::StatusOr<std::vector<EraseResult>> EraseTokens(const TokenDomain& domain,
                                                       std::span<const std::string_view> tokens,
                                                       const EraseScope& scope,
                                                       Deadline deadline) override;
  absl::StatusOr<std::vector<ErasedCount>> EraseTokensByLookup(
      const TokenDomain& domain, std::span<const std::string_view> lookups, const EraseScope& scope,
      Deadline deadline) override;
  absl::StatusOr<uint64_t> EraseField(const TokenDomain& domain, size_t limit,
                                      Deadline deadline) override;
  absl::StatusOr<uint64_t> SweepExpired(WallTime now, size_t limit, Deadline deadline) override;
  absl::StatusOr<std::vector<TokenRecord>> ListTokens(const TokenDomain& domain,
                                                      std::string_view after, size_t limit,
                                                      WallTime now, Deadline deadline) override;
  absl::StatusOr<uint64_t> CountTokens(const TokenDomain& domain, WallTime now,
                                       Deadline deadline) override;
  absl::StatusOr<bool> HasTokens(Deadline deadline) override;
  absl::StatusOr<std::vector<PlacedToken>> ScanTokens(std::string_view tenant,
                                                      const std::optional<TokenPlace>& after,
                                                      size_t limit, WallTime now,
                                                      Deadline deadline) override;
  absl::Status CopyTokens(std::string_view tenant, std::span<const PlacedToken> tokens,
                          Deadline deadline) override;
  absl::StatusOr<uint64_t> DropTokens(std::string_view tenant, size_t limit,
                                      Deadline deadline) override;

 private:
  // `body(db)`, an absl::StatusOr<T>, on behalf of a tenant ("": of none).
  template <class T, class Body>
  absl::StatusOr<T> Read(std::string_view tenant, Deadline deadline, const Body& body);

  PostgresTransactions& transactions_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_POSTGRES_TOKEN_STORE_H_
