// SubjectStore of a SQLite store. The file has one writer at a time, so that a hold is there
// before an erasure begins, or after it has ended.
#ifndef FIELDKMS_KMS_STORE_SQLITE_SUBJECT_STORE_H_
#define FIELDKMS_KMS_STORE_SQLITE_SUBJECT_STORE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kms/store/sqlite_work.h"
#include "kms/store/subject_store.h"

namespace fieldkms {

// Thread-safe; `work` outlives it.
class SqliteSubjectStore final : public SubjectStore {
 public:
  explicit SqliteSubjectStore(SqliteWork* work) : work_(*work) {}

  absl::StatusOr<std::vector<SubjectRecord>> EnsureSubjects(std::string_view tenant,
                                                            std::span<const SubjectUse> uses,
                                                            Deadline deadline) override;
  absl::StatusOr<std::vector<std::optional<SubjectRecord>>> GetSubjects(
      std::string_view tenant, std::span<const std::string_view> handles,
      Deadline deadline) override;
  absl::StatusOr<SubjectRecord> FindSubject(std::string_view tenant, std::string_view subject,
                                            Deadline deadline) override;
  absl::StatusOr<std::vector<SubjectRecord>> ListSubjects(std::string_view tenant,
                                                          std::string_view after, size_t limit,
                                                          Deadline deadline) override;
  absl::StatusOr<std::vector<uint64_t>> ListSubjectFields(std::string_view tenant,
                                                          std::string_view handle,
                                                          Deadline deadline) override;
  absl::StatusOr<std::vector<std::pair<uint64_t, TokenRecord>>> ListSubjectTokens(
      std::string_view tenant, std::string_view handle, const TokenPlace& after, size_t limit,
      WallTime now, Deadline deadline) override;
  absl::StatusOr<SubjectRecord> SetHold(std::string_view tenant, std::string_view subject,
                                        const std::optional<LegalHold>& hold,
                                        Deadline deadline) override;
  absl::StatusOr<ErasedSubject> EraseSubject(std::string_view tenant, std::string_view subject,
                                             std::string_view handle, Deadline deadline) override;
  absl::StatusOr<uint64_t> EraseAgain(std::string_view tenant,
                                      std::span<const std::string_view> handles,
                                      Deadline deadline) override;
  absl::StatusOr<uint64_t> ErasedUpTo(const LogId& log, Deadline deadline) override;
  absl::Status MarkErased(const LogId& log, uint64_t number, Deadline deadline) override;
  absl::StatusOr<std::vector<ErasureMark>> ErasureMarks(Deadline deadline) override;
  absl::StatusOr<bool> HasSubjects(Deadline deadline) override;
  absl::StatusOr<std::vector<WholeSubject>> ScanSubjects(std::string_view tenant,
                                                         std::string_view after, size_t limit,
                                                         Deadline deadline) override;
  absl::Status CopySubjects(std::string_view tenant, std::span<const WholeSubject> subjects,
                            Deadline deadline) override;
  absl::StatusOr<uint64_t> DropSubjects(std::string_view tenant, size_t limit,
                                        Deadline deadline) override;

 private:
  // What follows the erasure of subjects with these secrets, which may not be known to have
  // happened.
  absl::Status Scrub(const absl::Status& erased, std::span<const std::string> secrets,
                     Deadline deadline);

  SqliteWork& work_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_SUBJECT_STORE_H_
