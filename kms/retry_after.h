// When it may be worth while to try again what failed: carried in the error itself, from
// who knows it to who tells the caller.
#ifndef FIELDKMS_KMS_RETRY_AFTER_H_
#define FIELDKMS_KMS_RETRY_AFTER_H_

#include <chrono>

#include "absl/status/status.h"

namespace fieldkms {

// WithRetryAfter is `status`, which is not OK, with the time from now to the next attempt.
absl::Status WithRetryAfter(absl::Status status, std::chrono::nanoseconds after);

// RetryAfterOf returns that; zero where none was given.
std::chrono::nanoseconds RetryAfterOf(const absl::Status& status);

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_RETRY_AFTER_H_
