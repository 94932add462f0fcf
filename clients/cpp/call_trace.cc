#include "clients/cpp/call_trace.h"

#include <algorithm>
#include <utility>

namespace fieldkms {
namespace {

constexpr size_t kMostBytes = 256;

thread_local std::string header_of_thread;

// gRPC ends a program that sends anything else.
bool CanBeSent(const std::string& header) {
  return header.size() <= kMostBytes &&
         std::all_of(header.begin(), header.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

CallTrace::CallTrace(std::string traceparent)
    : outer_(
          std::exchange(header_of_thread, CanBeSent(traceparent) ? std::move(traceparent) : "")) {}

CallTrace::~CallTrace() { header_of_thread = std::move(outer_); }

const std::string& CallTrace::OfThread() { return header_of_thread; }

}  // namespace fieldkms
