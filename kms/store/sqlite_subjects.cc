#include "kms/store/sqlite_subjects.h"

#include <algorithm>
#include <string>
#include <unordered_set>

#include "crypto/status.h"
#include "kms/store/sqlite_columns.h"
#include "kms/store/sqlite_tokens.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

absl::StatusOr<uint64_t> IdOf(const SqliteStatement& row) { return ToBits(row.ColumnInt(0)); }

absl::StatusOr<std::pair<uint64_t, TokenRecord>> TokenAndFieldOf(const SqliteStatement& row) {
  FIELDKMS_ASSIGN_OR_RETURN(TokenRecord token, TokenOf(row));
  return std::pair(ToBits(row.ColumnInt(9)), std::move(token));
}

std::string_view BytesOf(const SubjectStore::LogId& log) {
  return {reinterpret_cast<const char*>(log.data()), log.size()};
}

absl::StatusOr<bool> HasField(SqliteConnection& db, std::string_view tenant,
                              std::string_view handle, uint64_t field_id) {
  return db.Use("SELECT 1 FROM subject_fields WHERE tenant = ? AND handle = ? AND field_id = ?")
      .Text(tenant)
      .Blob(handle)
      .Int(FromBits(field_id))
      .Step();
}

absl::Status InsertSubject(SqliteConnection& db, std::string_view tenant,
                           const SubjectRecord& subject) {
  return db
      .Use(
          "INSERT INTO subjects (tenant, subject, handle, secret, create_time) "
          "VALUES (?, ?, ?, ?, ?)")
      .Text(tenant)
      .Blob(subject.subject)
      .Blob(subject.handle)
      .Blob(subject.secret)
      .Int(FromTime(subject.create_time))
      .Run();
}

absl::StatusOr<SubjectStore::ErasureMark> MarkOf(const SqliteStatement& row) {
  SubjectStore::ErasureMark mark;
  const std::string log = row.ColumnBytes(0);
  if (log.size() != mark.log.size()) return StoreCorrupt("the name of a log is not 16 bytes");
  std::copy(log.begin(), log.end(), mark.log.begin());
  mark.number = ToBits(row.ColumnInt(1));
  return mark;
}

