// PromptHidden and PromptLine of input.h.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "clients/cli/input.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::array kSignals = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
constexpr size_t kLongestLine = 4096;  // what a terminal hands over in line mode

volatile sig_atomic_t caught_signal = 0;

void Remember(int signal) { caught_signal = signal; }

// Catches the signals that would end the command with the echo switched off, and
// lets them act once the terminal is as it was. They stay blocked but for the
// moment of waiting in AwaitInput, so that none slips in before it and is waited
// past.
class SignalsHeld {
 public:
  SignalsHeld() {
    caught_signal = 0;
    sigset_t held;
    sigemptyset(&held);
    for (const int signal : kSignals) sigaddset(&held, signal);
    pthread_sigmask(SIG_BLOCK, &held, &mask_before_);
    struct sigaction action = {};
    action.sa_handler = Remember;
    for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &action, &before_[i]);
  }
  ~SignalsHeld() {
    for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
    pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
    if (caught_signal != 0) raise(caught_signal);
  }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

  // Waits for a line; false where a signal came instead.
  bool AwaitInput(int fd) const {
    pollfd input = {.fd = fd, .events = POLLIN, .revents = 0};
    return ppoll(&input, 1, nullptr, &mask_before_) > 0;
  }

 private:
  std::array<struct sigaction, kSignals.size()> before_ = {};
  sigset_t mask_before_ = {};
};

class Terminal {
 public:
  Terminal() : fd_(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {}
  ~Terminal() {
    if (fd_ >= 0) close(fd_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  int fd() const { return fd_; }
  void Say(std::string_view text) const {
    // A prompt that cannot be written is no reason to fail.
    if (write(fd_, text.data(), text.size()) < 0) return;
  }

 private:
  int fd_;
};

class EchoOff {
 public:
  explicit EchoOff(int fd) : fd_(fd) {
    if (tcgetattr(fd_, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    off_ = tcsetattr(fd_, TCSAFLUSH, &quiet) == 0;
  }
  ~EchoOff() {
    if (off_) tcsetattr(fd_, TCSAFLUSH, &before_);
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;
  bool off() const { return off_; }

 private:
  int fd_;
  termios before_ = {};
  bool off_ = false;
};

}  // namespace

absl::StatusOr<WipedBuffer> PromptHidden(std::string_view question) {
  const Terminal terminal;
  if (terminal.fd() < 0) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kUnspecified,
                 "there is no terminal to ask on; give the value on standard input or with --in");
  }
  const SignalsHeld signals;
  const EchoOff echo(terminal.fd());
  if (!echo.off()) return IoError("switch off the terminal's echo");
  terminal.Say(question);
  WipedBuffer line(kLongestLine);
  const ssize_t got =
      signals.AwaitInput(terminal.fd()) ? read(terminal.fd(), line.data(), line.size()) : -1;
  terminal.Say("\n");
  if (got < 0) return IoError("read from the terminal");
  line.resize(static_cast<size_t>(got));
  if (!line.empty() && line.back() == '\n') line.pop_back();
  return line;
}

absl::StatusOr<std::string> PromptLine(std::string_view question) {
  const Terminal terminal;
  if (terminal.fd() < 0) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kUnspecified,
                 "there is no terminal to ask on; --yes goes on without asking");
  }
  terminal.Say(question);
  std::string line(kLongestLine, '\0');
  ssize_t got = 0;
  do {
    got = read(terminal.fd(), line.data(), line.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0) return IoError("read from the terminal");
  line.resize(static_cast<size_t>(got));
  if (line.ends_with('\n')) line.pop_back();
  return line;
}

}  // namespace fieldkms
