#include "clients/cpp/call_timeout.h"

#include <utility>

namespace fieldkms {
namespace {

thread_local std::optional<std::chrono::milliseconds> innermost;

}  // namespace

CallTimeout::CallTimeout(std::chrono::milliseconds timeout)
    : outer_(std::exchange(innermost, timeout)) {}

CallTimeout::~CallTimeout() { innermost = outer_; }

std::optional<std::chrono::milliseconds> CallTimeout::OfThread() { return innermost; }

}  // namespace fieldkms
