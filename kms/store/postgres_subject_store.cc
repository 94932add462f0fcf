#include "kms/store/postgres_subject_store.h"

#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <string>

#include "crypto/status.h"
#include "kms/postgres/sqlstate.h"
#include "kms/postgres/value.h"
#include "kms/store/postgres_records.h"
#include "kms/store/postgres_subjects.h"
#include "kms/store/postgres_tokens.h"
#include "kms/store/postgres_vault_copy.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

using Names = std::span<const std::string_view>;
using Subjects = std::vector<SubjectRecord>;

// More than one only where the same subjects are erased at the same time.
constexpr int kMostAttempts = 10;

PostgresValue LogValue(const SubjectStore::LogId& log) {
  return ByteaValue({reinterpret_cast<const char*>(log.data()), log.size()});
}

SubjectStore::ErasureMark MarkOf(const pqxx::row& row) {
  SubjectStore::ErasureMark mark;
  const std::string log = BytesOf(row[0]);
  if (log.size() != mark.log.size()) RefuseRow();
  std::copy(log.begin(), log.end(), mark.log.begin());
  mark.number = row[1].as<uint64_t>();
  return mark;
}

std::vector<uint64_t> ReadFields(PostgresTransaction& db, std::string_view tenant,
                                 std::string_view handle) {
  return RecordsOf(db.Run("SELECT field_id FROM fieldkms_store.subject_fields WHERE tenant = $1 "
                          "AND handle = $2 ORDER BY field_id < 0, field_id",
                          {tenant, ByteaValue(handle)}),
                   [](const pqxx::row& row) { return IdOf(row[0]); });
}

std::optional<SubjectRecord> ReadSubject(PostgresTransaction& db, std::string_view tenant,
                                         std::string_view subject) {
  static const std::string sql = std::string("SELECT ") + kSubjectColumns +
                                 " FROM fieldkms_store.subjects WHERE tenant = $1 AND subject = $2";
  return RecordIfAny(db.Run(sql, {tenant, ByteaValue(subject)}), SubjectOf);
}

// What of it, which is locked, goes.
absl::StatusOr<ErasedSubject> EraseLocked(PostgresTransaction& db, std::string_view tenant,
                                          std::string_view subject, std::string_view handle) {
  auto record = ReadSubject(db, tenant, subject);
  if (!record || record->handle != handle) return SubjectNotFound();
  if (record->hold) return SubjectOnHold();
  ErasedSubject erased{*std::move(record), 0, ReadFields(db, tenant, handle)};
  erased.tokens = DeleteSubjects(db, tenant, Names(&handle, 1));
  return erased;
}

}  // namespace

template <class T, class Body>
absl::StatusOr<T> PostgresSubjectStore::Read(std::string_view tenant, Deadline deadline,
                                             const Body& body) {
  return ResultOf<T>(transactions_, &PostgresTransactions::Read, tenant, deadline, body);
}

absl::StatusOr<Subjects> PostgresSubjectStore::EnsureSubjects(std::string_view tenant,
                                                              std::span<const SubjectUse> uses,
                                                              Deadline deadline) {
  using Used = std::optional<Subjects>;
  for (const SubjectUse& use : uses) FIELDKMS_RETURN_IF_ERROR(CheckSubjectUse(use));
  const auto read = [&](PostgresTransaction& db) -> absl::StatusOr<Used> {
    return ReadUsed(db, tenant, uses);
  };
  const auto ensure = [&](PostgresTransaction& db) -> absl::StatusOr<Used> {
    if (!ReadTenant(db, tenant)) return TenantNotFound();
    Used used = EnsureUsed(db, tenant, uses);
    if (!used) db.WriteNothing();
    return used;
  };
  FIELDKMS_ASSIGN_OR_RETURN(Used used, Read<Used>(tenant, deadline, read));
  for (int attempt = 0; !used && attempt < kMostAttempts; ++attempt) {
    FIELDKMS_ASSIGN_OR_RETURN(used,
                              WriteUnlessFrozen<Used>(transactions_, tenant, deadline, ensure));
  }
  if (used) return *std::move(used);
  return PostgresUnavailable("these subjects were erased all the time: try again");
}

absl::StatusOr<std::vector<std::optional<SubjectRecord>>> PostgresSubjectStore::GetSubjects(
    std::string_view tenant, Names handles, Deadline deadline) {
  using Found = std::vector<std::optional<SubjectRecord>>;
  static const std::string sql =
      std::string("SELECT ") + kSubjectColumns +
      ", secret FROM fieldkms_store.subjects WHERE tenant = $1 AND handle = ANY ($2::bytea[])";
  return Read<Found>(tenant, deadline, [&](PostgresTransaction& db) -> absl::StatusOr<Found> {
    std::map<std::string, SubjectRecord, std::less<>> by_handle;
    InParts(handles, [&](Names part) {
      for (const auto& row : db.Run(sql, {tenant, ByteaArray(part)})) {
        SubjectRecord record = SubjectOf(row);
        std::string handle = record.handle;
        by_handle.emplace(std::move(handle), std::move(record));
      }
    });
    Found found;
    found.reserve(handles.size());
    for (const std::string_view handle : handles) {
      const auto at = by_handle.find(handle);
      found.push_back(at == by_handle.end() ? std::nullopt : std::optional(at->second));
    }
    return found;
  });
}

