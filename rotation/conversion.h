// How a column of plaintext becomes one of ciphertext, and back, while applications go on
// (docs/rotation.md). The registry keeps at which stage it is:
//
//   kProtect        the plaintext leads, the ciphertext follows: triggers keep them in step
//                   (rotation/in_step.h), jobs fill what is missing
//   kProtectClosed  nothing that is missing comes in any more
//   kProtected      the ciphertext leads; the plaintext waits to be dropped
//   kRewriting      it was dropped; files of the table still hold it
//   kNone           done
//
// and kUnprotect, kUnprotectClosed, kUnprotected the other way, until the column is no protected
// one any more.
//
// Every step is one short transaction, but for counting and rewriting: it takes the table (ACCESS
// EXCLUSIVE), waits for that for Database::kLockTimeout at most, and changes the catalog. So a
// step happens as a whole or not at all, and all of them may be repeated, after a lost connection
// or whenever: what is so already stays so, and triggers are made anew, for columns that were
// renamed meanwhile. What ends a conversion (Abandon, Drop) is refused where it was done before:
// there is none then.
//
// `column` is what the ciphertext or the plaintext of the column is called now. The role needs to
// own the table, and USAGE and CREATE on schema kms, and what UPDATE of its tables takes.
//
// Each can be rehearsed: then nothing has changed when it returns what it would have come to.
//
// Errors: of Database, where kDatabaseBusy says that a lock was not to be had: try again;
// kNotFound, kDatabaseRefused, "column": it is not in the registry; kInvalidField, naming the
// member; kFailedPrecondition, kDatabaseRefused: not at this stage, and which command comes first,
// or what is in the way, by its name in the catalog.
#ifndef FIELDKMS_ROTATION_CONVERSION_H_
#define FIELDKMS_ROTATION_CONVERSION_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rotation/catalog_hazards.h"
#include "rotation/database.h"
#include "rotation/registry.h"
#include "rotation/step_run.h"

