// TokenStore keeps vaulted tokens: what stands in an application's data in the place of a
// value, and the value, sealed. It knows nothing of cryptography and draws no token: it keeps
// what it is given, and says so where a token or a value is there already. Not for values
// that may never reach a disk, such as card verification codes.
//
// Contract of every implementation (tests/contract/token_*_test.cc):
// - Tokens belong to a tenant and a field (TokenDomain); a method sees and touches nothing of
//   another. Tokens, lookups and metadata are bytes, in byte order.
// - A call that writes is atomic, and durable when it returns OK. An error other than
//   kUnavailable means that nothing was changed.
// - Any number of calls run at once, also of several processes where the backend allows it.
//   Tokens have no change numbers: nobody follows them, and calls that write need not wait for
//   each other but where they are about the same tokens. (SQLite has one writer all the same.)
// - A token whose expire_time is not after `now` is not there, whether SweepExpired has taken it
//   away or not; its name is free when it has.
// - A frozen store (Store::SetFrozen) is read, and takes nothing, nor loses anything:
//   kUnavailable, kStoreUnavailable.
// - Errors: those of Store; kInvalidArgument, kInvalidField, for a record out of its bounds.
// - Erased values. SQLite overwrites them in their page (secure_delete) and empties its log:
//   before Erase… returns, which gives kUnavailable where that was not possible, and may be
//   repeated; with UseTokens and SweepExpired as soon as no other process reads the log. A copy
//   may remain where SQLite has moved the row to another page, until that space is used again.
//   PostgreSQL keeps the old row until VACUUM, which the table asks autovacuum for, and as for
//   keys (kms/store/postgres_store.h) in its write-ahead log, backups and replicas. What remains
//   anywhere is sealed.
#ifndef FIELDKMS_KMS_STORE_TOKEN_STORE_H_
#define FIELDKMS_KMS_STORE_TOKEN_STORE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"

namespace fieldkms {

inline constexpr size_t kMaxTokenBytes = 1'024;
inline constexpr size_t kMaxLookupBytes = 64;
inline constexpr size_t kMaxTokenMetadata = 4'096;

// Whose tokens. Not checked but for PutTokens' tenant: of others there is nothing.
struct TokenDomain {
  std::string_view tenant;
  uint64_t field_id = 0;  // never 0
};

struct TokenRecord {
  std::string token;   // 1 to kMaxTokenBytes
  std::string lookup;  // what finds the value, such as a blind index; "": nothing does
  // Whether this is the one token of its lookup, which then is not "". Others may have a lookup
  // in common.
  bool convergent = false;
  bool single_use = false;  // not of a convergent one
  std::string sealed;       // never empty, and never twice the same for two tokens
  std::string metadata;     // up to kMaxTokenMetadata; opaque
  WallTime create_time;
  std::optional<WallTime> expire_time;
  std::string subject;  // handle of its data subject (kms/store/subject_store.h); "": none
  friend bool operator==(const TokenRecord&, const TokenRecord&) = default;
};

enum class PutResult : uint8_t {
  kStored,
  kExists,  // the lookup has a convergent token
  kTaken,   // the token is another value's: the caller draws another
};
struct PutOutcome {
  PutResult result = PutResult::kTaken;
  std::string token;                    // the one that stands for the value; "" if kTaken
  std::optional<WallTime> expire_time;  // of it, when all of the call is done
};

// A token with its field, and where one stands among those of all fields.
using PlacedToken = std::pair<uint64_t, TokenRecord>;
struct TokenPlace {
  uint64_t field_id = 0;
  std::string token;
};

// What an erasure leaves out.
struct EraseScope {
  bool also_held = false;  // whether it takes tokens of a subject on legal hold, too
  // Only tokens made before it: for an erasure that is done again, as in a restored store, which
  // must not take what was put after the first. Others are not there, for it.
  std::optional<WallTime> created_before;
};
enum class EraseResult : uint8_t {
  kErased,
  kNotThere,
  kHeld,  // its subject is on legal hold: it stays
};
struct ErasedCount {
  uint64_t erased = 0;
  uint64_t held = 0;  // that stay
};

// Checks what every backend asks of a record. Error: InvalidField.
absl::Status CheckTokenRecord(const TokenRecord& record);
absl::Status CheckPlacedToken(const PlacedToken& token);
// Of two expire_times; nullopt, which is never, is the latest.
bool IsLater(const std::optional<WallTime>& one, const std::optional<WallTime>& other);

class TokenStore {
 public:
  virtual ~TokenStore() = default;