absl::StatusOr<SubjectRecord> PostgresSubjectStore::FindSubject(std::string_view tenant,
                                                                std::string_view subject,
                                                                Deadline deadline) {
  return Read<SubjectRecord>(tenant, deadline,
                             [&](PostgresTransaction& db) -> absl::StatusOr<SubjectRecord> {
                               auto found = ReadSubject(db, tenant, subject);
                               if (!found) return SubjectNotFound();
                               return *std::move(found);
                             });
}

absl::StatusOr<Subjects> PostgresSubjectStore::ListSubjects(std::string_view tenant,
                                                            std::string_view after, size_t limit,
                                                            Deadline deadline) {
  static const std::string sql = std::string("SELECT ") + kSubjectColumns +
                                 " FROM fieldkms_store.subjects WHERE tenant = $1 AND subject > $2 "
                                 "ORDER BY subject LIMIT $3";
  return Read<Subjects>(tenant, deadline, [&](PostgresTransaction& db) -> absl::StatusOr<Subjects> {
    return RecordsOf(db.Run(sql, {tenant, ByteaValue(after), LimitValue(limit)}), SubjectOf);
  });
}

absl::StatusOr<std::vector<uint64_t>> PostgresSubjectStore::ListSubjectFields(
    std::string_view tenant, std::string_view handle, Deadline deadline) {
  using Ids = std::vector<uint64_t>;
  return Read<Ids>(tenant, deadline, [&](PostgresTransaction& db) -> absl::StatusOr<Ids> {
    return ReadFields(db, tenant, handle);
  });
}

absl::StatusOr<std::vector<PlacedToken>> PostgresSubjectStore::ListSubjectTokens(
    std::string_view tenant, std::string_view handle, const TokenPlace& after, size_t limit,
    WallTime now, Deadline deadline) {
  using Tokens = std::vector<std::pair<uint64_t, TokenRecord>>;
  static const std::string sql =
      std::string("SELECT ") + kTokenColumns +
      ", NULL::bytea, field_id FROM fieldkms_store.tokens WHERE tenant = $1 AND subject = $2 "
      "AND ((field_id < 0), field_id, token) > ($3::boolean, $4::bigint, $5::bytea) "
      "AND (expire_time IS NULL OR expire_time > $6) "
      "ORDER BY (field_id < 0), field_id, token LIMIT $7";
  const auto field_id = std::bit_cast<int64_t>(after.field_id);
  return Read<Tokens>(tenant, deadline, [&](PostgresTransaction& db) -> absl::StatusOr<Tokens> {
    return RecordsOf(
        db.Run(sql, {tenant, ByteaValue(handle), field_id < 0, field_id, ByteaValue(after.token),
                     now, LimitValue(limit)}),
        [](const pqxx::row& row) { return std::pair(IdOf(row[row.size() - 1]), TokenOf(row)); });
  });
}

absl::StatusOr<SubjectRecord> PostgresSubjectStore::SetHold(std::string_view tenant,
                                                            std::string_view subject,
                                                            const std::optional<LegalHold>& hold,
                                                            Deadline deadline) {
  if (hold) FIELDKMS_RETURN_IF_ERROR(CheckLegalHold(*hold));
  static const std::string sql =
      std::string(
          "UPDATE fieldkms_store.subjects SET hold_reason = $3, hold_time = $4 "
          "WHERE tenant = $1 AND subject = $2 RETURNING ") +
      kSubjectColumns;
  return WriteUnlessFrozen<SubjectRecord>(
      transactions_, tenant, deadline,
      [&](PostgresTransaction& db) -> absl::StatusOr<SubjectRecord> {
        const PostgresValue reason = hold ? ByteaValue(hold->reason) : PostgresValue(std::nullopt);
        const PostgresValue time = hold ? PostgresValue(hold->time) : PostgresValue(std::nullopt);
        auto held =
            RecordIfAny(db.Run(sql, {tenant, ByteaValue(subject), reason, time}), SubjectOf);
        if (!held) return SubjectNotFound();
        return *std::move(held);
      });
}

