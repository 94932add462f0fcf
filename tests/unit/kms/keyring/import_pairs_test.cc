#include "kms/keyring/import_pairs.h"

#include <gtest/gtest.h>

#include <future>

#include "crypto/status.h"
#include "kms/retry_after.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

ImportKeyPair Pair() { return {SecretBytes(), "pem"}; }

TEST(ImportPairsTest, WhoComesMeanwhileIsToldAndWaitsForNothing) {
  std::promise<void> begun, go_on;
  ImportPairs pairs([&]() -> absl::StatusOr<ImportKeyPair> {
    begun.set_value();
    go_on.get_future().wait();
    return Pair();
  });
  auto first = std::async(std::launch::async, [&] { return pairs.Make(); });
  begun.get_future().wait();
  const absl::Status busy = pairs.Make().status();
  EXPECT_THAT(busy, StatusIs(absl::StatusCode::kUnavailable, Reason::kOverloaded));
  EXPECT_GT(RetryAfterOf(busy).count(), 0);
  go_on.set_value();
  EXPECT_OK(first.get());
}

TEST(ImportPairsTest, OneAfterTheOtherAlsoAfterAFailure) {
  int calls = 0;
  ImportPairs pairs([&]() -> absl::StatusOr<ImportKeyPair> {
    if (++calls == 1) return Bug("no luck");
    return Pair();
  });
  EXPECT_THAT(pairs.Make(), StatusIs(Reason::kInternal));
  EXPECT_OK(pairs.Make());
  EXPECT_OK(pairs.Make());
}

}  // namespace
}  // namespace fieldkms
