#include "kms/store/sqlite_subject_store.h"

#include "crypto/status.h"
#include "kms/store/sqlite_columns.h"
#include "kms/store/sqlite_subjects.h"
#include "kms/store/sqlite_tenants.h"
#include "kms/store/sqlite_vault_copy.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

using Db = SqliteConnection;
using Subjects = std::vector<SubjectRecord>;

// The file is read once for each of so many secrets; for more it is written anew.
constexpr size_t kMostSearches = 8;

absl::StatusOr<SubjectRecord> NeedSubject(Db& db, std::string_view tenant,
                                          std::string_view subject) {
  return OrNotFound(ReadSubject(db, tenant, subject), SubjectNotFound);
}

absl::StatusOr<SubjectRecord> WithoutSecret(absl::StatusOr<SubjectRecord> subject) {
  if (subject.ok()) subject->secret.clear();
  return subject;
}

}  // namespace

absl::StatusOr<Subjects> SqliteSubjectStore::EnsureSubjects(std::string_view tenant,
                                                            std::span<const SubjectUse> uses,
                                                            Deadline deadline) {
  for (const SubjectUse& use : uses) FIELDKMS_RETURN_IF_ERROR(CheckSubjectUse(use));
  FIELDKMS_ASSIGN_OR_RETURN(
      auto used, work_.Read(deadline, [&](Db& db) { return ReadUsed(db, tenant, uses); }));
  if (used) return *std::move(used);
  return work_.WriteUnlessFrozen<Subjects>(
      deadline, Shred::kNo, [&](Db& db) -> absl::StatusOr<Subjects> {
        FIELDKMS_RETURN_IF_ERROR(NeedTenant(db, tenant));
        Subjects subjects;
        subjects.reserve(uses.size());
        for (const SubjectUse& use : uses) {
          FIELDKMS_ASSIGN_OR_RETURN(SubjectRecord subject, EnsureSubject(db, tenant, use));
          subjects.push_back(std::move(subject));
        }
        return subjects;
      });
}

absl::StatusOr<std::vector<std::optional<SubjectRecord>>> SqliteSubjectStore::GetSubjects(
    std::string_view tenant, std::span<const std::string_view> handles, Deadline deadline) {
  using Found = std::vector<std::optional<SubjectRecord>>;
  return work_.Read(deadline, [&](Db& db) -> absl::StatusOr<Found> {
    Found found;
    found.reserve(handles.size());
    for (const std::string_view handle : handles) {
      FIELDKMS_ASSIGN_OR_RETURN(auto subject, ReadSubjectOf(db, tenant, handle));
      found.push_back(std::move(subject));
    }
    return found;
  });
}

absl::StatusOr<SubjectRecord> SqliteSubjectStore::FindSubject(std::string_view tenant,
                                                              std::string_view subject,
                                                              Deadline deadline) {
  return work_.Read(deadline,
                    [&](Db& db) { return WithoutSecret(NeedSubject(db, tenant, subject)); });
}

absl::StatusOr<Subjects> SqliteSubjectStore::ListSubjects(std::string_view tenant,
                                                          std::string_view after, size_t limit,
                                                          Deadline deadline) {
  return work_.Read(deadline, [&](Db& db) { return ReadSubjects(db, tenant, after, limit); });
}

absl::StatusOr<std::vector<uint64_t>> SqliteSubjectStore::ListSubjectFields(std::string_view tenant,
                                                                            std::string_view handle,
                                                                            Deadline deadline) {
  return work_.Read(deadline, [&](Db& db) { return ReadSubjectFields(db, tenant, handle); });
}

absl::StatusOr<std::vector<std::pair<uint64_t, TokenRecord>>> SqliteSubjectStore::ListSubjectTokens(
    std::string_view tenant, std::string_view handle, const TokenPlace& after, size_t limit,
    WallTime now, Deadline deadline) {
  return work_.Read(
      deadline, [&](Db& db) { return ReadSubjectTokens(db, tenant, handle, after, limit, now); });
}

absl::StatusOr<SubjectRecord> SqliteSubjectStore::SetHold(std::string_view tenant,
                                                          std::string_view subject,
                                                          const std::optional<LegalHold>& hold,
                                                          Deadline deadline) {
  if (hold) FIELDKMS_RETURN_IF_ERROR(CheckLegalHold(*hold));
  return work_.WriteUnlessFrozen<SubjectRecord>(
      deadline, Shred::kNo, [&](Db& db) -> absl::StatusOr<SubjectRecord> {
        FIELDKMS_RETURN_IF_ERROR(WriteHold(db, tenant, subject, hold));
        return WithoutSecret(NeedSubject(db, tenant, subject));
      });
}

