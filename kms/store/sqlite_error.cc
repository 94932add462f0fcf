#include "kms/store/sqlite_error.h"

#include <sqlite3.h>

#include <cerrno>
#include <string>

#include "crypto/status.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

// Codes and numbers only: sqlite3_errmsg may quote what a statement was given.
std::string Describe(int rc, int system_errno, std::string_view doing) {
  std::string text(doing);
  text.append(": ").append(sqlite3_errstr(rc)).append(" (").append(std::to_string(rc));
  if (system_errno != 0) text.append(", errno ").append(std::to_string(system_errno));
  return text.append(")");
}

bool MeansFull(int rc, int system_errno) {
  if ((rc & 0xff) == SQLITE_FULL) return true;
  // After a failed sync nobody knows what is on the disk, full or not.
  if (rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC) return false;
  return (rc & 0xff) == SQLITE_IOERR && (system_errno == ENOSPC || system_errno == EDQUOT);
}

}  // namespace

absl::Status SqliteError(int rc, int system_errno, std::string_view doing) {
  const std::string text = Describe(rc, system_errno, doing);
  if (MeansFull(rc, system_errno)) {
    return Error(absl::StatusCode::kResourceExhausted, Reason::kStoreFull,
                 "no space left for the key store, nothing was changed; " + text);
  }
  switch (rc & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
      return StoreCorrupt(text);
    case SQLITE_IOERR:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_NOMEM:
    case SQLITE_NOLFS:
      return Error(absl::StatusCode::kUnavailable, Reason::kStoreUnavailable,
                   "the key store cannot be reached; " + text);
    default:
      return Error(absl::StatusCode::kInternal, Reason::kInternal, "key store; " + text);
  }
}

bool BreaksConnection(int rc) {
  switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_CONSTRAINT:
      return false;
    default:
      return true;
  }
}

}  // namespace fieldkms
