// The file of a SQLite store, outside SQLite: made whole or not at all, and
// looked at before SQLite may touch it.
#ifndef FIELDKMS_KMS_STORE_SQLITE_FILE_H_
#define FIELDKMS_KMS_STORE_SQLITE_FILE_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fieldkms {

// StoreFileExists returns whether there is a file at `path`. Error: kDataLoss,
// reason kStoreCorrupt, if there is none but there is the log of one: a new
// store beside it would lose what the log holds.
absl::StatusOr<bool> StoreFileExists(const std::string& path);

// MakeStoreFile makes an empty file of mode 0600 beside `path`, has `fill` write
// it, syncs it, gives it its name and syncs the directory: whenever the machine
// stops, `path` is a complete store or does not exist. Remains of an earlier
// attempt are removed. Errors: kAlreadyExists; kResourceExhausted, reason
// kStoreFull; kUnavailable, reason kStoreUnavailable; those of `fill`.
absl::Status MakeStoreFile(const std::string& path,
                           const std::function<absl::Status(const std::string&)>& fill);

// CheckStoreFile reads the first bytes of an existing file and touches nothing,
// save that it takes all permissions from group and others. Errors: kDataLoss,
// reason kStoreCorrupt; kFailedPrecondition, reason kStoreTooNew; kUnavailable.
absl::Status CheckStoreFile(const std::string& path);

// SyncName makes the name of `path` durable.
absl::Status SyncName(const std::string& path);

// SyncLog makes durable what the write-ahead log of `path` holds; none is fine. A
// process that was killed may have written a transaction and not synced it: SQLite
// takes it for committed at the next start, and then it must be.
absl::Status SyncLog(const std::string& path);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_FILE_H_
