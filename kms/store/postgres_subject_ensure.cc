// Subjects are ensured by sets: those that are missing are inserted in the order of their ids, all
// are locked in the order of their handles, and the fields that are missing are inserted in the
// order of handle and field. Of two calls that make the same subject, the second waits for the
// first's commit at the unique index and then reads what that has made.
#include <array>
#include <utility>

#include "kms/postgres/value.h"
#include "kms/store/postgres_subjects.h"
#include "kms/store/postgres_tokens.h"

namespace fieldkms {
namespace {

using Names = std::span<const std::string_view>;
// A handle and a field.
using Noted = std::set<std::pair<std::string, uint64_t>>;

class SubjectEnsure {
 public:
  SubjectEnsure(PostgresTransaction& db, std::string_view tenant, std::span<const SubjectUse> uses)
      : db_(db), tenant_(tenant), uses_(uses) {
    for (const SubjectUse& use : uses) wanted_.try_emplace(use.fresh.subject, &use.fresh);
    for (const auto& [subject, fresh] : wanted_) ids_.push_back(subject);
  }

  std::optional<std::vector<SubjectRecord>> Read() {
    ReadThere();
    if (there_.size() < wanted_.size() || !MissingFields().empty()) return std::nullopt;
    return InTheirOrder();
  }

  std::optional<std::vector<SubjectRecord>> Ensure() {
    ReadThere();
    InsertMissing();
    ReadThere();
    std::set<std::string> handles;
    for (const auto& [subject, record] : there_) handles.insert(record.handle);
    const auto locked = LockSubjects(db_, tenant_, handles, SubjectLock::kUse);
    if (locked.size() < wanted_.size()) return std::nullopt;
    InsertFields(MissingFields());
    return InTheirOrder();
  }

 private:
  void ReadThere() {
    static const std::string sql =
        std::string("SELECT ") + kSubjectColumns +
        ", secret FROM fieldkms_store.subjects WHERE tenant = $1 AND subject = ANY ($2::bytea[])";
    there_.clear();
    InParts(Names(ids_), [&](Names part) {
      for (const auto& row : db_.Run(sql, {tenant_, ByteaArray(part)})) {
        SubjectRecord record = SubjectOf(row);
        std::string subject = record.subject;
        there_.emplace(std::move(subject), std::move(record));
      }
    });
  }

  void InsertMissing() {
    std::vector<const SubjectRecord*> missing;
    for (const auto& [subject, fresh] : wanted_) {
      if (!there_.contains(subject)) missing.push_back(fresh);
    }
    InParts(std::span<const SubjectRecord* const>(missing), [&](auto part) {
      std::array<std::vector<PostgresValue>, 4> columns;
      for (const SubjectRecord* fresh : part) {
        columns[0].push_back(ByteaValue(fresh->subject));
        columns[1].push_back(ByteaValue(fresh->handle));
        columns[2].push_back(ByteaValue(fresh->secret));
        columns[3].emplace_back(fresh->create_time);
      }
      db_.Run(
          "INSERT INTO fieldkms_store.subjects (tenant, subject, handle, secret, create_time) "
          "SELECT $1::text, n.* FROM unnest($2::bytea[], $3::bytea[], $4::bytea[], "
          "$5::timestamptz[]) n ON CONFLICT (tenant, subject) DO NOTHING",
          {tenant_, ArrayValue(columns[0]), ArrayValue(columns[1]), ArrayValue(columns[2]),
           ArrayValue(columns[3])});
    });
  }

  // Of the subjects that are there.
  Noted MissingFields() {
    Noted missing;
    for (const SubjectUse& use : uses_) {
      const auto at = there_.find(use.fresh.subject);
      if (at != there_.end()) missing.emplace(at->second.handle, use.field_id);
    }
    std::vector<std::string_view> handles;
    for (const auto& [subject, record] : there_) handles.push_back(record.handle);
    InParts(Names(handles), [&](Names part) {
      for (const auto& row : db_.Run("SELECT handle, field_id FROM fieldkms_store.subject_fields "
                                     "WHERE tenant = $1 AND handle = ANY ($2::bytea[])",
                                     {tenant_, ByteaArray(part)})) {
        missing.erase({BytesOf(row[0]), IdOf(row[1])});
      }
    });
    return missing;
  }

  void InsertFields(const Noted& missing) {
    const std::vector<Noted::value_type> all(missing.begin(), missing.end());
    InParts(std::span(all), [&](auto part) {
      std::vector<PostgresValue> handles;
      std::vector<PostgresValue> ids;
      for (const auto& [handle, field_id] : part) {
        handles.push_back(ByteaValue(handle));
        ids.push_back(IdValue(field_id));
      }
      db_.Run(
          "INSERT INTO fieldkms_store.subject_fields (tenant, handle, field_id) "
          "SELECT $1::text, n.* FROM unnest($2::bytea[], $3::bigint[]) n ON CONFLICT DO NOTHING",
          {tenant_, ArrayValue(handles), ArrayValue(ids)});
    });
  }

  std::vector<SubjectRecord> InTheirOrder() const {
    std::vector<SubjectRecord> subjects;
    subjects.reserve(uses_.size());
    for (const SubjectUse& use : uses_) subjects.push_back(there_.find(use.fresh.subject)->second);
    return subjects;
  }

  PostgresTransaction& db_;
  const std::string_view tenant_;
  const std::span<const SubjectUse> uses_;
  std::map<std::string_view, const SubjectRecord*> wanted_;  // by their ids
  std::vector<std::string_view> ids_;
  std::map<std::string, SubjectRecord, std::less<>> there_;
};

}  // namespace

std::optional<std::vector<SubjectRecord>> ReadUsed(PostgresTransaction& db, std::string_view tenant,
                                                   std::span<const SubjectUse> uses) {
  return SubjectEnsure(db, tenant, uses).Read();
}

std::optional<std::vector<SubjectRecord>> EnsureUsed(PostgresTransaction& db,
                                                     std::string_view tenant,
                                                     std::span<const SubjectUse> uses) {
  return SubjectEnsure(db, tenant, uses).Ensure();
}

}  // namespace fieldkms
