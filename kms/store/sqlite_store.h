// Store in one SQLite file: the embedded default.
#ifndef FIELDKMS_KMS_STORE_SQLITE_STORE_H_
#define FIELDKMS_KMS_STORE_SQLITE_STORE_H_

#include <memory>
#include <string>

#include "kms/store/store.h"

namespace fieldkms {

// OpenSqliteStore opens or makes the store at `path` (file mode 0600; WAL;
// synchronous=EXTRA, so that a commit is synced before it returns; secure_delete)
// and applies the numbered migrations that it lacks, each in one transaction.
//
// What is wrapped anew or destroyed is overwritten in its page (secure_delete), and
// the log is emptied into the store and cut to nothing before the call returns. Where
// a reader of another process (a backup) keeps the log past the deadline, the call
// returns kUnavailable with the change made: its repeat, any later write and the next
// start empty the log. Out of reach are blocks of the log that the file system has
// freed, and its snapshots. SQLite 3.40 may also leave a copy in the unused part of a page
// when it moves rows to another (seen for one row in some thousands): after versions are
// destroyed, or data subjects erased, the file is searched for their bytes and, if they are
// there, written anew (VACUUM), then or, if that fails, at the next time or start. What was
// wrapped anew is not searched for: such a copy of it stays until that space is written
// again.
//
// Errors: kFailedPrecondition with reason kStoreTooNew if a newer release has
// written it (nothing is touched; the message says which release to run);
// kDataLoss with reason kStoreCorrupt if it is no database, is damaged
// (quick_check) or is not a FieldKMS store; kUnavailable with reason
// kStoreUnavailable. One daemon may have it open at a time (its lock on its data
// directory sees to that); other processes of the same release, such as an operator's
// command, may read and write beside it, and it hears of their changes with its next poll.
absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(const std::string& path, const Clock& clock);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_STORE_H_
