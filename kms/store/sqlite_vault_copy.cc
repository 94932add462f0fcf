#include "kms/store/sqlite_vault_copy.h"

#include <limits>
#include <string>
#include <utility>

#include "crypto/status.h"
#include "kms/store/sqlite_columns.h"
#include "kms/store/sqlite_subjects.h"
#include "kms/store/sqlite_tokens.h"

namespace fieldkms {
namespace {

// Before all that can be.
TokenPlace FirstPlace() { return {ToBits(std::numeric_limits<int64_t>::min()), ""}; }

// Binds bytes, or NULL for "".
SqliteStatement& BlobIfAny(SqliteStatement& statement, std::string_view bytes) {
  return bytes.empty() ? statement.Null() : statement.Blob(bytes);
}

absl::StatusOr<PlacedToken> PlacedTokenOf(const SqliteStatement& row) {
  FIELDKMS_ASSIGN_OR_RETURN(TokenRecord token, TokenOf(row));
  return PlacedToken(ToBits(row.ColumnInt(9)), std::move(token));
}

absl::Status DeleteInTheWay(SqliteConnection& db, std::string_view tenant,
                            const PlacedToken& token) {
  const TokenDomain domain{tenant, token.first};
  FIELDKMS_RETURN_IF_ERROR(DeleteToken(db, domain, token.second.token).status());
  if (!token.second.convergent) return absl::OkStatus();
  return db
      .Use("DELETE FROM tokens WHERE tenant = ? AND field_id = ? AND lookup = ? AND convergent = 1")
      .Text(tenant)
      .Int(FromBits(token.first))
      .Blob(token.second.lookup)
      .Run();
}

absl::Status Insert(SqliteConnection& db, std::string_view tenant, const PlacedToken& placed) {
  const TokenRecord& token = placed.second;
  SqliteStatement statement = db.Use(
      "INSERT INTO tokens (tenant, field_id, token, lookup, convergent, single_use, sealed, "
      "metadata, create_time, expire_time, subject) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  BlobIfAny(statement.Text(tenant).Int(FromBits(placed.first)).Blob(token.token), token.lookup);
  statement.Int(token.convergent).Int(token.single_use).Blob(token.sealed);
  statement.Blob(token.metadata).Int(FromTime(token.create_time));
  return BlobIfAny(TimeIfAny(statement, token.expire_time), token.subject).Run();
}

absl::Status Insert(SqliteConnection& db, std::string_view tenant, const WholeSubject& whole) {
  const SubjectRecord& subject = whole.subject;
  SqliteStatement statement = db.Use(
      "INSERT INTO subjects (tenant, subject, handle, secret, create_time, hold_reason, hold_time) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)");
  statement.Text(tenant).Blob(subject.subject).Blob(subject.handle).Blob(subject.secret);
  statement.Int(FromTime(subject.create_time));
  if (subject.hold) {
    statement.Blob(subject.hold->reason).Int(FromTime(subject.hold->time));
  } else {
    statement.Null().Null();
  }
  FIELDKMS_RETURN_IF_ERROR(statement.Run());
  for (const uint64_t field_id : whole.field_ids) {
    FIELDKMS_RETURN_IF_ERROR(
        db.Use("INSERT INTO subject_fields (tenant, handle, field_id) VALUES (?, ?, ?)")
            .Text(tenant)
            .Blob(subject.handle)
            .Int(FromBits(field_id))
            .Run());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<PlacedToken>> ReadPlacedTokens(SqliteConnection& db,
                                                          std::string_view tenant,
                                                          const std::optional<TokenPlace>& after,
                                                          size_t limit, WallTime now) {
  const TokenPlace from = after.value_or(FirstPlace());
  SqliteStatement statement = db.Use(
      "SELECT token, lookup, convergent, single_use, metadata, create_time, expire_time, subject, "
      "sealed, field_id FROM tokens WHERE tenant = ? AND (field_id, token) > (?, ?) "
      "AND (expire_time IS NULL OR expire_time > ?) ORDER BY field_id, token LIMIT ?");
  statement.Text(tenant).Int(FromBits(from.field_id)).Blob(from.token);
  return All(statement.Int(FromTime(now)).Int(FromBound(limit)), PlacedTokenOf);
}

absl::Status WritePlacedTokens(SqliteConnection& db, std::string_view tenant,
                               std::span<const PlacedToken> tokens) {
  for (const PlacedToken& token : tokens) {
    FIELDKMS_RETURN_IF_ERROR(DeleteInTheWay(db, tenant, token));
  }
  for (const PlacedToken& token : tokens) FIELDKMS_RETURN_IF_ERROR(Insert(db, tenant, token));
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> DeleteTokensOfTenant(SqliteConnection& db, std::string_view tenant,
                                              size_t limit) {
  FIELDKMS_RETURN_IF_ERROR(db.Use("DELETE FROM tokens WHERE rowid IN "
                                  "(SELECT rowid FROM tokens WHERE tenant = ? LIMIT ?)")
                               .Text(tenant)
                               .Int(FromBound(limit))
                               .Run());
  return static_cast<uint64_t>(db.RowsChanged());
}

// Fields are read one subject after another: a join would be sorted, and a sorter may write what it
// sorts, such as secrets, to a file of its own.
absl::StatusOr<std::vector<WholeSubject>> ReadWholeSubjects(SqliteConnection& db,
                                                            std::string_view tenant,
                                                            std::string_view after, size_t limit) {
  SqliteStatement statement = db.Use(
      "SELECT subject, handle, secret, create_time, hold_reason, hold_time FROM subjects "
      "WHERE tenant = ? AND subject > ? ORDER BY subject LIMIT ?");
  statement.Text(tenant).Blob(after).Int(FromBound(limit));
  FIELDKMS_ASSIGN_OR_RETURN(std::vector<SubjectRecord> found, All(statement, SubjectOf));
  std::vector<WholeSubject> subjects;
  subjects.reserve(found.size());
  for (SubjectRecord& subject : found) {
    FIELDKMS_ASSIGN_OR_RETURN(std::vector<uint64_t> fields,
                              ReadSubjectFields(db, tenant, subject.handle));
    subjects.push_back({std::move(subject), std::move(fields)});
  }
  return subjects;
}

absl::Status WriteWholeSubjects(SqliteConnection& db, std::string_view tenant,
                                std::span<const WholeSubject> subjects) {
  for (const WholeSubject& whole : subjects) {
    FIELDKMS_RETURN_IF_ERROR(db.Use("DELETE FROM subjects WHERE tenant = ? AND subject = ?")
                                 .Text(tenant)
                                 .Blob(whole.subject.subject)
                                 .Run());
    FIELDKMS_RETURN_IF_ERROR(db.Use("DELETE FROM subjects WHERE tenant = ? AND handle = ?")
                                 .Text(tenant)
                                 .Blob(whole.subject.handle)
                                 .Run());
  }
  for (const WholeSubject& whole : subjects) FIELDKMS_RETURN_IF_ERROR(Insert(db, tenant, whole));
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> DeleteSubjectsOfTenant(SqliteConnection& db, std::string_view tenant,
                                                size_t limit) {
  FIELDKMS_RETURN_IF_ERROR(db.Use("DELETE FROM subjects WHERE rowid IN "
                                  "(SELECT rowid FROM subjects WHERE tenant = ? LIMIT ?)")
                               .Text(tenant)
                               .Int(FromBound(limit))
                               .Run());
  return static_cast<uint64_t>(db.RowsChanged());
}

}  // namespace fieldkms
