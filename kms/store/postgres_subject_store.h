// SubjectStore of a PostgreSQL store. What keeps calls at once apart: postgres_subjects.h. Commits
// in doubt are run again (postgres_transaction.h): a subject that was made is there, and one that
// was erased counts as erased.
#ifndef FIELDKMS_KMS_STORE_POSTGRES_SUBJECT_STORE_H_
#define FIELDKMS_KMS_STORE_POSTGRES_SUBJECT_STORE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "kms/store/postgres_transaction.h"
#include "kms/store/subject_store.h"

namespace fieldkms {

// Thread-safe; `transactions` outlives it.
class PostgresSubjectStore final : public SubjectStore {
 public:
  explicit PostgresSubjectStore(PostgresTransactions* transactions)
      : transactions_(*transactions) {}

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
  // `body(db)`, an absl::StatusOr<T>, on behalf of a tenant ("": of none).
  template <class T, class Body>
  absl::StatusOr<T> Read(std::string_view tenant, Deadline deadline, const Body& body);

  PostgresTransactions& transactions_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_POSTGRES_SUBJECT_STORE_H_