absl::StatusOr<ErasedSubject> PostgresSubjectStore::EraseSubject(std::string_view tenant,
                                                                 std::string_view subject,
                                                                 std::string_view handle,
                                                                 Deadline deadline) {
  std::optional<ErasedSubject> before;  // by a run that may have been committed
  return WriteUnlessFrozen<ErasedSubject>(
      transactions_, tenant, deadline,
      [&](PostgresTransaction& db) -> absl::StatusOr<ErasedSubject> {
        if (!db.in_doubt()) before.reset();
        const auto locked = LockSubjects(db, tenant, {std::string(handle)}, SubjectLock::kErase);
        if (locked.empty() && before) return *before;
        FIELDKMS_ASSIGN_OR_RETURN(before, EraseLocked(db, tenant, subject, handle));
        return *before;
      });
}

absl::StatusOr<uint64_t> PostgresSubjectStore::EraseAgain(std::string_view tenant, Names handles,
                                                          Deadline deadline) {
  std::set<std::string> gone;  // also by runs that may have been committed
  return WriteUnlessFrozen<uint64_t>(
      transactions_, tenant, deadline, [&](PostgresTransaction& db) -> absl::StatusOr<uint64_t> {
        if (!db.in_doubt()) gone.clear();
        const std::set<std::string> wanted(handles.begin(), handles.end());
        const auto locked = LockSubjects(db, tenant, wanted, SubjectLock::kErase);
        std::vector<std::string_view> there;
        for (const auto& [handle, held] : locked) there.push_back(handle);
        DeleteSubjects(db, tenant, there);
        gone.insert(there.begin(), there.end());
        return gone.size();
      });
}

absl::StatusOr<uint64_t> PostgresSubjectStore::ErasedUpTo(const LogId& log, Deadline deadline) {
  return Read<uint64_t>("", deadline, [&](PostgresTransaction& db) -> absl::StatusOr<uint64_t> {
    const pqxx::result rows =
        db.Run("SELECT number FROM fieldkms_store.erasure_marks WHERE log = $1", {LogValue(log)});
    return rows.empty() ? uint64_t{0} : rows[0][0].as<uint64_t>();
  });
}

absl::Status PostgresSubjectStore::MarkErased(const LogId& log, uint64_t number,
                                              Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckErasureNumber(number));
  const auto mark = [&](PostgresTransaction& db) -> absl::StatusOr<bool> {
    db.Run(
        "INSERT INTO fieldkms_store.erasure_marks AS m (log, number) VALUES ($1, $2) "
        "ON CONFLICT (log) DO UPDATE SET number = greatest(m.number, excluded.number)",
        {LogValue(log), BigintValue(number)});
    return true;
  };
  return WriteUnlessFrozen<bool>(transactions_, "", deadline, mark).status();
}

absl::StatusOr<std::vector<SubjectStore::ErasureMark>> PostgresSubjectStore::ErasureMarks(
    Deadline deadline) {
  using Marks = std::vector<ErasureMark>;
  return Read<Marks>("", deadline, [](PostgresTransaction& db) -> absl::StatusOr<Marks> {
    return RecordsOf(
        db.Run("SELECT log, number FROM fieldkms_store.erasure_marks ORDER BY log", {}), MarkOf);
  });
}

absl::StatusOr<bool> PostgresSubjectStore::HasSubjects(Deadline deadline) {
  return Read<bool>("", deadline, [](PostgresTransaction& db) -> absl::StatusOr<bool> {
    return BoolOf(db.Run("SELECT fieldkms_store.has_subjects()", {})[0][0]);
  });
}

absl::StatusOr<std::vector<WholeSubject>> PostgresSubjectStore::ScanSubjects(
    std::string_view tenant, std::string_view after, size_t limit, Deadline deadline) {
  using Wholes = std::vector<WholeSubject>;
  return Read<Wholes>(tenant, deadline, [&](PostgresTransaction& db) -> absl::StatusOr<Wholes> {
    return ReadWholeSubjects(db, tenant, after, limit);
  });
}

absl::Status PostgresSubjectStore::CopySubjects(std::string_view tenant,
                                                std::span<const WholeSubject> subjects,
                                                Deadline deadline) {
  for (const WholeSubject& whole : subjects) FIELDKMS_RETURN_IF_ERROR(CheckWholeSubject(whole));
  const auto write = [&](PostgresTransaction& db) -> absl::StatusOr<bool> {
    if (!ReadTenant(db, tenant)) return TenantNotFound();
    FIELDKMS_RETURN_IF_ERROR(WriteWholeSubjects(db, tenant, subjects));
    return true;
  };
  return WriteUnlessFrozen<bool>(transactions_, tenant, deadline, write).status();
}

absl::StatusOr<uint64_t> PostgresSubjectStore::DropSubjects(std::string_view tenant, size_t limit,
                                                            Deadline deadline) {
  return WriteUnlessFrozen<uint64_t>(transactions_, tenant, deadline,
                                     [&](PostgresTransaction& db) -> absl::StatusOr<uint64_t> {
                                       return DeleteSubjectsOfTenant(db, tenant, limit);
                                     });
}

}  // namespace fieldkms
