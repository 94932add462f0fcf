#include "kms/store/sqlite_tokens.h"

#include <string>
#include <utility>

#include "crypto/status.h"
#include "kms/store/sqlite_columns.h"

namespace fieldkms {
namespace {

// Whether a token's subject is on legal hold.
constexpr char kIsHeld[] =
    "subject IS NOT NULL AND EXISTS (SELECT 1 FROM subjects s WHERE s.tenant = tokens.tenant "
    "AND s.handle = tokens.subject AND s.hold_reason IS NOT NULL)";
// Whether a token was made before a time, or there is none.
constexpr char kIsBefore[] = "coalesce(create_time < ?, 1)";

SqliteStatement& BindDomain(SqliteStatement& statement, const TokenDomain& domain) {
  return statement.Text(domain.tenant).Int(FromBits(domain.field_id));
}

absl::StatusOr<uint64_t> Deleted(SqliteConnection& db, SqliteStatement& statement) {
  FIELDKMS_RETURN_IF_ERROR(statement.Run());
  return static_cast<uint64_t>(db.RowsChanged());
}

absl::StatusOr<std::optional<std::string>> ReadSealed(SqliteConnection& db,
                                                      const TokenDomain& domain,
                                                      std::string_view token) {
  SqliteStatement row =
      db.Use("SELECT sealed FROM tokens WHERE tenant = ? AND field_id = ? AND token = ?");
  FIELDKMS_ASSIGN_OR_RETURN(const bool found, BindDomain(row, domain).Blob(token).Step());
  if (!found) return std::optional<std::string>();
  return std::optional<std::string>(row.ColumnBytes(0));
}

// The convergent token of a lookup, also one that has expired.
absl::StatusOr<std::optional<PutOutcome>> ReadConvergent(SqliteConnection& db,
                                                         const TokenDomain& domain,
                                                         std::string_view lookup) {
  SqliteStatement row = db.Use(
      "SELECT token, expire_time FROM tokens WHERE tenant = ? AND field_id = ? AND lookup = ? "
      "AND convergent = 1");
  FIELDKMS_ASSIGN_OR_RETURN(const bool found, BindDomain(row, domain).Blob(lookup).Step());
  if (!found) return std::optional<PutOutcome>();
  return std::optional<PutOutcome>(
      PutOutcome{PutResult::kExists, row.ColumnBytes(0), ToTimeIfAny(row, 1)});
}

absl::Status Extend(SqliteConnection& db, const TokenDomain& domain, std::string_view token,
                    const std::optional<WallTime>& until) {
  SqliteStatement statement =
      db.Use("UPDATE tokens SET expire_time = ? WHERE tenant = ? AND field_id = ? AND token = ?");
  return BindDomain(TimeIfAny(statement, until), domain).Blob(token).Run();
}

// Binds bytes, or NULL for "".
SqliteStatement& BlobIfAny(SqliteStatement& statement, std::string_view bytes) {
  return bytes.empty() ? statement.Null() : statement.Blob(bytes);
}

// Whether it was written.
absl::StatusOr<bool> InsertToken(SqliteConnection& db, const TokenDomain& domain,
                                 const TokenRecord& record) {
  SqliteStatement statement = db.Use(
      "INSERT INTO tokens (tenant, field_id, token, lookup, convergent, single_use, sealed, "
      "metadata, create_time, expire_time, subject) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT DO NOTHING");
  BlobIfAny(BindDomain(statement, domain).Blob(record.token), record.lookup);
  statement.Int(record.convergent).Int(record.single_use).Blob(record.sealed);
  statement.Blob(record.metadata).Int(FromTime(record.create_time));
  BlobIfAny(TimeIfAny(statement, record.expire_time), record.subject);
  FIELDKMS_RETURN_IF_ERROR(statement.Run());
  return db.RowsChanged() > 0;
}

// What stands in the place of a convergent record, if anything does: one that has expired
// gives way.
absl::StatusOr<std::optional<PutOutcome>> FindConvergent(SqliteConnection& db,
                                                         const TokenDomain& domain,
                                                         const TokenRecord& record, WallTime now) {
  FIELDKMS_ASSIGN_OR_RETURN(auto found, ReadConvergent(db, domain, record.lookup));
  if (!found) return found;
  if (found->expire_time && *found->expire_time <= now) {
    FIELDKMS_RETURN_IF_ERROR(DeleteToken(db, domain, found->token).status());
    return std::optional<PutOutcome>();
  }
  if (IsLater(record.expire_time, found->expire_time)) {
    found->expire_time = record.expire_time;
    FIELDKMS_RETURN_IF_ERROR(Extend(db, domain, found->token, found->expire_time));
  }
  if (found->token != record.token) return found;
  FIELDKMS_ASSIGN_OR_RETURN(const auto sealed, ReadSealed(db, domain, record.token));
  if (sealed == record.sealed) found->result = PutResult::kStored;
  return found;
}

// Statements about tokens where `which` is so and that an erasure is about: one that erases those
// that are not held, or all (BindScope); and one that counts, after it (CountLeft).
std::pair<std::string, std::string> EraseAndCountLeft(const std::string& which) {
  const std::string about = " FROM tokens WHERE " + which + " AND " + kIsBefore;
  return {"DELETE" + about + " AND (? OR NOT (" + kIsHeld + "))", "SELECT count(*)" + about};
}

SqliteStatement& BindScope(SqliteStatement& statement, const EraseScope& scope) {
  return TimeIfAny(statement, scope.created_before).Int(scope.also_held);
}

// What is left of these is held, since nobody else writes at the same time.
absl::StatusOr<uint64_t> CountLeft(SqliteStatement& count, const EraseScope& scope) {
  FIELDKMS_RETURN_IF_ERROR(TimeIfAny(count, scope.created_before).Step().status());
  return static_cast<uint64_t>(count.ColumnInt(0));
}

}  // namespace

absl::StatusOr<TokenRecord> TokenOf(const SqliteStatement& row) {
  TokenRecord token;
  token.token = row.ColumnBytes(0);
  token.lookup = row.ColumnBytes(1);  // "" for NULL
  token.convergent = row.ColumnInt(2) != 0;
  token.single_use = row.ColumnInt(3) != 0;
  token.metadata = row.ColumnBytes(4);
  token.create_time = ToTime(row.ColumnInt(5));
  token.expire_time = ToTimeIfAny(row, 6);
  token.subject = row.ColumnBytes(7);
  token.sealed = row.ColumnBytes(8);
  return token;
}

absl::StatusOr<std::optional<TokenRecord>> ReadToken(SqliteConnection& db,
                                                     const TokenDomain& domain,
                                                     std::string_view token, WallTime now) {
  SqliteStatement statement = db.Use(
      "SELECT token, lookup, convergent, single_use, metadata, create_time, expire_time, "
      "subject, sealed "
      "FROM tokens WHERE tenant = ? AND field_id = ? AND token = ? "
      "AND (expire_time IS NULL OR expire_time > ?)");
  return One(BindDomain(statement, domain).Blob(token).Int(FromTime(now)), TokenOf);
}

absl::StatusOr<std::vector<TokenRecord>> ReadTokens(SqliteConnection& db, const TokenDomain& domain,
                                                    std::string_view after, size_t limit,
                                                    WallTime now) {
  SqliteStatement statement = db.Use(
      "SELECT token, lookup, convergent, single_use, metadata, create_time, expire_time, "
      "subject, x'' "
      "FROM tokens WHERE tenant = ? AND field_id = ? AND token > ? "
      "AND (expire_time IS NULL OR expire_time > ?) ORDER BY token LIMIT ?");
  BindDomain(statement, domain).Blob(after).Int(FromTime(now)).Int(FromBound(limit));
  return All(statement, TokenOf);
}

absl::StatusOr<uint64_t> CountOfTokens(SqliteConnection& db, const TokenDomain& domain,
                                       WallTime now) {
  SqliteStatement row = db.Use(
      "SELECT count(*) FROM tokens WHERE tenant = ? AND field_id = ? "
      "AND (expire_time IS NULL OR expire_time > ?)");
  FIELDKMS_RETURN_IF_ERROR(BindDomain(row, domain).Int(FromTime(now)).Step().status());
  return static_cast<uint64_t>(row.ColumnInt(0));
}

absl::StatusOr<bool> HasAnyToken(SqliteConnection& db) {
  FIELDKMS_ASSIGN_OR_RETURN(const int64_t has, db.QueryInt("SELECT EXISTS (SELECT 1 FROM tokens)"));
  return has != 0;
}

absl::StatusOr<PutOutcome> PutToken(SqliteConnection& db, const TokenDomain& domain,
                                    const TokenRecord& record, WallTime now) {
  if (record.convergent) {
    FIELDKMS_ASSIGN_OR_RETURN(const auto found, FindConvergent(db, domain, record, now));
    if (found) return *found;
  }
  FIELDKMS_ASSIGN_OR_RETURN(bool stored, InsertToken(db, domain, record));
  if (!stored) {
    FIELDKMS_ASSIGN_OR_RETURN(const auto sealed, ReadSealed(db, domain, record.token));
    stored = sealed == record.sealed;
  }
  if (!stored) return PutOutcome{};
  return PutOutcome{PutResult::kStored, record.token, record.expire_time};
}

absl::StatusOr<uint64_t> DeleteToken(SqliteConnection& db, const TokenDomain& domain,
                                     std::string_view token) {
  SqliteStatement statement =
      db.Use("DELETE FROM tokens WHERE tenant = ? AND field_id = ? AND token = ?");
  return Deleted(db, BindDomain(statement, domain).Blob(token));
}

absl::StatusOr<EraseResult> EraseToken(SqliteConnection& db, const TokenDomain& domain,
                                       std::string_view token, const EraseScope& scope) {
  static const auto [erase, count_left] =
      EraseAndCountLeft("tenant = ? AND field_id = ? AND token = ?");
  SqliteStatement statement = db.Use(erase);
  BindScope(BindDomain(statement, domain).Blob(token), scope);
  FIELDKMS_ASSIGN_OR_RETURN(const uint64_t deleted, Deleted(db, statement));
  if (deleted > 0) return EraseResult::kErased;
  SqliteStatement left = db.Use(count_left);
  FIELDKMS_ASSIGN_OR_RETURN(const uint64_t held,
                            CountLeft(BindDomain(left, domain).Blob(token), scope));
  return held > 0 ? EraseResult::kHeld : EraseResult::kNotThere;
}

// Twice, as there are two indexes of lookups.
absl::StatusOr<ErasedCount> EraseTokensOf(SqliteConnection& db, const TokenDomain& domain,
                                          std::string_view lookup, const EraseScope& scope) {
  static const std::pair<std::string, std::string> statements[] = {
      EraseAndCountLeft("tenant = ? AND field_id = ? AND lookup = ? AND convergent = 1"),
      EraseAndCountLeft("tenant = ? AND field_id = ? AND lookup = ? AND convergent = 0")};
  ErasedCount all;
  for (const auto& [erase, count_left] : statements) {
    SqliteStatement statement = db.Use(erase);
    BindScope(BindDomain(statement, domain).Blob(lookup), scope);
    FIELDKMS_ASSIGN_OR_RETURN(const uint64_t erased, Deleted(db, statement));
    SqliteStatement left = db.Use(count_left);
    FIELDKMS_ASSIGN_OR_RETURN(const uint64_t held,
                              CountLeft(BindDomain(left, domain).Blob(lookup), scope));
    all.erased += erased;
    all.held += held;
  }
  return all;
}

absl::StatusOr<uint64_t> DeleteTokensOfField(SqliteConnection& db, const TokenDomain& domain,
                                             size_t limit) {
  static const std::string sql = std::string(
                                     "DELETE FROM tokens WHERE rowid IN (SELECT rowid FROM tokens "
                                     "WHERE tenant = ? AND field_id = ? AND NOT (") +
                                 kIsHeld + ") LIMIT ?)";
  SqliteStatement statement = db.Use(sql);
  return Deleted(db, BindDomain(statement, domain).Int(FromBound(limit)));
}

absl::StatusOr<uint64_t> DeleteExpired(SqliteConnection& db, WallTime now, size_t limit) {
  SqliteStatement statement = db.Use(
      "DELETE FROM tokens WHERE rowid IN (SELECT rowid FROM tokens WHERE expire_time <= ? "
      "ORDER BY expire_time LIMIT ?)");
  return Deleted(db, statement.Int(FromTime(now)).Int(FromBound(limit)));
}

}  // namespace fieldkms
