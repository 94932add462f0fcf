// Connection strings of PostgreSQL (libpq, "Connection Strings"): where they come from,
// and what a store adds.
#ifndef FIELDKMS_KMS_POSTGRES_CONNINFO_H_
#define FIELDKMS_KMS_POSTGRES_CONNINFO_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fieldkms {

// ReadConninfoFile reads a connection string from a file of ours: its one line that is
// neither empty nor a comment (#). The file may hold a password, so group and others
// may not read it. Errors: kFailedPrecondition, kConfigInvalid,
// for wrong permissions, and for a file that cannot be read or holds no line or several.
absl::StatusOr<std::string> ReadConninfoFile(const std::string& path);

// CompleteConninfo checks a connection string (key=value or a postgresql:// URI; what
// it does not say comes from its service, the environment and the password file, as
// ever with libpq) and adds what it leaves open:
//   connect_timeout=5, keepalives after 30 s, tcp_user_timeout=10000 (ms), the given
//   application_name, target_session_attrs=read-write, so that of several hosts the
//   primary is taken; and session settings (options=-c ...) that the store relies on.
// Error: kInvalidArgument, kConfigInvalid; it names a keyword at most, for what libpq
// says of a bad string may quote a password.
absl::StatusOr<std::string> CompleteConninfo(const std::string& conninfo,
                                             const std::string& application_name);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_POSTGRES_CONNINFO_H_
