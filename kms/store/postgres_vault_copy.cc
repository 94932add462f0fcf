#include "kms/store/postgres_vault_copy.h"

#include <array>
#include <bit>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "crypto/status.h"
#include "kms/postgres/value.h"
#include "kms/store/postgres_records.h"
#include "kms/store/postgres_subjects.h"
#include "kms/store/postgres_tokens.h"

namespace fieldkms {
namespace {

// Before all that can be.
TokenPlace FirstPlace() {
  return {std::bit_cast<uint64_t>(std::numeric_limits<int64_t>::min()), ""};
}

// Null for "".
PostgresValue BytesIfAny(std::string_view bytes) {
  return bytes.empty() ? PostgresValue(std::nullopt) : ByteaValue(bytes);
}

template <size_t kColumns>
std::vector<PostgresValue> ValuesOf(std::string_view tenant,
                                    const std::array<std::vector<PostgresValue>, kColumns>& all) {
  std::vector<PostgresValue> values = {tenant};
  for (const auto& column : all) values.push_back(ArrayValue(column));
  return values;
}

// What stands in the way of any of them, by its token or by its lookup. A field at a time: a join
// with the table may take any time where the size of that is not known yet.
void DeleteInTheWay(PostgresTransaction& db, std::string_view tenant,
                    std::span<const PlacedToken> tokens) {
  using Names = std::vector<std::string_view>;
  std::map<uint64_t, std::pair<Names, Names>> fields;
  for (const auto& [field_id, token] : tokens) {
    auto& [names, lookups] = fields[field_id];
    names.push_back(token.token);
    if (token.convergent) lookups.push_back(token.lookup);
  }
  for (const auto& [field_id, names] : fields) {
    db.Run(
        "DELETE FROM fieldkms_store.tokens WHERE tenant = $1 AND field_id = $2 "
        "AND token = ANY ($3::bytea[])",
        {tenant, IdValue(field_id), ByteaArray(names.first)});
    if (names.second.empty()) continue;
    db.Run(
        "DELETE FROM fieldkms_store.tokens WHERE tenant = $1 AND field_id = $2 "
        "AND lookup = ANY ($3::bytea[]) AND convergent",
        {tenant, IdValue(field_id), ByteaArray(names.second)});
  }
}

// Whether all were inserted: none is where another is in its way.
bool Insert(PostgresTransaction& db, std::string_view tenant, std::span<const PlacedToken> tokens) {
  std::array<std::vector<PostgresValue>, 10> columns;
  for (const auto& [field_id, token] : tokens) {
    columns[0].push_back(IdValue(field_id));
    columns[1].push_back(ByteaValue(token.token));
    columns[2].push_back(BytesIfAny(token.lookup));
    columns[3].emplace_back(token.convergent);
    columns[4].emplace_back(token.single_use);
    columns[5].push_back(ByteaValue(token.sealed));
    columns[6].push_back(ByteaValue(token.metadata));
    columns[7].emplace_back(token.create_time);
    columns[8].emplace_back(token.expire_time);
    columns[9].push_back(BytesIfAny(token.subject));
  }
  const pqxx::result inserted = db.Run(
      "INSERT INTO fieldkms_store.tokens (tenant, field_id, token, lookup, convergent, "
      "single_use, sealed, metadata, create_time, expire_time, subject) SELECT $1::text, n.* "
      "FROM unnest($2::bigint[], $3::bytea[], $4::bytea[], $5::boolean[], $6::boolean[], "
      "$7::bytea[], $8::bytea[], $9::timestamptz[], $10::timestamptz[], $11::bytea[]) n "
      "ON CONFLICT DO NOTHING",
      ValuesOf(tenant, columns));
  return static_cast<size_t>(inserted.affected_rows()) == tokens.size();
}

void DeleteInTheWay(PostgresTransaction& db, std::string_view tenant,
                    std::span<const WholeSubject> subjects) {
  std::vector<std::string_view> ids;
  std::vector<std::string_view> handles;
  for (const WholeSubject& whole : subjects) {
    ids.push_back(whole.subject.subject);
    handles.push_back(whole.subject.handle);
  }
  db.Run("DELETE FROM fieldkms_store.subjects WHERE tenant = $1 AND subject = ANY ($2::bytea[])",
         {tenant, ByteaArray(ids)});
  db.Run("DELETE FROM fieldkms_store.subjects WHERE tenant = $1 AND handle = ANY ($2::bytea[])",
         {tenant, ByteaArray(handles)});
}

void InsertFields(PostgresTransaction& db, std::string_view tenant,
                  std::span<const WholeSubject> subjects) {
  std::array<std::vector<PostgresValue>, 2> columns;
  for (const WholeSubject& whole : subjects) {
    for (const uint64_t field_id : whole.field_ids) {
      columns[0].push_back(ByteaValue(whole.subject.handle));
      columns[1].push_back(IdValue(field_id));
    }
  }
  db.Run(
      "INSERT INTO fieldkms_store.subject_fields (tenant, handle, field_id) "
      "SELECT $1::text, n.* FROM unnest($2::bytea[], $3::bigint[]) n",
      ValuesOf(tenant, columns));
}

bool Insert(PostgresTransaction& db, std::string_view tenant,
            std::span<const WholeSubject> subjects) {
  std::array<std::vector<PostgresValue>, 6> columns;
  for (const auto& [subject, field_ids] : subjects) {
    columns[0].push_back(ByteaValue(subject.subject));
    columns[1].push_back(ByteaValue(subject.handle));
    columns[2].push_back(ByteaValue(subject.secret));
    columns[3].emplace_back(subject.create_time);
    const auto& hold = subject.hold;
    columns[4].push_back(hold ? ByteaValue(hold->reason) : PostgresValue(std::nullopt));
    columns[5].push_back(hold ? PostgresValue(hold->time) : PostgresValue(std::nullopt));
  }
  const pqxx::result inserted = db.Run(
      "INSERT INTO fieldkms_store.subjects (tenant, subject, handle, secret, create_time, "
      "hold_reason, hold_time) SELECT $1::text, n.* FROM unnest($2::bytea[], $3::bytea[], "
      "$4::bytea[], $5::timestamptz[], $6::bytea[], $7::timestamptz[]) n ON CONFLICT DO NOTHING",
      ValuesOf(tenant, columns));
  return static_cast<size_t>(inserted.affected_rows()) == subjects.size();
}

absl::Status InEachOthersWay() { return Bug("two records of a copy are in the way of each other"); }

// Inserts what is free first: in a copy that is all. Looking for what is in the way may take any
// time where nothing is known yet of how much there is in a table that is being filled.
template <class Record>
absl::Status Write(PostgresTransaction& db, std::string_view tenant,
                   std::span<const Record> records) {
  bool all = true;
  InParts(records, [&](std::span<const Record> part) {
    if (Insert(db, tenant, part)) return;
    DeleteInTheWay(db, tenant, part);
    all = Insert(db, tenant, part) && all;
  });
  return all ? absl::OkStatus() : Bug("a record of a copy was not written");
}

}  // namespace

std::vector<PlacedToken> ReadPlacedTokens(PostgresTransaction& db, std::string_view tenant,
                                          const std::optional<TokenPlace>& after, size_t limit,
                                          WallTime now) {
  static const std::string sql =
      std::string("SELECT ") + kTokenColumns +
      ", sealed, field_id FROM fieldkms_store.tokens WHERE tenant = $1 "
      "AND (field_id, token) > ($2::bigint, $3::bytea) "
      "AND (expire_time IS NULL OR expire_time > $4) ORDER BY field_id, token LIMIT $5";
  const TokenPlace from = after.value_or(FirstPlace());
  // FirstPlace() is no id of a field: IdValue is for those.
  return RecordsOf(
      db.Run(sql, {tenant, std::bit_cast<int64_t>(from.field_id), ByteaValue(from.token), now,
                   LimitValue(limit)}),
      [](const pqxx::row& row) { return PlacedToken(IdOf(row[row.size() - 1]), TokenOf(row)); });
}

absl::Status WritePlacedTokens(PostgresTransaction& db, std::string_view tenant,
                               std::span<const PlacedToken> tokens) {
  std::set<std::pair<uint64_t, std::string_view>> names;
  std::set<std::pair<uint64_t, std::string_view>> lookups;
  for (const auto& [field_id, token] : tokens) {
    const bool other = names.emplace(field_id, token.token).second &&
                       (!token.convergent || lookups.emplace(field_id, token.lookup).second);
    if (!other) return InEachOthersWay();
  }
  return Write(db, tenant, tokens);
}

uint64_t DeleteTokensOfTenant(PostgresTransaction& db, std::string_view tenant, size_t limit) {
  return static_cast<uint64_t>(
      db.Run("DELETE FROM fieldkms_store.tokens WHERE ctid = ANY (ARRAY("
             "SELECT ctid FROM fieldkms_store.tokens WHERE tenant = $1 LIMIT $2))",
             {tenant, LimitValue(limit)})
          .affected_rows());
}

// A read sees one state: subjects and their fields are of the same.
std::vector<WholeSubject> ReadWholeSubjects(PostgresTransaction& db, std::string_view tenant,
                                            std::string_view after, size_t limit) {
  static const std::string sql = std::string("SELECT ") + kSubjectColumns +
                                 ", secret FROM fieldkms_store.subjects WHERE tenant = $1 AND "
                                 "subject > $2 ORDER BY subject LIMIT $3";
  std::vector<WholeSubject> subjects = RecordsOf(
      db.Run(sql, {tenant, ByteaValue(after), LimitValue(limit)}), [](const pqxx::row& row) {
        return WholeSubject{SubjectOf(row), {}};
      });
  std::map<std::string_view, WholeSubject*> by_handle;
  std::vector<std::string_view> handles;
  for (WholeSubject& whole : subjects) {
    by_handle[whole.subject.handle] = &whole;
    handles.push_back(whole.subject.handle);
  }
  using Names = std::span<const std::string_view>;
  InParts(Names(handles), [&](Names part) {
    for (const auto& row : db.Run("SELECT handle, field_id FROM fieldkms_store.subject_fields "
                                  "WHERE tenant = $1 AND handle = ANY ($2::bytea[]) "
                                  "ORDER BY field_id < 0, field_id",
                                  {tenant, ByteaArray(part)})) {
      by_handle.at(BytesOf(row[0]))->field_ids.push_back(IdOf(row[1]));
    }
  });
  return subjects;
}

absl::Status WriteWholeSubjects(PostgresTransaction& db, std::string_view tenant,
                                std::span<const WholeSubject> subjects) {
  std::set<std::string_view> ids;
  std::set<std::string_view> handles;
  for (const auto& [subject, field_ids] : subjects) {
    const bool other = ids.insert(subject.subject).second && handles.insert(subject.handle).second;
    if (!other) return InEachOthersWay();
  }
  FIELDKMS_RETURN_IF_ERROR(Write(db, tenant, subjects));
  InParts(subjects, [&](std::span<const WholeSubject> part) { InsertFields(db, tenant, part); });
  return absl::OkStatus();
}

uint64_t DeleteSubjectsOfTenant(PostgresTransaction& db, std::string_view tenant, size_t limit) {
  return static_cast<uint64_t>(
      db.Run("DELETE FROM fieldkms_store.subjects WHERE ctid = ANY (ARRAY("
             "SELECT ctid FROM fieldkms_store.subjects WHERE tenant = $1 LIMIT $2))",
             {tenant, LimitValue(limit)})
          .affected_rows());
}

}  // namespace fieldkms
