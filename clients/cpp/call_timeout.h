// Deadlines of single calls: for programs that pass on the deadlines of their own callers.
#ifndef FIELDKMS_CLIENTS_CPP_CALL_TIMEOUT_H_
#define FIELDKMS_CLIENTS_CPP_CALL_TIMEOUT_H_

#include <chrono>
#include <optional>

namespace fieldkms {

// While a CallTimeout lives, calls that its thread makes through any Client, or a view of one, take
// at most this long, all attempts included, instead of the client's own timeout. (Those that are
// given a timeout keep theirs.) The innermost counts. Lives on the stack of one thread.
class CallTimeout {
 public:
  explicit CallTimeout(std::chrono::milliseconds timeout);
  ~CallTimeout();
  CallTimeout(const CallTimeout&) = delete;
  CallTimeout& operator=(const CallTimeout&) = delete;

  // That of the calling thread.
  static std::optional<std::chrono::milliseconds> OfThread();

 private:
  const std::optional<std::chrono::milliseconds> outer_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_CALL_TIMEOUT_H_
