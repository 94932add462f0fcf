#include "kms/store/sqlite_tokens.h"

#include <string>
#include <utility>

#include "crypto/status.h"
#include "kms/store/sqlite_columns.h"

namespace fieldkms {
namespace {

absl::StatusOr<TokenRecord> TokenOf(const SqliteStatement& row) {
  TokenRecord token;
  token.token = row.ColumnBytes(0);
  token.lookup = row.ColumnBytes(1);  // "" for NULL
  token.convergent = row.ColumnInt(2) != 0;
  token.single_use = row.ColumnInt(3) != 0;
  token.metadata = row.ColumnBytes(4);
  token.create_time = ToTime(row.ColumnInt(5));
  token.expire_time = ToTimeIfAny(row, 6);
  token.sealed = row.ColumnBytes(7);
  return token;
}

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

// Whether it was written.
absl::StatusOr<bool> InsertToken(SqliteConnection& db, const TokenDomain& domain,
                                 const TokenRecord& record) {
  SqliteStatement statement = db.Use(
      "INSERT INTO tokens (tenant, field_id, token, lookup, convergent, single_use, sealed, "
      "metadata, create_time, expire_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT DO NOTHING");
  BindDomain(statement, domain).Blob(record.token);
  if (record.lookup.empty()) {
    statement.Null();
  } else {
    statement.Blob(record.lookup);
  }
  statement.Int(record.convergent).Int(record.single_use).Blob(record.sealed);
  statement.Blob(record.metadata).Int(FromTime(record.create_time));
  FIELDKMS_RETURN_IF_ERROR(TimeIfAny(statement, record.expire_time).Run());
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

}  // namespace

absl::StatusOr<std::optional<TokenRecord>> ReadToken(SqliteConnection& db,
                                                     const TokenDomain& domain,
                                                     std::string_view token, WallTime now) {
  SqliteStatement statement = db.Use(
      "SELECT token, lookup, convergent, single_use, metadata, create_time, expire_time, sealed "
      "FROM tokens WHERE tenant = ? AND field_id = ? AND token = ? "
      "AND (expire_time IS NULL OR expire_time > ?)");
  return One(BindDomain(statement, domain).Blob(token).Int(FromTime(now)), TokenOf);
}

absl::StatusOr<std::vector<TokenRecord>> ReadTokens(SqliteConnection& db, const TokenDomain& domain,
                                                    std::string_view after, size_t limit,
                                                    WallTime now) {
  SqliteStatement statement = db.Use(
      "SELECT token, lookup, convergent, single_use, metadata, create_time, expire_time, x'' "
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

// Twice, as there are two indexes of lookups.
absl::StatusOr<uint64_t> DeleteTokensOf(SqliteConnection& db, const TokenDomain& domain,
                                        std::string_view lookup) {
  uint64_t deleted = 0;
  for (const char* sql : {"DELETE FROM tokens WHERE tenant = ? AND field_id = ? AND lookup = ? "
                          "AND convergent = 1",
                          "DELETE FROM tokens WHERE tenant = ? AND field_id = ? AND lookup = ? "
                          "AND convergent = 0"}) {
    SqliteStatement statement = db.Use(sql);
    FIELDKMS_ASSIGN_OR_RETURN(const uint64_t some,
                              Deleted(db, BindDomain(statement, domain).Blob(lookup)));
    deleted += some;
  }
  return deleted;
}

absl::StatusOr<uint64_t> DeleteTokensOfField(SqliteConnection& db, const TokenDomain& domain,
                                             size_t limit) {
  SqliteStatement statement = db.Use(
      "DELETE FROM tokens WHERE rowid IN (SELECT rowid FROM tokens "
      "WHERE tenant = ? AND field_id = ? LIMIT ?)");
  return Deleted(db, BindDomain(statement, domain).Int(FromBound(limit)));
}

absl::StatusOr<uint64_t> DeleteExpired(SqliteConnection& db, WallTime now, size_t limit) {
  SqliteStatement statement = db.Use(
      "DELETE FROM tokens WHERE rowid IN (SELECT rowid FROM tokens WHERE expire_time <= ? "
      "ORDER BY expire_time LIMIT ?)");
  return Deleted(db, statement.Int(FromTime(now)).Int(FromBound(limit)));
}

}  // namespace fieldkms
