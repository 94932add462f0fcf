// The one place where SQLite's result codes become ours.
#ifndef FIELDKMS_KMS_STORE_SQLITE_ERROR_H_
#define FIELDKMS_KMS_STORE_SQLITE_ERROR_H_

#include <string_view>

#include "absl/status/status.h"

namespace fieldkms {

// SqliteError makes the status of an extended result code `rc` (not OK, ROW or
// DONE). `system_errno` is the errno of the failed call, 0 where unknown: a full
// disk hides behind several codes. `doing` names the step ("commit").
absl::Status SqliteError(int rc, int system_errno, std::string_view doing);

// Whether a connection that met `rc` is to be closed: what it holds in memory
// may no longer be what is on the disk.
bool BreaksConnection(int rc);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_STORE_SQLITE_ERROR_H_
