// Which trace calls are of: for programs that pass on the traces of their own callers.
#ifndef FIELDKMS_CLIENTS_CPP_CALL_TRACE_H_
#define FIELDKMS_CLIENTS_CPP_CALL_TRACE_H_

#include <string>

namespace fieldkms {

// While a CallTrace lives, calls that its thread makes through any Client, or a view of one, carry
// this header "traceparent" (https://www.w3.org/TR/trace-context/), whose trace id the service has
// in its audit trail. The innermost counts; "": none. What is no printable ASCII, or longer than
// 256 bytes, is none. (Batches that are sent in parts on other threads carry none.) Lives on the
// stack of one thread.
class CallTrace {
 public:
  explicit CallTrace(std::string traceparent);
  ~CallTrace();
  CallTrace(const CallTrace&) = delete;
  CallTrace& operator=(const CallTrace&) = delete;

  // That of the calling thread.
  static const std::string& OfThread();

 private:
  std::string outer_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_CALL_TRACE_H_
