// What the steps of a conversion share (rotation/conversion.h).
#ifndef FIELDKMS_ROTATION_CONVERSION_STEP_H_
#define FIELDKMS_ROTATION_CONVERSION_STEP_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rotation/catalog.h"
#include "rotation/database.h"
#include "rotation/registry.h"
#include "rotation/registry_rows.h"
#include "rotation/step_run.h"

namespace fieldkms::rotation {

// What reads or writes the whole of a table may take this long.
inline constexpr std::chrono::hours kWholeTable{14 * 24};

std::string TableSql(const TableName& table);

// The row of which the ciphertext or the plaintext is called so. Throws what libpqxx throws.
absl::StatusOr<RegistryRow> FindConverted(Transaction& transaction, const TableName& table,
                                          std::string_view column);
// The same in a transaction of its own.
absl::StatusOr<ProtectedColumn> FindConverted(Database& database, const TableName& table,
                                              std::string_view column);

// Takes the table and all of its partitions for the transaction.
void LockTable(Transaction& transaction, const TableName& table);

// Database::Write, or the rehearsal of it: then an OK of the body's undoes all, too.
absl::Status WriteAs(StepRun run, Database& database, const Database::Body& body);

// ChangeLocked runs `step` with the table locked and the row as it then is, and returns the column
// as the step has left it.
using Step = std::function<absl::Status(Transaction&, RegistryRow*)>;
absl::StatusOr<ProtectedColumn> ChangeLocked(Database& database, const TableName& table,
                                             std::string_view column, const Step& step,
                                             StepRun run = StepRun::kForGood);

// Writes the row, and makes the triggers that its conversion has, in the place of those that are
// there; checks first that none comes behind them.
absl::Status WriteInStep(Transaction& transaction, const RegistryRow& row);

// How many rows have `present` and not `missing`, of a table that is read without a lock.
absl::StatusOr<uint64_t> CountWithout(Database& database, const TableName& table,
                                      std::string_view present, std::string_view missing);
// The same within a transaction.
uint64_t CountWithout(Transaction& transaction, const TableName& table, std::string_view present,
                      std::string_view missing);

// kFailedPrecondition, kDatabaseRefused: `message` says what comes first.
absl::Status WrongStage(const ProtectedColumn& column, std::string_view message);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_CONVERSION_STEP_H_
