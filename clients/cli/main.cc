// fieldkms: the command line of FieldKMS.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "clients/cli/commands.h"

namespace {

// Values pass through this process: no core dumps, no debugger of the same user,
// no files that others read.
void Harden() {
  const rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  prctl(PR_SET_DUMPABLE, 0);
  umask(077);
}

}  // namespace

int main(int argc, char** argv) {
  Harden();
  return fieldkms::RunApp(argc, argv);
}
