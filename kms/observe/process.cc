#include "kms/observe/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "crypto/status.h"

namespace fieldkms {
namespace {

absl::Status Refused(const char* what) {
  return Error(absl::StatusCode::kInternal, Reason::kInternal,
               std::string("the kernel refused to set ") + what);
}

}  // namespace

absl::Status HardenProcess() {
  umask(077);
  const rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return Refused("RLIMIT_CORE");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return Refused("PR_SET_DUMPABLE");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Refused("PR_SET_NO_NEW_PRIVS");
  return absl::OkStatus();
}

}  // namespace fieldkms
