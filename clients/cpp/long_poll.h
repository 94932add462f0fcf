// How long calls that wait for news take. Internal to clients/cpp.
#ifndef FIELDKMS_CLIENTS_CPP_LONG_POLL_H_
#define FIELDKMS_CLIENTS_CPP_LONG_POLL_H_

#include <chrono>

namespace fieldkms {

// For a request with a `wait`: how much longer than others it may take, in whole seconds.
template <class Request>
std::chrono::milliseconds LongPollWait(const Request& request) {
  // What the service takes an unset time for, and the longest that it waits.
  constexpr std::chrono::seconds kLongest{30};
  if (!request.has_wait() || request.wait().seconds() >= kLongest.count()) return kLongest;
  return std::chrono::seconds(request.wait().seconds() + 1);
}

}  // namespace fieldkms

#endif  // FIELDKMS_CLIENTS_CPP_LONG_POLL_H_
