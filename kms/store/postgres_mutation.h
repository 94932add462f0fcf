// Mutations: numbered one after another, and once for each request id.
#ifndef FIELDKMS_KMS_STORE_POSTGRES_MUTATION_H_
#define FIELDKMS_KMS_STORE_POSTGRES_MUTATION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/status.h"
#include "kms/clock.h"
#include "kms/postgres/sqlstate.h"
#include "kms/store/postgres_transaction.h"
#include "kms/store/record_json.h"
#include "kms/store/store.h"
#include "kms/store/store_errors.h"

namespace fieldkms {

// The channel that a change is told on, when it is committed.
inline constexpr char kPostgresChannel[] = "fieldkms_changes";

// Locks the row of store_state to the transaction's end, so that mutations run one
// after another, and returns the number that this one is to have, above `above`. A
// transaction that is rolled back takes its number back with it. Error: StoreFrozen().
absl::StatusOr<uint64_t> NextChange(PostgresTransaction& db, uint64_t above = 0);

// The outcome recorded for a mutation of `tenant`, as JSON; nullopt if there is none.
// Error: kFailedPrecondition, kRequestIdReused.
absl::StatusOr<std::optional<std::string>> ReadOutcome(PostgresTransaction& db,
                                                       std::string_view tenant,
                                                       const Mutation& mutation);
// Records an outcome, and forgets some of the tenant's that are a week old.
void WriteOutcome(PostgresTransaction& db, std::string_view tenant, const Mutation& mutation,
                  std::string_view outcome, WallTime now);

// Runs a mutation of `tenant`: the outcome recorded, or that of `apply(db, number)`,
// an absl::StatusOr<Record>.
template <class Record, class Apply>
absl::StatusOr<Applied<Record>> Mutate(PostgresTransactions& transactions, const Clock& clock,
                                       std::string_view tenant, const Mutation& mutation,
                                       Deadline deadline, const Apply& apply) {
  Applied<Record> applied;
  const auto body = [&](PostgresTransaction& db) -> absl::Status {
    FIELDKMS_ASSIGN_OR_RETURN(const uint64_t number, NextChange(db));
    db.ActFor(tenant);
    FIELDKMS_ASSIGN_OR_RETURN(const auto before, ReadOutcome(db, tenant, mutation));
    if (before) {
      FIELDKMS_ASSIGN_OR_RETURN(applied.value, FromJson<Record>(*before));
      // In doubt, it is the outcome of this very call.
      applied.replayed = !db.in_doubt();
      db.WriteNothing();
      return absl::OkStatus();
    }
    FIELDKMS_ASSIGN_OR_RETURN(applied.value, apply(db, number));
    WriteOutcome(db, tenant, mutation, ToJson(applied.value), clock.Now());
    applied.replayed = false;
    return absl::OkStatus();
  };
  FIELDKMS_RETURN_IF_ERROR(transactions.Write(deadline, body));
  return applied;
}

// How records of one kind, which carry the number of the change that wrote them last, are read
// and written.
template <class Record>
struct NumberedRecords {
  // What is there under the id of `wanted`.
  std::optional<Record> (*read)(PostgresTransaction& db, const Record& wanted);
  // Returns `record` as it is there then.
  Record (*write)(PostgresTransaction& db, Record record);
  // Whether what was written for `wanted` would be `stored`, save the number.
  bool (*is_same)(const Record& stored, const Record& wanted);
};

// Inside a transaction that acts for the record's tenant: writes `wanted`, with the next number,
// if the change of what is there is still `wanted.change` (0: nothing is there). Error:
// EtagMismatch(); StoreFrozen().
template <class Record>
absl::StatusOr<Record> PutNumbered(PostgresTransaction& db, const NumberedRecords<Record>& records,
                                   const Record& wanted) {
  FIELDKMS_ASSIGN_OR_RETURN(const uint64_t number, NextChange(db));
  std::optional<Record> old = records.read(db, wanted);
  if ((old ? old->change : 0) != wanted.change) {
    if (!db.in_doubt() || !old) return EtagMismatch();
    // Written by us, or by us and then by another: of that nobody can tell.
    if (old->change < wanted.change || !records.is_same(*old, wanted)) {
      return PostgresUnavailable("the outcome is not known");
    }
    db.WriteNothing();
    return *std::move(old);
  }
  Record put = wanted;
  put.change = number;
  return records.write(db, std::move(put));
}

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_POSTGRES_MUTATION_H_