  // PutTokens stores each record, or says why not; all that it stores at once. Of a lookup that
  // comes twice in a call, the first is stored and the second exists. One that exists lives as
  // long as any of those who gave its value asked for: its expire_time becomes the later one. A
  // record that is there with the same sealed bytes counts as stored, so that a repeat after
  // kUnavailable does no harm. One that exists keeps its subject. Any number of records; the
  // service allows 10,000 a call. Errors, with nothing stored: kNotFound, kTenantNotFound, or
  // kSubjectNotFound where the subject of any of them is not there, also of one that exists;
  // kUnavailable, kStoreUnavailable, also where others erase and put the same values all the time.
  virtual absl::StatusOr<std::vector<PutOutcome>> PutTokens(const TokenDomain& domain,
                                                            std::span<const TokenRecord> records,
                                                            WallTime now, Deadline deadline) = 0;

  // GetTokens reads them in their order, nullopt for one that is not there. Of a single-use
  // token all but the sealed bytes: UseTokens gives those.
  virtual absl::StatusOr<std::vector<std::optional<TokenRecord>>> GetTokens(
      const TokenDomain& domain, std::span<const std::string_view> tokens, WallTime now,
      Deadline deadline) = 0;

  // UseTokens takes single-use tokens away and returns them: each at most once ever, whatever
  // crashes, also to one of several that ask at once, and once if it stands twice in a call.
  // nullopt for one that is not there, or not for single use. After an error it may be gone.
  virtual absl::StatusOr<std::vector<std::optional<TokenRecord>>> UseTokens(
      const TokenDomain& domain, std::span<const std::string_view> tokens, WallTime now,
      Deadline deadline) = 0;

  // Erase… take away, also what has expired, but not tokens of a subject on legal hold, unless
  // `scope` says so. EraseTokens: what became of each; one that stands twice is not there the
  // second time, unless it is held. EraseTokensByLookup: how many each lookup had; what stands
  // twice counts the first time. EraseField: `limit` at most, and how many; repeated until there
  // are none, which leaves those on hold. (It passes over them each time.)
  virtual absl::StatusOr<std::vector<EraseResult>> EraseTokens(
      const TokenDomain& domain, std::span<const std::string_view> tokens, const EraseScope& scope,
      Deadline deadline) = 0;
  virtual absl::StatusOr<std::vector<ErasedCount>> EraseTokensByLookup(
      const TokenDomain& domain, std::span<const std::string_view> lookups, const EraseScope& scope,
      Deadline deadline) = 0;
  virtual absl::StatusOr<uint64_t> EraseField(const TokenDomain& domain, size_t limit,
                                              Deadline deadline) = 0;

  // SweepExpired takes away what has expired by `now`, of all tenants, longest expired first,
  // `limit` at most; and returns how many. What somebody else works on is left to the next call.
  virtual absl::StatusOr<uint64_t> SweepExpired(WallTime now, size_t limit, Deadline deadline) = 0;

  // ListTokens: those after `after` ("" for the first), without sealed bytes. CountTokens reads
  // all of them.
  virtual absl::StatusOr<std::vector<TokenRecord>> ListTokens(const TokenDomain& domain,
                                                              std::string_view after, size_t limit,
                                                              WallTime now, Deadline deadline) = 0;
  virtual absl::StatusOr<uint64_t> CountTokens(const TokenDomain& domain, WallTime now,
                                               Deadline deadline) = 0;
  // Whether there is any token of any tenant.
  virtual absl::StatusOr<bool> HasTokens(Deadline deadline) = 0;

  // What follows is for copies of a store alone (kms/backup): no request of a client comes here.
  //
  // ScanTokens: tokens of all fields after `after` (nullopt for the first) with all that there is
  // of them, also the sealed bytes of those for single use. The order is the same in every
  // backend: of field ids as signed numbers, then of tokens.
  virtual absl::StatusOr<std::vector<PlacedToken>> ScanTokens(
      std::string_view tenant, const std::optional<TokenPlace>& after, size_t limit, WallTime now,
      Deadline deadline) = 0;
  // CopyTokens writes them as they are, all or none. What stands in the way of one, by its token
  // or as the convergent token of its lookup, is taken away. Any number of tokens, each field and
  // token once. Errors: kTenantNotFound; kSubjectNotFound; InvalidField; kInternal where
  // two of them are in the way of each other.
  virtual absl::Status CopyTokens(std::string_view tenant, std::span<const PlacedToken> tokens,
                                  Deadline deadline) = 0;
  // DropTokens takes tokens away, `limit` at most, also those of subjects on hold; and returns how
  // many: 0 when there are none. Of a store that serves nobody.
  virtual absl::StatusOr<uint64_t> DropTokens(std::string_view tenant, size_t limit,
                                              Deadline deadline) = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_TOKEN_STORE_H_