// One that is not there is no error before the log is empty: a repeat asks for that.
absl::StatusOr<ErasedSubject> SqliteSubjectStore::EraseSubject(std::string_view tenant,
                                                               std::string_view subject,
                                                               std::string_view handle,
                                                               Deadline deadline) {
  using Erased = std::optional<ErasedSubject>;
  std::vector<std::string> secrets;
  auto erased =
      work_.WriteUnlessFrozen<Erased>(deadline, Shred::kYes, [&](Db& db) -> absl::StatusOr<Erased> {
        FIELDKMS_ASSIGN_OR_RETURN(auto found, ReadSubject(db, tenant, subject));
        if (!found || found->handle != handle) return Erased();
        if (found->hold) return SubjectOnHold();
        FIELDKMS_RETURN_IF_ERROR(SqliteWork::NoteScrub(db));
        secrets.push_back(std::exchange(found->secret, {}));
        ErasedSubject gone{*std::move(found), 0, {}};
        FIELDKMS_ASSIGN_OR_RETURN(gone.field_ids, ReadSubjectFields(db, tenant, handle));
        FIELDKMS_ASSIGN_OR_RETURN(gone.tokens, DeleteSubject(db, tenant, handle));
        return gone;
      });
  FIELDKMS_RETURN_IF_ERROR(Scrub(erased.status(), secrets, deadline));
  if (!erased->has_value()) return SubjectNotFound();
  return **std::move(erased);
}

absl::StatusOr<uint64_t> SqliteSubjectStore::EraseAgain(std::string_view tenant,
                                                        std::span<const std::string_view> handles,
                                                        Deadline deadline) {
  std::vector<std::string> secrets;
  const auto erased = work_.WriteUnlessFrozen<uint64_t>(
      deadline, Shred::kYes, [&](Db& db) -> absl::StatusOr<uint64_t> {
        for (const std::string_view handle : handles) {
          FIELDKMS_ASSIGN_OR_RETURN(auto found, ReadSubjectOf(db, tenant, handle));
          if (!found) continue;
          if (secrets.empty()) FIELDKMS_RETURN_IF_ERROR(SqliteWork::NoteScrub(db));
          secrets.push_back(std::move(found->secret));
          FIELDKMS_RETURN_IF_ERROR(DeleteSubject(db, tenant, handle).status());
        }
        return secrets.size();
      });
  FIELDKMS_RETURN_IF_ERROR(Scrub(erased.status(), secrets, deadline));
  return erased;
}

absl::Status SqliteSubjectStore::Scrub(const absl::Status& erased,
                                       std::span<const std::string> secrets, Deadline deadline) {
  if (!erased.ok() && !secrets.empty()) work_.ScrubLater();
  if (!erased.ok()) return erased;
  if (secrets.size() > kMostSearches) work_.ScrubLater();
  return work_.Scrub(secrets, deadline);
}

absl::StatusOr<uint64_t> SqliteSubjectStore::ErasedUpTo(const LogId& log, Deadline deadline) {
  return work_.Read(deadline, [&](Db& db) { return ReadErasureMark(db, log); });
}

absl::Status SqliteSubjectStore::MarkErased(const LogId& log, uint64_t number, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckErasureNumber(number));
  const auto write = [&](Db& db) -> absl::StatusOr<bool> {
    FIELDKMS_RETURN_IF_ERROR(WriteErasureMark(db, log, number));
    return true;
  };
  return work_.WriteUnlessFrozen<bool>(deadline, Shred::kNo, write).status();
}

absl::StatusOr<std::vector<SubjectStore::ErasureMark>> SqliteSubjectStore::ErasureMarks(
    Deadline deadline) {
  return work_.Read(deadline, ReadErasureMarks);
}

absl::StatusOr<bool> SqliteSubjectStore::HasSubjects(Deadline deadline) {
  return work_.Read(deadline, HasAnySubject);
}

absl::StatusOr<std::vector<WholeSubject>> SqliteSubjectStore::ScanSubjects(std::string_view tenant,
                                                                           std::string_view after,
                                                                           size_t limit,
                                                                           Deadline deadline) {
  return work_.Read(deadline, [&](Db& db) { return ReadWholeSubjects(db, tenant, after, limit); });
}

absl::Status SqliteSubjectStore::CopySubjects(std::string_view tenant,
                                              std::span<const WholeSubject> subjects,
                                              Deadline deadline) {
  for (const WholeSubject& whole : subjects) FIELDKMS_RETURN_IF_ERROR(CheckWholeSubject(whole));
  const auto write = [&](Db& db) -> absl::StatusOr<bool> {
    FIELDKMS_RETURN_IF_ERROR(NeedTenant(db, tenant));
    FIELDKMS_RETURN_IF_ERROR(WriteWholeSubjects(db, tenant, subjects));
    return true;
  };
  return work_.WriteUnlessFrozen<bool>(deadline, Shred::kNo, write).status();
}

absl::StatusOr<uint64_t> SqliteSubjectStore::DropSubjects(std::string_view tenant, size_t limit,
                                                          Deadline deadline) {
  auto dropped = work_.WriteUnlessFrozen<uint64_t>(
      deadline, Shred::kSoon, [&](Db& db) -> absl::StatusOr<uint64_t> {
        FIELDKMS_ASSIGN_OR_RETURN(const uint64_t count, DeleteSubjectsOfTenant(db, tenant, limit));
        if (count > 0) FIELDKMS_RETURN_IF_ERROR(SqliteWork::NoteScrub(db));
        return count;
      });
  if (dropped.value_or(1) > 0) work_.ScrubLater();
  return dropped;
}

}  // namespace fieldkms
