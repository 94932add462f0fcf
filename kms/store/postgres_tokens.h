// The rows of tokens of a PostgreSQL store; see postgres_records.h and token_store.h. All
// statements are of sets: arrays go in, rows come out.
#ifndef FIELDKMS_KMS_STORE_POSTGRES_TOKENS_H_
#define FIELDKMS_KMS_STORE_POSTGRES_TOKENS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/status.h"
#include "kms/store/postgres_transaction.h"
#include "kms/store/token_store.h"

namespace fieldkms {

// LockForTokens begins what writes tokens or subjects, of which any number run at once: it keeps
// the store from being frozen until the transaction ends, and acts for `tenant` from then on, as
// ActFor; two in one, for a round trip less. Error: StoreFrozen(). WaitForTokens waits
// until none runs, and keeps others from beginning. Neither waits for mutations, nor they for it.
absl::Status LockForTokens(PostgresTransaction& db, std::string_view tenant);
void WaitForTokens(PostgresTransaction& db);

// `body(db)`, an absl::StatusOr<T>, that writes tokens or subjects of a tenant ("": of none) in a
// store that is not frozen.
template <class T, class Body>
absl::StatusOr<T> WriteUnlessFrozen(PostgresTransactions& transactions, std::string_view tenant,
                                    Deadline deadline, const Body& body) {
  return ResultOf<T>(transactions, &PostgresTransactions::Write, "", deadline,
                     [&](PostgresTransaction& db) -> absl::StatusOr<T> {
                       FIELDKMS_RETURN_IF_ERROR(LockForTokens(db, tenant));
                       return body(db);
                     });
}

// Bytes as an array.
PostgresValue ByteaArray(std::span<const std::string_view> all);

// Calls `body(part)` for one part of `all` after another, so that no statement is of any length.
template <class T, class Body>
void InParts(std::span<const T> all, const Body& body) {
  constexpr size_t kAtOnce = 1'000;
  for (size_t begin = 0; begin < all.size(); begin += kAtOnce) {
    body(all.subspan(begin, std::min(kAtOnce, all.size() - begin)));
  }
}

// A row of these columns, and of the sealed bytes if one more follows.
inline constexpr char kTokenColumns[] =
    "token, lookup, convergent, single_use, metadata, create_time, expire_time, subject";
TokenRecord TokenOf(const pqxx::row& row);

// What was erased, or is held, of a domain: lookups by tokens.
using ErasedTokens = std::map<std::string, std::string, std::less<>>;
// These erase what TokenStore's Erase… say, add it to `erased`, and return what is held. A body
// that is run again in doubt goes on with the `erased` of before.
ErasedTokens EraseNamed(PostgresTransaction& db, const TokenDomain& domain,
                        std::span<const std::string_view> tokens, const EraseScope& scope,
                        ErasedTokens& erased);
ErasedTokens EraseOfLookups(PostgresTransaction& db, const TokenDomain& domain,
                            std::span<const std::string_view> lookups, const EraseScope& scope,
                            ErasedTokens& erased);
// None that is held; at least one if there is any.
void EraseOfField(PostgresTransaction& db, const TokenDomain& domain, size_t limit,
                  ErasedTokens& erased);

// How tokens are put.
enum class PutMode : uint8_t {
  kHopeful,  // as if no random token was there: for a first attempt
  kAny,
};

// PutTokens, on behalf of the tenant. nullopt: it is to be run again, in a transaction of its
// own, by kAny, with what it has added to `expired`, and this one is not to be committed.
std::optional<std::vector<PutOutcome>> PutAll(PostgresTransaction& db, const TokenDomain& domain,
                                              std::span<const TokenRecord> records, WallTime now,
                                              PutMode mode, std::set<std::string>& expired);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_POSTGRES_TOKENS_H_
