#include "kms/retry_after.h"

#include <gtest/gtest.h>

#include "crypto/status.h"

namespace fieldkms {
namespace {

TEST(RetryAfterTest, TravelsWithTheError) {
  const absl::Status plain =
      Error(absl::StatusCode::kUnavailable, Reason::kRootUnavailable, "down", "root");
  EXPECT_EQ(RetryAfterOf(plain).count(), 0);
  const absl::Status status = WithRetryAfter(plain, std::chrono::milliseconds(1500));
  EXPECT_EQ(RetryAfterOf(status), std::chrono::milliseconds(1500));
  EXPECT_EQ(ReasonOf(status), Reason::kRootUnavailable);
  EXPECT_EQ(RetryAfterOf(DeepCopy(status)), std::chrono::milliseconds(1500));
}

}  // namespace
}  // namespace fieldkms