namespace fieldkms::rotation {

// Before the switch: rows are being filled.
bool IsFilling(Conversion conversion);

// BeginProtect brings plain_column of `column` to kProtect (whatever its `conversion` says). Of the
// columns that it names, the ciphertext's (bytea, text, json or jsonb, by `shape`), the blind
// index's (bytea) and the version's (integer) are added, nullable, where there are none, and
// checked where there are: an application that writes both already goes on. Shapes json and jsonb
// are for plaintext of the same type and take a field; arrays are refused. binding_id is drawn if
// it is empty. A column of ciphertexts that is registered already, just so, keeps its line.
// Repeated with the same members it returns what is there.
//
// Refused are views, foreign and temporary tables, partitions (their root is meant), tables with
// children by inheritance; columns that are generated, identities, part of a primary or foreign
// key, of the partition key or the replica identity, read by generated columns, of composite types
// or of domains that are NOT NULL; or part of another protected column or of its context; and
// BEFORE triggers that PostgreSQL would call after those of rotation/in_step.h.
absl::StatusOr<ProtectedColumn> BeginProtect(Database& database, ProtectedColumn column,
                                             StepRun run = StepRun::kForGood);

// BeginUnprotect brings a registered column to kUnprotect. `plain_column` is added as one of `type`
// (as in CREATE TABLE, such as "numeric(10,2)"; with its schema, unless that is pg_catalog), or
// checked where it is there already; then `type` may be empty. Refused is what BeginProtect
// refuses. Error in `type`: kInvalidField, "type".
absl::StatusOr<ProtectedColumn> BeginUnprotect(Database& database, const TableName& table,
                                               std::string_view column,
                                               const std::string& plain_column,
                                               const std::string& type,
                                               StepRun run = StepRun::kForGood);

// Close has rows refused that have a leader and no follower; those that are so already stay, and
// can be changed elsewhere. All transactions that wrote to the table before have ended when it
// returns. Reopen takes it back.
absl::StatusOr<ProtectedColumn> CloseConversion(Database& database, const TableName& table,
                                                std::string_view column,
                                                StepRun run = StepRun::kForGood);
absl::StatusOr<ProtectedColumn> ReopenConversion(Database& database, const TableName& table,
                                                 std::string_view column,
                                                 StepRun run = StepRun::kForGood);

// CountUnfilled returns how many rows have a leader and no follower: of IsFilling columns, 0 for
// others. It reads the whole table, without locks that anybody notices.
absl::StatusOr<uint64_t> CountUnfilled(Database& database, const ProtectedColumn& column);

struct SwitchNames {
  // Whether the column that follows takes the name of the one that led.
  bool rename = true;
  // What the one that led is called then; "": its name and "_plain", or "_protected".
  std::string leader = {};
};
// Switch lets the other column lead: kProtectClosed becomes kProtected, kUnprotectClosed
// kUnprotected. It counts unfilled rows first, which takes as long as reading the table, and is
// refused where there are any, and where the last job over the table has quarantined values of the
// column. The new leader takes over the name, and NOT NULL (as a CHECK
// constraint that is NOT VALID: who validates it can then SET NOT NULL without a scan); the old one
// loses that and its default. Rows are not touched.
absl::StatusOr<ProtectedColumn> SwitchConversion(Database& database, const TableName& table,
                                                 std::string_view column,
                                                 const SwitchNames& names = {},
                                                 StepRun run = StepRun::kForGood);

// Abandon takes a conversion back before the switch. MAY LOSE DATA: the ciphertexts that were made
// (kUnprotect: the plaintext) go with the columns that Begin has made; columns that were there
// before stay. It is refused where a row has only the column that goes; this is counted
// before, without a lock: the application must have stopped writing that column. What such an
// application has changed in one column only is not seen. Of kProtect the registry's line goes
// along with a column of ciphertexts that Begin has made; one that was there before needs it.
absl::Status AbandonConversion(Database& database, const TableName& table, std::string_view column,
                               StepRun run = StepRun::kForGood);

struct DroppedPlaintext {
  ProtectedColumn column;
  std::vector<TableName> rewritten;  // by this call
  std::vector<TableName> pending;    // their files still hold plaintext
  // Write-ahead log up to here, and what was made of it and of the table until this time, such as
  // backups and archives, may hold plaintext.
  std::string wal_position;  // "0/16B3748"
  std::string time;          // UTC, ISO
  ReplicationSlots slots;    // who gets the log with it
  uint64_t standbys = 0;     // that are connected
};
// DropPlaintext, of kProtected: LOSES DATA, the plaintext; refused where a row has no ciphertext
// and a plaintext (which triggers do not let in), and where views or other things depend on the
// column, which are named. DROP COLUMN leaves the values in the table's files. With `rewrite` they
// are rewritten by VACUUM FULL, one leaf after the other: each can be neither read nor written
// meanwhile, and takes disk space for a copy. Otherwise the column stays at kRewriting, and so it
// does where this fails halfway: repeating it goes on. A leaf that something else has rewritten
// (CLUSTER, pg_repack) is not rewritten again. Indexes on the column, constraints that have it and
// its statistics go with it.
// Rehearsed, all leaves are pending.
absl::StatusOr<DroppedPlaintext> DropPlaintext(Database& database, const TableName& table,
                                               std::string_view column, bool rewrite,
                                               StepRun run = StepRun::kForGood);

// DropCiphertext, of kUnprotected: LOSES DATA, the ciphertext, the blind index, the version and the
// line in the registry, which is returned as it was: copies of the ciphertexts need its binding id.
// Refused where a row has no plaintext and a ciphertext, and where other things depend on the
// columns.
absl::StatusOr<ProtectedColumn> DropCiphertext(Database& database, const TableName& table,
                                               std::string_view column,
                                               StepRun run = StepRun::kForGood);

}  // namespace fieldkms::rotation

#endif  // FIELDKMS_ROTATION_CONVERSION_H_
