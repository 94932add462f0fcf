// TokenStore of a SQLite store.
#ifndef FIELDKMS_KMS_STORE_SQLITE_TOKEN_STORE_H_
#define FIELDKMS_KMS_STORE_SQLITE_TOKEN_STORE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "kms/store/sqlite_work.h"
#include "kms/store/token_store.h"

namespace fieldkms {

// Thread-safe; `work` outlives it.
class SqliteTokenStore final : public TokenStore {
 public:
  explicit SqliteTokenStore(SqliteWork* work) : work_(*work) {}

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
  SqliteWork& work_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_TOKEN_STORE_H_
