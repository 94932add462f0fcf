// Confines this process to some files, by Landlock (Linux 5.13 and later).
#ifndef FIELDKMS_KMS_SERVER_LANDLOCK_H_
#define FIELDKMS_KMS_SERVER_LANDLOCK_H_

#include <span>

#include "absl/status/statusor.h"
#include "kms/server/landlock_rules.h"

namespace fieldkms {

// RestrictFiles binds the calling thread and all that it will start: call it while there is one
// thread. What does not exist now is left out. Needs PR_SET_NO_NEW_PRIVS. Returns the version of
// Landlock that holds; 0: the kernel has none. Error: kInternal, when one that has it refuses.
absl::StatusOr<int> RestrictFiles(std::span<const FileRule> rules);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVER_LANDLOCK_H_
