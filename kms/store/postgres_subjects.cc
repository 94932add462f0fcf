#include "kms/store/postgres_subjects.h"

#include "kms/postgres/value.h"
#include "kms/store/postgres_tokens.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

std::string_view LockSql(SubjectLock lock) {
  switch (lock) {
    case SubjectLock::kUse:
      return "SELECT handle, hold_reason IS NOT NULL FROM fieldkms_store.subjects "
             "WHERE tenant = $1 AND handle = ANY ($2::bytea[]) ORDER BY handle FOR KEY SHARE";
    case SubjectLock::kEraseTokens:
      return "SELECT handle, hold_reason IS NOT NULL FROM fieldkms_store.subjects "
             "WHERE tenant = $1 AND handle = ANY ($2::bytea[]) ORDER BY handle FOR SHARE";
    case SubjectLock::kErase:
      break;
  }
  return "SELECT handle, hold_reason IS NOT NULL FROM fieldkms_store.subjects "
         "WHERE tenant = $1 AND handle = ANY ($2::bytea[]) ORDER BY handle FOR UPDATE";
}

}  // namespace

SubjectRecord SubjectOf(const pqxx::row& row) {
  SubjectRecord subject;
  subject.subject = BytesOf(row[0]);
  subject.handle = BytesOf(row[1]);
  subject.create_time = TimeOf(row[2]);
  if (!row[3].is_null()) subject.hold = LegalHold{BytesOf(row[3]), TimeOf(row[4])};
  if (row.size() > 5) subject.secret = BytesOf(row[5]);
  return subject;
}

std::map<std::string, bool, std::less<>> LockSubjects(PostgresTransaction& db,
                                                      std::string_view tenant,
                                                      const std::set<std::string>& handles,
                                                      SubjectLock lock) {
  const std::vector<std::string_view> in_order(handles.begin(), handles.end());
  std::map<std::string, bool, std::less<>> held;
  InParts(std::span<const std::string_view>(in_order), [&](std::span<const std::string_view> part) {
    for (const auto& row : db.Run(LockSql(lock), {tenant, ByteaArray(part)})) {
      held.emplace(BytesOf(row[0]), BoolOf(row[1]));
    }
  });
  return held;
}

absl::Status UseSubjects(PostgresTransaction& db, std::string_view tenant,
                         std::span<const TokenRecord> tokens) {
  std::set<std::string> handles;
  for (const TokenRecord& token : tokens) {
    if (!token.subject.empty()) handles.insert(token.subject);
  }
  const auto there = LockSubjects(db, tenant, handles, SubjectLock::kUse);
  return there.size() == handles.size() ? absl::OkStatus() : SubjectNotFound();
}

// Tokens first: the key would delete them one subject after another, and not count them. They are
// locked in the order in which all lock them, in a statement of its own, since a join of what is
// locked with the table may take any time where the size of that is not known yet.
uint64_t DeleteSubjects(PostgresTransaction& db, std::string_view tenant,
                        std::span<const std::string_view> handles) {
  uint64_t tokens = 0;
  InParts(handles, [&](std::span<const std::string_view> part) {
    const std::vector<PostgresValue> values = {tenant, ByteaArray(part)};
    db.Run(
        "SELECT count(*) FROM (SELECT FROM fieldkms_store.tokens WHERE tenant = $1 "
        "AND subject = ANY ($2::bytea[]) ORDER BY field_id, token FOR UPDATE) locked",
        values);
    tokens += db.Run(
                    "DELETE FROM fieldkms_store.tokens "
                    "WHERE tenant = $1 AND subject = ANY ($2::bytea[])",
                    values)
                  .affected_rows();
    db.Run("DELETE FROM fieldkms_store.subjects WHERE tenant = $1 AND handle = ANY ($2::bytea[])",
           values);
  });
  return tokens;
}

}  // namespace fieldkms
