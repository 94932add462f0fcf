// fieldkms as a person at a terminal has it before them.
#ifndef FIELDKMS_TESTS_INTEGRATION_CLI_ON_TERMINAL_H_
#define FIELDKMS_TESTS_INTEGRATION_CLI_ON_TERMINAL_H_

#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/subprocess.h"

namespace fieldkms::testing {

// fieldkms on a terminal of its own.
class OnTerminal {
 public:
  OnTerminal(const std::string& target, std::vector<std::string> arguments)
      : OnTerminal(std::map<std::string, std::string>{{"FIELDKMS_TARGET", target}},
                   std::move(arguments)) {}
  // `env` is added to this process's environment.
  OnTerminal(std::map<std::string, std::string> env, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), BinaryPath("fieldkms"));
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = forkpty(&terminal_, nullptr, nullptr, nullptr);
    if (pid_ == 0) {
      for (const auto& [name, value] : env) setenv(name.c_str(), value.c_str(), 1);
      execv(argv[0], argv.data());
      _exit(127);
    }
    EXPECT_GT(pid_, 0);
  }
  ~OnTerminal() {
    if (pid_ > 0) kill(pid_, SIGKILL);
    Wait();
    close(terminal_);
  }

  // Reads what the terminal shows until it ends in `text`, or ends.
  std::string ReadUntil(const std::string& text) {
    std::string shown;
    char byte = 0;
    while (!shown.ends_with(text) && read(terminal_, &byte, 1) == 1) shown += byte;
    return shown;
  }
  std::string ReadAll() { return ReadUntil("\x01 never shown"); }
  void Type(const std::string& keys) {
    EXPECT_EQ(write(terminal_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  bool Echoes() const {
    termios state = {};
    EXPECT_EQ(tcgetattr(terminal_, &state), 0);
    return (state.c_lflag & ECHO) != 0;
  }
  int Wait() {
    if (pid_ <= 0) return status_;
    EXPECT_EQ(waitpid(pid_, &status_, 0), pid_);
    pid_ = -1;
    return status_;
  }

 private:
  int terminal_ = -1;
  pid_t pid_ = -1;
  int status_ = 0;
};

}  // namespace fieldkms::testing

#endif  // FIELDKMS_TESTS_INTEGRATION_CLI_ON_TERMINAL_H_