// But "", which is nobody's.
absl::Status NeedHandles(SqliteConnection& db, std::string_view tenant,
                         const std::unordered_set<std::string_view>& handles) {
  for (const std::string_view handle : handles) {
    if (handle.empty()) continue;
    FIELDKMS_ASSIGN_OR_RETURN(const bool found,
                              db.Use("SELECT 1 FROM subjects WHERE tenant = ? AND handle = ?")
                                  .Text(tenant)
                                  .Blob(handle)
                                  .Step());
    if (!found) return SubjectNotFound();
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SubjectRecord> SubjectOf(const SqliteStatement& row) {
  SubjectRecord subject;
  subject.subject = row.ColumnBytes(0);
  subject.handle = row.ColumnBytes(1);
  subject.secret = row.ColumnBytes(2);
  subject.create_time = ToTime(row.ColumnInt(3));
  if (!row.ColumnIsNull(4)) subject.hold = LegalHold{row.ColumnBytes(4), ToTime(row.ColumnInt(5))};
  return subject;
}

absl::StatusOr<std::optional<SubjectRecord>> ReadSubject(SqliteConnection& db,
                                                         std::string_view tenant,
                                                         std::string_view subject) {
  SqliteStatement statement = db.Use(
      "SELECT subject, handle, secret, create_time, hold_reason, hold_time FROM subjects "
      "WHERE tenant = ? AND subject = ?");
  return One(statement.Text(tenant).Blob(subject), SubjectOf);
}

absl::StatusOr<std::optional<SubjectRecord>> ReadSubjectOf(SqliteConnection& db,
                                                           std::string_view tenant,
                                                           std::string_view handle) {
  SqliteStatement statement = db.Use(
      "SELECT subject, handle, secret, create_time, hold_reason, hold_time FROM subjects "
      "WHERE tenant = ? AND handle = ?");
  return One(statement.Text(tenant).Blob(handle), SubjectOf);
}

absl::StatusOr<std::vector<SubjectRecord>> ReadSubjects(SqliteConnection& db,
                                                        std::string_view tenant,
                                                        std::string_view after, size_t limit) {
  SqliteStatement statement = db.Use(
      "SELECT subject, handle, x'', create_time, hold_reason, hold_time FROM subjects "
      "WHERE tenant = ? AND subject > ? ORDER BY subject LIMIT ?");
  return All(statement.Text(tenant).Blob(after).Int(FromBound(limit)), SubjectOf);
}

absl::StatusOr<std::vector<uint64_t>> ReadSubjectFields(SqliteConnection& db,
                                                        std::string_view tenant,
                                                        std::string_view handle) {
  SqliteStatement statement = db.Use(
      "SELECT field_id FROM subject_fields WHERE tenant = ? AND handle = ? "
      "ORDER BY field_id < 0, field_id");
  return All(statement.Text(tenant).Blob(handle), IdOf);
}

absl::StatusOr<std::vector<std::pair<uint64_t, TokenRecord>>> ReadSubjectTokens(
    SqliteConnection& db, std::string_view tenant, std::string_view handle, const TokenPlace& after,
    size_t limit, WallTime now) {
  SqliteStatement statement = db.Use(
      "SELECT token, lookup, convergent, single_use, metadata, create_time, expire_time, subject, "
      "x'', field_id FROM tokens WHERE tenant = ? AND subject = ? "
      "AND (field_id < 0, field_id, token) > (?, ?, ?) "
      "AND (expire_time IS NULL OR expire_time > ?) "
      "ORDER BY field_id < 0, field_id, token LIMIT ?");
  const int64_t field_id = FromBits(after.field_id);
  statement.Text(tenant).Blob(handle).Int(field_id < 0).Int(field_id).Blob(after.token);
  return All(statement.Int(FromTime(now)).Int(FromBound(limit)), TokenAndFieldOf);
}

absl::StatusOr<bool> HasAnySubject(SqliteConnection& db) {
  FIELDKMS_ASSIGN_OR_RETURN(const int64_t has,
                            db.QueryInt("SELECT EXISTS (SELECT 1 FROM subjects)"));
  return has != 0;
}

absl::StatusOr<uint64_t> ReadErasureMark(SqliteConnection& db, const SubjectStore::LogId& log) {
  SqliteStatement row = db.Use("SELECT number FROM erasure_marks WHERE log = ?");
  FIELDKMS_ASSIGN_OR_RETURN(const bool found, row.Blob(BytesOf(log)).Step());
  return found ? static_cast<uint64_t>(row.ColumnInt(0)) : 0;
}

absl::StatusOr<std::vector<SubjectStore::ErasureMark>> ReadErasureMarks(SqliteConnection& db) {
  SqliteStatement statement = db.Use("SELECT log, number FROM erasure_marks ORDER BY log");
  return All(statement, MarkOf);
}

absl::Status NeedSubjects(SqliteConnection& db, std::string_view tenant,
                          std::span<const TokenRecord> tokens) {
  std::unordered_set<std::string_view> handles;
  for (const TokenRecord& token : tokens) handles.insert(token.subject);
  return NeedHandles(db, tenant, handles);
}

absl::Status NeedSubjects(SqliteConnection& db, std::string_view tenant,
                          std::span<const PlacedToken> tokens) {
  std::unordered_set<std::string_view> handles;
  for (const auto& [field_id, token] : tokens) handles.insert(token.subject);
  return NeedHandles(db, tenant, handles);
}

absl::StatusOr<std::optional<std::vector<SubjectRecord>>> ReadUsed(
    SqliteConnection& db, std::string_view tenant, std::span<const SubjectUse> uses) {
  using Used = std::optional<std::vector<SubjectRecord>>;
  std::vector<SubjectRecord> used;
  used.reserve(uses.size());
  for (const SubjectUse& use : uses) {
    FIELDKMS_ASSIGN_OR_RETURN(auto subject, ReadSubject(db, tenant, use.fresh.subject));
    if (!subject) return Used();
    FIELDKMS_ASSIGN_OR_RETURN(const bool noted,
                              HasField(db, tenant, subject->handle, use.field_id));
    if (!noted) return Used();
    used.push_back(*std::move(subject));
  }
  return Used(std::move(used));
}

absl::StatusOr<SubjectRecord> EnsureSubject(SqliteConnection& db, std::string_view tenant,
                                            const SubjectUse& use) {
  FIELDKMS_ASSIGN_OR_RETURN(auto subject, ReadSubject(db, tenant, use.fresh.subject));
  if (!subject) {
    FIELDKMS_RETURN_IF_ERROR(InsertSubject(db, tenant, use.fresh));
    subject = use.fresh;
  }
  FIELDKMS_RETURN_IF_ERROR(
      db.Use("INSERT INTO subject_fields (tenant, handle, field_id) VALUES (?, ?, ?) "
             "ON CONFLICT DO NOTHING")
          .Text(tenant)
          .Blob(subject->handle)
          .Int(FromBits(use.field_id))
          .Run());
  return *std::move(subject);
}

absl::Status WriteHold(SqliteConnection& db, std::string_view tenant, std::string_view subject,
                       const std::optional<LegalHold>& hold) {
  SqliteStatement statement =
      db.Use("UPDATE subjects SET hold_reason = ?, hold_time = ? WHERE tenant = ? AND subject = ?");
  if (hold) {
    statement.Blob(hold->reason).Int(FromTime(hold->time));
  } else {
    statement.Null().Null();
  }
  return statement.Text(tenant).Blob(subject).Run();
}

// Its tokens go with it by their foreign key, too, which does not count them.
absl::StatusOr<uint64_t> DeleteSubject(SqliteConnection& db, std::string_view tenant,
                                       std::string_view handle) {
  FIELDKMS_RETURN_IF_ERROR(db.Use("DELETE FROM tokens WHERE tenant = ? AND subject = ?")
                               .Text(tenant)
                               .Blob(handle)
                               .Run());
  const auto tokens = static_cast<uint64_t>(db.RowsChanged());
  FIELDKMS_RETURN_IF_ERROR(db.Use("DELETE FROM subjects WHERE tenant = ? AND handle = ?")
                               .Text(tenant)
                               .Blob(handle)
                               .Run());
  return tokens;
}

absl::Status WriteErasureMark(SqliteConnection& db, const SubjectStore::LogId& log,
                              uint64_t number) {
  return db
      .Use(
          "INSERT INTO erasure_marks (log, number) VALUES (?, ?) "
          "ON CONFLICT (log) DO UPDATE SET number = max(number, excluded.number)")
      .Blob(BytesOf(log))
      .Int(FromBits(number))
      .Run();
}

}  // namespace fieldkms
