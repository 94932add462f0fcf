// Which system calls the service may make. An allow-list: what it has no use for is refused with
// EPERM, and what only an intruder would call ends the process.
#ifndef FIELDKMS_KMS_SERVER_SECCOMP_FILTER_H_
#define FIELDKMS_KMS_SERVER_SECCOMP_FILTER_H_

#include <linux/filter.h>

#include <vector>

#include "absl/status/statusor.h"
#include "kms/server/sandbox_config.h"

namespace fieldkms {

// The filter as the kernel takes it; empty for kOff. In kLog, too, what only an intruder calls
// ends the process.
std::vector<sock_filter> SeccompProgram(SeccompMode mode);

// InstallSeccomp binds all threads of this process and all that it will ever start; nothing takes
// it back. Needs PR_SET_NO_NEW_PRIVS (HardenProcess). False: the kernel has no filters, or the mode
// is kOff. Error: kInternal, when a kernel that has them refuses ours.
absl::StatusOr<bool> InstallSeccomp(SeccompMode mode);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_SERVER_SECCOMP_FILTER_H_
