// The rows of data subjects of a PostgreSQL store; see postgres_records.h and subject_store.h. All
// statements are of sets.
//
// Locks. Whoever needs subjects locks their rows first, in the order of their handles, and then the
// rows of tokens and fields; so no two wait for each other. Three kinds:
// - FOR KEY SHARE, by who puts tokens of them or notes fields: they are not erased meanwhile.
// - FOR SHARE, by who erases some of their tokens: nor put on hold.
// - FOR UPDATE, by who erases them: nor used.
// SetHold is an UPDATE of columns that are no key: it waits for the two last, and they for it. Who
// has waited reads the row as it is then (READ COMMITTED), with the hold. So an erasure has ended
// when SetHold returns, or it sees the hold. And who puts tokens has ended when an erasure of the
// subject reads them, or finds the subject gone.
#ifndef FIELDKMS_KMS_STORE_POSTGRES_SUBJECTS_H_
#define FIELDKMS_KMS_STORE_POSTGRES_SUBJECTS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "kms/store/postgres_transaction.h"
#include "kms/store/subject_store.h"

namespace fieldkms {

// A row of these columns, and of the secret if one more follows.
inline constexpr char kSubjectColumns[] = "subject, handle, create_time, hold_reason, hold_time";
SubjectRecord SubjectOf(const pqxx::row& row);

enum class SubjectLock : uint8_t { kUse, kEraseTokens, kErase };
// Locks those that are there, and returns of each whether it is on hold.
std::map<std::string, bool, std::less<>> LockSubjects(PostgresTransaction& db,
                                                      std::string_view tenant,
                                                      const std::set<std::string>& handles,
                                                      SubjectLock lock);

// Locks the subjects of tokens, for use. Error: SubjectNotFound() if one is not there.
absl::Status UseSubjects(PostgresTransaction& db, std::string_view tenant,
                         std::span<const TokenRecord> tokens);

// What EnsureSubjects returns; nullopt if anything has to be written for it.
std::optional<std::vector<SubjectRecord>> ReadUsed(PostgresTransaction& db, std::string_view tenant,
                                                   std::span<const SubjectUse> uses);
// The same with what has to be written, written. nullopt: one was erased meanwhile; it is to be run
// again, in a transaction of its own, and this one is not to be committed.
std::optional<std::vector<SubjectRecord>> EnsureUsed(PostgresTransaction& db,
                                                     std::string_view tenant,
                                                     std::span<const SubjectUse> uses);

// Deletes subjects that are locked kErase, with their tokens and fields; and returns how many
// tokens.
uint64_t DeleteSubjects(PostgresTransaction& db, std::string_view tenant,
                        std::span<const std::string_view> handles);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_POSTGRES_SUBJECTS_H_
