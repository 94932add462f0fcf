#include "rotation/limits.h"

#include <gtest/gtest.h>

namespace fieldkms::rotation {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// As rotation_service.proto has them.
TEST(LimitsTest, WhatIsUnsetIsTheDefault) {
  const ResolvedLimits limits = ResolveLimits({}, std::nullopt);
  EXPECT_FALSE(limits.unlimited);
  EXPECT_EQ(limits.batch_time, milliseconds(300));
  EXPECT_EQ(limits.most_batch_rows, 600u);
  EXPECT_EQ(limits.most_rows_per_second, 0u);
  EXPECT_EQ(limits.most_replication_lag, seconds(5));
  EXPECT_EQ(limits.most_slot_bytes, uint64_t{1} << 30);
  EXPECT_EQ(limits.most_lock_waits, 8u);
  EXPECT_EQ(limits.most_active_sessions, 32u);
  EXPECT_EQ(limits.most_dead_percent, 20u);
  EXPECT_EQ(limits.most_forced_checkpoint_percent, 50u);
  EXPECT_EQ(limits.critical_active_sessions, 0u);
  EXPECT_TRUE(limits.quiet_hours.empty());
  EXPECT_EQ(limits.most_quarantined, 1'000u);
  EXPECT_EQ(limits.most_busy_percent, 35u);
}

TEST(LimitsTest, WithoutLimitsBatchesAreLargeAndWorkersDoNotRest) {
  v1::RotationLimits limits;
  limits.set_unlimited(true);
  EXPECT_EQ(ResolveLimits(limits, 4).most_batch_rows, 5'000u);
  EXPECT_EQ(ResolveLimits(limits, 4).most_busy_percent, 100u);
}

TEST(LimitsTest, FourSessionsForEachCoreThatIsKnown) {
  EXPECT_EQ(ResolveLimits({}, 2).most_active_sessions, 8u);
  EXPECT_EQ(ResolveLimits({}, 64).most_active_sessions, 256u);
  v1::RotationLimits limits;
  limits.set_most_active_sessions(3);
  EXPECT_EQ(ResolveLimits(limits, 64).most_active_sessions, 3u);
}

TEST(LimitsTest, WhatIsSetIsTaken) {
  v1::RotationLimits limits;
  limits.mutable_batch_time()->set_nanos(50'000'000);
  limits.set_most_batch_rows(7);
  limits.set_most_rows_per_second(11);
  limits.mutable_most_replication_lag()->set_seconds(60);
  limits.set_most_slot_bytes(13);
  limits.set_most_lock_waits(17);
  limits.set_most_active_sessions(19);
  limits.set_most_dead_percent(23);
  limits.set_most_forced_checkpoint_percent(29);
  limits.set_critical_active_sessions(31);
  v1::QuietHours* hours = limits.add_quiet_hours();
  hours->set_from_minute(1'320);
  hours->set_until_minute(360);
  limits.set_unlimited(true);
  limits.set_most_quarantined(37);
  limits.set_most_busy_percent(41);
  EXPECT_EQ(ResolveLimits(limits, 4),
            (ResolvedLimits{.unlimited = true,
                            .batch_time = milliseconds(50),
                            .most_batch_rows = 7,
                            .most_rows_per_second = 11,
                            .most_replication_lag = seconds(60),
                            .most_slot_bytes = 13,
                            .most_lock_waits = 17,
                            .most_active_sessions = 19,
                            .most_dead_percent = 23,
                            .most_forced_checkpoint_percent = 29,
                            .critical_active_sessions = 31,
                            .quiet_hours = {{minutes(1'320), minutes(360)}},
                            .most_quarantined = 37,
                            .most_busy_percent = 41}));
}

TEST(LimitsTest, WhatIsNotAllowedIsBroughtWithin) {
  v1::RotationLimits limits;
  limits.set_most_batch_rows(UINT32_MAX);
  limits.set_most_busy_percent(101);
  limits.mutable_batch_time()->set_nanos(1);
  limits.mutable_most_replication_lag()->set_nanos(1);
  EXPECT_EQ(ResolveLimits(limits, 0).most_batch_rows, 50'000u);
  EXPECT_EQ(ResolveLimits(limits, 0).most_busy_percent, 100u);
  EXPECT_EQ(ResolveLimits(limits, 0).batch_time, milliseconds(10));
  EXPECT_EQ(ResolveLimits(limits, 0).most_replication_lag, milliseconds(1));
  EXPECT_EQ(ResolveLimits(limits, 0).most_active_sessions, 4u);
  limits.mutable_batch_time()->set_seconds(INT64_MAX);
  limits.mutable_most_replication_lag()->set_seconds(INT64_MIN);
  EXPECT_EQ(ResolveLimits(limits, 0).batch_time, seconds(10));
  EXPECT_EQ(ResolveLimits(limits, 0).most_replication_lag, seconds(5));
}

}  // namespace
}  // namespace fieldkms::rotation
