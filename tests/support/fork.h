// Runs a piece of a test in a forked child.
#ifndef FIELDKMS_TESTS_SUPPORT_FORK_H_
#define FIELDKMS_TESTS_SUPPORT_FORK_H_

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <system_error>

namespace fieldkms {

// OutputOfChild runs `body` (returning a std::string) in the child of a fork and
// returns its result. The child leaves by _exit: none of GoogleTest's state, no
// destructor runs twice. A child that dies gives "child died". Only for tests of
// one thread.
template <class Body>
std::string OutputOfChild(Body body) {
  int ends[2];
  if (pipe(ends) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  const pid_t child = fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child == 0) {
    const std::string output = body();
    const bool written =
        write(ends[1], output.data(), output.size()) == static_cast<ssize_t>(output.size());
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  std::string output;
  char buffer[512];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;) {
    output.append(buffer, static_cast<size_t>(n));
  }
  close(ends[0]);
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return "child died";
  }
  return output;
}

}  // namespace fieldkms

#endif  // FIELDKMS_TESTS_SUPPORT_FORK_H_
