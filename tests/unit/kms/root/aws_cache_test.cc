#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "kms/root/aws_credentials_cache.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/kms/root/aws_fakes.h"

namespace fieldkms {
namespace {

using absl::StatusCode;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::FakeWallClock;

auto Unavailable() { return StatusIs(StatusCode::kUnavailable, Reason::kRootUnavailable); }
auto Late() { return StatusIs(StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded); }

// A source whose credentials are numbered and live as long as the test says. It can be
// held up and made to fail.
class FakeSource final : public AwsCredentialSource {
 public:
  explicit FakeSource(const Clock& clock) : clock_(clock) {}

  std::string Name() const override { return "fake"; }

  absl::StatusOr<std::optional<AwsCredentials>> Fetch(Deadline) const override {
    std::unique_lock lock(mutex_);
    const int number = ++fetches_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !held_; });
    if (!failure_.ok()) return failure_;
    AwsCredentials credentials{"N" + std::to_string(number), {}, {}, {}};
    if (life_ != seconds(0)) credentials.expires = clock_.Now() + life_;
    return credentials;
  }

  void SetLife(seconds life) {
    Set([&] { life_ = life; });
  }
  void Fail(absl::Status failure) {
    Set([&] { failure_ = std::move(failure); });
  }
  void Hold(bool held) {
    Set([&] { held_ = held; });
  }
  int fetches() const {
    const std::lock_guard lock(mutex_);
    return fetches_;
  }
  void AwaitFetches(int number) const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return fetches_ >= number; });
  }

 private:
  template <class F>
  void Set(F change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }

  const Clock& clock_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable int fetches_ = 0;
  bool held_ = false;
  seconds life_{3600};
  absl::Status failure_;
};

class CacheTest : public ::testing::Test {
 protected:
  std::string Id(Deadline deadline = kNoDeadline) {
    const auto credentials = cache_.Get(deadline);
    return credentials.ok() ? (*credentials)->access_key_id : credentials.status().ToString();
  }

  FakeWallClock clock_;
  FakeSource* source_ = new FakeSource(clock_);  // the cache's
  AwsCredentialCache cache_{AwsSource(source_), clock_};
};

TEST_F(CacheTest, KeepsThemUntilFiveMinutesBeforeTheyExpire) {
  EXPECT_EQ(Id(), "N1");
  clock_.Advance(minutes(55) - seconds(1));
  EXPECT_EQ(Id(), "N1");
  clock_.Advance(seconds(1));
  EXPECT_EQ(Id(), "N2");
  EXPECT_EQ(Id(), "N2");
  EXPECT_EQ(source_->fetches(), 2);
}

TEST_F(CacheTest, ThoseThatDoNotExpireStay) {
  source_->SetLife(seconds(0));
  EXPECT_EQ(Id(), "N1");
  clock_.Advance(std::chrono::hours(10'000));
  EXPECT_EQ(Id(), "N1");
}

TEST_F(CacheTest, OldOnesServeWhileOneCallerRenews) {
  EXPECT_EQ(Id(), "N1");
  clock_.Advance(minutes(56));
  source_->Hold(true);
  std::jthread renewing([&] { EXPECT_EQ(Id(), "N2"); });
  source_->AwaitFetches(2);
  EXPECT_EQ(Id(), "N1");
  EXPECT_EQ(Id(), "N1");
  source_->Hold(false);
  renewing.join();
  EXPECT_EQ(Id(), "N2");
  EXPECT_EQ(source_->fetches(), 2);
}

TEST_F(CacheTest, RenewalThatFailsWaitsAndDoesNotHurt) {
  EXPECT_EQ(Id(), "N1");
  clock_.Advance(minutes(56));
  source_->Fail(AwsSourceUnavailable("down"));
  EXPECT_EQ(Id(), "N1");
  EXPECT_EQ(Id(), "N1");
  EXPECT_EQ(source_->fetches(), 2);
  clock_.Advance(AwsCredentialCache::kPause);
  EXPECT_EQ(Id(), "N1");
  EXPECT_EQ(source_->fetches(), 3);
  clock_.Advance(minutes(4));
  EXPECT_THAT(cache_.Get(kNoDeadline), Unavailable());
  source_->Fail(absl::OkStatus());
  EXPECT_EQ(Id(), "N5");
}

TEST_F(CacheTest, ThoseOfAShortLifeAreNotFetchedForEachCall) {
  source_->SetLife(seconds(120));
  EXPECT_EQ(Id(), "N1");
  EXPECT_EQ(Id(), "N1");
  clock_.Advance(AwsCredentialCache::kPause);
  EXPECT_EQ(Id(), "N2");
}

TEST_F(CacheTest, ThoseThatHaveExpiredAreRefused) {
  source_->SetLife(seconds(-1));
  EXPECT_THAT(cache_.Get(kNoDeadline), Unavailable());
}

TEST_F(CacheTest, ManyCallersFetchOnce) {
  source_->Hold(true);
  std::vector<std::jthread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] { EXPECT_EQ(Id(), "N1"); });
  }
  source_->AwaitFetches(1);
  source_->Hold(false);
  callers.clear();
  EXPECT_EQ(source_->fetches(), 1);
}

TEST_F(CacheTest, WaitingEndsWithTheDeadline) {
  source_->Hold(true);
  std::jthread fetching([&] { EXPECT_EQ(Id(), "N1"); });
  source_->AwaitFetches(1);
  EXPECT_THAT(cache_.Get(clock_.Steady() + milliseconds(20)), Late());
  source_->Hold(false);
}

TEST_F(CacheTest, RejectedOnesAreFetchedAnewOnce) {
  ASSERT_OK_AND_ASSIGN(const auto first, cache_.Get(kNoDeadline));
  cache_.Reject(first);
  EXPECT_EQ(Id(), "N2");
  // Others that were refused the same ones find the new ones there.
  cache_.Reject(first);
  EXPECT_EQ(Id(), "N2");
}

}  // namespace
}  // namespace fieldkms
