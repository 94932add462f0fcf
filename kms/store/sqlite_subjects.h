// Data subjects in a SQLite store; see sqlite_tenants.h and subject_store.h. Each function runs in
// a transaction of the caller's.
#ifndef FIELDKMS_KMS_STORE_SQLITE_SUBJECTS_H_
#define FIELDKMS_KMS_STORE_SQLITE_SUBJECTS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/store/sqlite_connection.h"
#include "kms/store/subject_store.h"

namespace fieldkms {

// Of a row of subject, handle, secret, create_time, hold_reason, hold_time.
absl::StatusOr<SubjectRecord> SubjectOf(const SqliteStatement& row);

// With its secret; by its id, and by its handle.
absl::StatusOr<std::optional<SubjectRecord>> ReadSubject(SqliteConnection& db,
                                                         std::string_view tenant,
                                                         std::string_view subject);
absl::StatusOr<std::optional<SubjectRecord>> ReadSubjectOf(SqliteConnection& db,
                                                           std::string_view tenant,
                                                           std::string_view handle);
// Without.
absl::StatusOr<std::vector<SubjectRecord>> ReadSubjects(SqliteConnection& db,
                                                        std::string_view tenant,
                                                        std::string_view after, size_t limit);
absl::StatusOr<std::vector<uint64_t>> ReadSubjectFields(SqliteConnection& db,
                                                        std::string_view tenant,
                                                        std::string_view handle);
absl::StatusOr<std::vector<std::pair<uint64_t, TokenRecord>>> ReadSubjectTokens(
    SqliteConnection& db, std::string_view tenant, std::string_view handle, const TokenPlace& after,
    size_t limit, WallTime now);
absl::StatusOr<bool> HasAnySubject(SqliteConnection& db);
absl::StatusOr<uint64_t> ReadErasureMark(SqliteConnection& db, const SubjectStore::LogId& log);
absl::StatusOr<std::vector<SubjectStore::ErasureMark>> ReadErasureMarks(SqliteConnection& db);

// SubjectNotFound() if the subject of one of them is not there.
absl::Status NeedSubjects(SqliteConnection& db, std::string_view tenant,
                          std::span<const TokenRecord> tokens);

absl::Status NeedSubjects(SqliteConnection& db, std::string_view tenant,
                          std::span<const PlacedToken> tokens);

// What EnsureSubjects returns; nullopt if anything has to be written for it.
absl::StatusOr<std::optional<std::vector<SubjectRecord>>> ReadUsed(
    SqliteConnection& db, std::string_view tenant, std::span<const SubjectUse> uses);
// Makes the subject if it is not there, and notes the field.
absl::StatusOr<SubjectRecord> EnsureSubject(SqliteConnection& db, std::string_view tenant,
                                            const SubjectUse& use);
absl::Status WriteHold(SqliteConnection& db, std::string_view tenant, std::string_view subject,
                       const std::optional<LegalHold>& hold);
// Deletes it with its tokens and fields, and returns how many tokens there were.
absl::StatusOr<uint64_t> DeleteSubject(SqliteConnection& db, std::string_view tenant,
                                       std::string_view handle);
absl::Status WriteErasureMark(SqliteConnection& db, const SubjectStore::LogId& log,
                              uint64_t number);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_SUBJECTS_H_
