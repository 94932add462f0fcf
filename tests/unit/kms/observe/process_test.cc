#include "kms/observe/process.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fieldkms {
namespace {

// In a child: the settings cannot be undone.
int RunInChild(int (*body)()) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ProcessTest, HardensTheProcess) {
  EXPECT_EQ(RunInChild([] {
              if (!HardenProcess().ok()) return 1;
              rlimit core{1, 1};
              getrlimit(RLIMIT_CORE, &core);
              if (core.rlim_cur != 0 || core.rlim_max != 0) return 2;
              if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) return 3;
              if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return 4;
              return umask(0) == 077 ? 0 : 5;
            }),
            0);
}

}  // namespace
}  // namespace fieldkms
