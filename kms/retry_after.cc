#include "kms/retry_after.h"

#include <charconv>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/cord.h"

namespace fieldkms {
namespace {

constexpr char kPayload[] = "fieldkms/retry_after_ns";

}  // namespace

absl::Status WithRetryAfter(absl::Status status, std::chrono::nanoseconds after) {
  status.SetPayload(kPayload, absl::Cord(std::to_string(after.count())));
  return status;
}

std::chrono::nanoseconds RetryAfterOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayload);
  if (!payload) return {};
  const std::string text(*payload);
  int64_t after = 0;
  std::from_chars(text.data(), text.data() + text.size(), after);
  return std::chrono::nanoseconds(after);
}

}  // namespace fieldkms
