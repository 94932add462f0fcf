// SIGINT and SIGTERM as something that a command waits for, to end in good order.
#ifndef FIELDKMS_CLIENTS_CLI_STOP_SIGNALS_H_
#define FIELDKMS_CLIENTS_CLI_STOP_SIGNALS_H_

#include <chrono>
#include <csignal>

namespace fieldkms {

// One in a process, made by its main thread before it has others (a client has some): these inherit
// that the signals are not for them.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Waits for at most so long; true: to stop was asked for. The second time that it is, the process
  // ends at once.
  bool Wait(std::chrono::milliseconds longest);

 private:
  sigset_t signals_;
  sigset_t before_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CLI_STOP_SIGNALS_H_
