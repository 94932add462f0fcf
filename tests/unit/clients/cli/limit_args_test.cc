// Limits of rotations as they stand on a command line.
#include "clients/cli/limit_args.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "clients/cli/durations.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

// What comes of `limits` by these options.
absl::StatusOr<v1::RotationLimits> Applied(std::vector<std::string> options,
                                           v1::RotationLimits limits = {}) {
  CLI::App app;
  LimitArgs args;
  AddLimitOptions(&app, &args);
  std::reverse(options.begin(), options.end());  // as CLI11 takes them
  app.parse(options);
  FIELDKMS_RETURN_IF_ERROR(ApplyLimitArgs(args, &limits));
  return limits;
}

TEST(LimitArgsTest, AllCanBeGiven) {
  ASSERT_OK_AND_ASSIGN(const v1::RotationLimits limits, Applied({"--batch-time",
                                                                 "150ms",
                                                                 "--most-batch-rows",
                                                                 "700",
                                                                 "--most-rows-per-second",
                                                                 "9000",
                                                                 "--most-replication-lag",
                                                                 "1500ms",
                                                                 "--most-slot-bytes",
                                                                 "2GiB",
                                                                 "--most-lock-waits",
                                                                 "3",
                                                                 "--most-active-sessions",
                                                                 "40",
                                                                 "--most-dead-percent",
                                                                 "25",
                                                                 "--most-forced-checkpoint-percent",
                                                                 "60",
                                                                 "--critical-active-sessions",
                                                                 "90",
                                                                 "--quiet",
                                                                 "22:00-06:30",
                                                                 "--quiet",
                                                                 "12:00-13:00",
                                                                 "--unlimited",
                                                                 "--most-quarantined",
                                                                 "5",
                                                                 "--most-busy-percent",
                                                                 "70"}));
  EXPECT_EQ(limits.batch_time().nanos(), 150'000'000);
  EXPECT_EQ(limits.most_batch_rows(), 700u);
  EXPECT_EQ(limits.most_rows_per_second(), 9'000u);
  EXPECT_EQ(limits.most_replication_lag().seconds(), 1);
  EXPECT_EQ(limits.most_replication_lag().nanos(), 500'000'000);
  EXPECT_EQ(limits.most_slot_bytes(), uint64_t{2} << 30);
  EXPECT_EQ(limits.most_lock_waits(), 3u);
  EXPECT_EQ(limits.most_active_sessions(), 40u);
  EXPECT_EQ(limits.most_dead_percent(), 25u);
  EXPECT_EQ(limits.most_forced_checkpoint_percent(), 60u);
  EXPECT_EQ(limits.critical_active_sessions(), 90u);
  ASSERT_EQ(limits.quiet_hours_size(), 2);
  EXPECT_EQ(limits.quiet_hours(0).from_minute(), 22u * 60);
  EXPECT_EQ(limits.quiet_hours(0).until_minute(), 6u * 60 + 30);
  EXPECT_EQ(limits.quiet_hours(1).from_minute(), 12u * 60);
  EXPECT_TRUE(limits.unlimited());
  EXPECT_EQ(limits.most_quarantined(), 5u);
  EXPECT_EQ(limits.most_busy_percent(), 70u);
}

TEST(LimitArgsTest, WhatIsNotGivenStays) {
  v1::RotationLimits before;
  before.set_most_lock_waits(2);
  before.set_most_quarantined(7);
  before.set_unlimited(true);
  before.mutable_batch_time()->set_seconds(1);
  before.add_quiet_hours()->set_until_minute(60);
  EXPECT_EQ(Applied({}, before)->SerializeAsString(), before.SerializeAsString());
  ASSERT_OK_AND_ASSIGN(
      v1::RotationLimits after,
      Applied({"--most-lock-waits", "0", "--unlimited=false", "--batch-time", "0"}, before));
  EXPECT_EQ(after.most_lock_waits(), 0u);  // the default again
  EXPECT_EQ(after.batch_time().seconds(), 0);
  EXPECT_FALSE(after.unlimited());
  EXPECT_EQ(after.most_quarantined(), 7u);
  EXPECT_EQ(after.quiet_hours_size(), 1);
  // Quiet hours that are given are all that there are.
  ASSERT_OK_AND_ASSIGN(after, Applied({"--quiet", "01:00-02:00"}, before));
  ASSERT_EQ(after.quiet_hours_size(), 1);
  EXPECT_EQ(after.quiet_hours(0).from_minute(), 60u);
  EXPECT_EQ(Applied({"--no-quiet"}, before)->quiet_hours_size(), 0);
}

TEST(LimitArgsTest, QuietHoursAreStrict) {
  EXPECT_EQ(ParseQuietHours("00:00-23:59")->until_minute(), 1'439u);
  for (const char* bad :
       {"", "22-06", "22:00", "22:00-", "22:00-6:00", "24:00-06:00", "22:60-06:00", "22:00-22:00",
        "22:00-06:00x", "22:00 06:00", "2a:00-06:00", "22.00-06.00", "-1:00-06:00"}) {
    const auto hours = ParseQuietHours(bad);
    EXPECT_THAT(hours, StatusIs(Reason::kInvalidField)) << bad;
    EXPECT_EQ(FieldOf(hours.status()), "quiet");
  }
  EXPECT_THAT(Applied({"--quiet", "1-2"}), StatusIs(Reason::kInvalidField));
}

TEST(LimitArgsTest, ErrorsNameTheOption) {
  const auto limits = Applied({"--most-replication-lag", "soon"});
  EXPECT_THAT(limits, StatusIs(Reason::kInvalidField));
  EXPECT_EQ(FieldOf(limits.status()), "most-replication-lag");
}

TEST(DurationsTest, ReadMilliseconds) {
  for (const auto& [text, milliseconds] : std::vector<std::pair<std::string, int64_t>>{
           {"0", 0}, {"300ms", 300}, {"5s", 5'000}, {"2m", 120'000}, {"1d", 86'400'000}}) {
    EXPECT_EQ(ParseMilliseconds(text, "f").value(), milliseconds);
  }
  for (const char* bad : {"", "300", "ms", "1.5s", "-1ms", "1 ms", "1us", "99999999999ms"}) {
    EXPECT_THAT(ParseMilliseconds(bad, "f"), StatusIs(Reason::kInvalidField)) << bad;
  }
}

}  // namespace
}  // namespace fieldkms
