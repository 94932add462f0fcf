#include "rotation/throttle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/rotation/calm_sample.h"

namespace fieldkms::rotation {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;
using Kind = Decision::Kind;

class ThrottleTest : public ::testing::Test {
 protected:
  Decision Decide(const LoadSample& sample) { return throttle_.Decide(sample, wall_, now_); }
  Kind KindOf(const LoadSample& sample) { return Decide(sample).kind; }
  std::string Reason(const LoadSample& sample) { return Decide(sample).reason; }

  Throttle::Steady now_{hours(1)};
  WallTime wall_{std::chrono::sys_days(std::chrono::year(2026) / 2 / 3) + hours(12)};
  ResolvedLimits limits_;
  Throttle throttle_{limits_, 1, now_};
  LoadSample sample_ = CalmSample();
};

TEST_F(ThrottleTest, GoesWhereAllIsCalm) {
  const Decision decision = Decide(sample_);
  EXPECT_EQ(decision.kind, Kind::kGo);
  EXPECT_EQ(decision.reason, "");
  EXPECT_EQ(decision.look_again, milliseconds(0));
}

TEST_F(ThrottleTest, AtTheLimitIsNotAbove) {
  sample_.replication_lag = seconds(5);
  sample_.slot_bytes = uint64_t{1} << 30;
  sample_.lock_waits = 8;
  sample_.active_sessions = 32;
  sample_.dead_percent = 20;
  sample_.forced_checkpoint_percent = 50;
  EXPECT_EQ(KindOf(sample_), Kind::kGo);
}

TEST_F(ThrottleTest, EachReasonHasItsNumberAndItsLimit) {
  sample_.replication_lag = milliseconds(11'500);
  EXPECT_EQ(Reason(sample_), "standby is 12 s behind, limit 5 s");
  sample_ = CalmSample();
  sample_.slot_bytes = uint64_t{3} << 30;
  EXPECT_THAT(Reason(sample_), HasSubstr("a replication slot holds back 3 GiB, limit 1 GiB"));
  sample_ = CalmSample();
  sample_.lock_waits = 9;
  EXPECT_EQ(Reason(sample_), "9 sessions wait for locks, limit 8");
  sample_ = CalmSample();
  sample_.active_sessions = 33;
  EXPECT_EQ(Reason(sample_), "33 active sessions, limit 32");
  sample_ = CalmSample();
  sample_.dead_percent = 20.5;
  sample_.dead_table = "public.cards";
  EXPECT_EQ(Reason(sample_), "20.5 % of the rows of public.cards are dead, limit 20 %");
  sample_ = CalmSample();
  sample_.forced_checkpoint_percent = 100.0 * 2 / 3;
  EXPECT_EQ(Reason(sample_), "66.7 % of checkpoints are forced, limit 50 %");
}

TEST_F(ThrottleTest, AllReasonsAreSaid) {
  sample_.replication_lag = seconds(12);
  sample_.active_sessions = 40;
  EXPECT_EQ(Reason(sample_), "standby is 12 s behind, limit 5 s; 40 active sessions, limit 32");
}

TEST_F(ThrottleTest, WhatIsNotKnownIsAboveItsLimit) {
  sample_.replication_lag = std::nullopt;
  const Decision decision = Decide(sample_);
  EXPECT_EQ(decision.kind, Kind::kRest);
  EXPECT_EQ(decision.reason, "replication lag is not known: grant pg_monitor, or set unlimited");
  sample_ = CalmSample();
  sample_.dead_percent = std::nullopt;
  EXPECT_THAT(Reason(sample_),
              HasSubstr("share of dead rows is not known: turn track_counts on, or set unlimited"));
}

TEST_F(ThrottleTest, EachThatIsNotKnownRests) {
  const auto rests_without = [this](auto forget) {
    throttle_ = Throttle(limits_, 1, now_);
    LoadSample sample = CalmSample();
    forget(&sample);
    return KindOf(sample) == Kind::kRest;
  };
  EXPECT_TRUE(rests_without([](LoadSample* sample) { sample->replication_lag.reset(); }));
  EXPECT_TRUE(rests_without([](LoadSample* sample) { sample->slot_bytes.reset(); }));
  EXPECT_TRUE(rests_without([](LoadSample* sample) { sample->lock_waits.reset(); }));
  EXPECT_TRUE(rests_without([](LoadSample* sample) { sample->active_sessions.reset(); }));
  EXPECT_TRUE(rests_without([](LoadSample* sample) { sample->dead_percent.reset(); }));
  EXPECT_TRUE(rests_without([](LoadSample* sample) { sample->forced_checkpoint_percent.reset(); }));
  // These have no limit.
  EXPECT_FALSE(rests_without([](LoadSample* sample) {
    sample->replication_lag_bytes.reset();
    sample->oldest_transaction.reset();
    sample->horizon_transactions.reset();
  }));
}

TEST_F(ThrottleTest, WhatIsNotKnownIsSaidInOne) {
  EXPECT_EQ(Reason(LoadSample{}),
            "replication lag, what replication slots hold back, number of lock waits, number of "
            "active sessions and share of forced checkpoints are not known: grant pg_monitor, or "
            "set unlimited; share of dead rows is not known: turn track_counts on, or set "
            "unlimited");
}

TEST_F(ThrottleTest, GoesOnWellBelowTheLimitOnly) {
  sample_.replication_lag = seconds(6);
  EXPECT_EQ(KindOf(sample_), Kind::kRest);
  sample_.replication_lag = milliseconds(4'500);
  EXPECT_EQ(Reason(sample_), "standby is 4.5 s behind, limit 5 s, goes on at 4 s");
  sample_.replication_lag = milliseconds(4'001);
  EXPECT_EQ(KindOf(sample_), Kind::kRest);
  sample_.replication_lag = milliseconds(4'000);
  EXPECT_EQ(KindOf(sample_), Kind::kGo);
  sample_.replication_lag = milliseconds(4'500);
  EXPECT_EQ(KindOf(sample_), Kind::kGo);
}

TEST_F(ThrottleTest, EachMeasureHasAMemoryOfItsOwn) {
  sample_.replication_lag = seconds(6);
  EXPECT_EQ(KindOf(sample_), Kind::kRest);
  sample_.replication_lag = seconds(0);
  sample_.active_sessions = 30;
  EXPECT_EQ(KindOf(sample_), Kind::kGo);
}

TEST_F(ThrottleTest, LooksAgainLessAndLessOften) {
  sample_.active_sessions = 33;
  for (const int wait : {250, 500, 1'000, 2'000, 4'000, 8'000, 10'000, 10'000}) {
    EXPECT_EQ(Decide(sample_).look_again, milliseconds(wait));
  }
  for (int i = 0; i < 100; ++i) Decide(sample_);
  EXPECT_EQ(Decide(sample_).look_again, milliseconds(10'000));
  EXPECT_EQ(KindOf(CalmSample()), Kind::kGo);
  EXPECT_EQ(Decide(sample_).look_again, milliseconds(250));
}

TEST_F(ThrottleTest, StopsAtACriticalLoad) {
  limits_.critical_active_sessions = 100;
  throttle_.SetLimits(limits_, now_);
  sample_.active_sessions = 99;
  EXPECT_EQ(KindOf(sample_), Kind::kRest);
  sample_.active_sessions = 100;
  const Decision decision = Decide(sample_);
  EXPECT_EQ(decision.kind, Kind::kStop);
  EXPECT_EQ(decision.reason, "100 active sessions, critical at 100");
  sample_.active_sessions = std::nullopt;
  EXPECT_EQ(KindOf(sample_), Kind::kRest);
}

TEST_F(ThrottleTest, NothingIsCriticalByDefault) {
  sample_.active_sessions = UINT32_MAX;
  EXPECT_EQ(KindOf(sample_), Kind::kRest);
}

TEST_F(ThrottleTest, UnlimitedRestsForTheServiceOnly) {
  limits_.unlimited = true;
  limits_.critical_active_sessions = 1;
  limits_.most_rows_per_second = 1;
  limits_.quiet_hours = {{minutes(0), minutes(1'439)}};
  throttle_.SetLimits(limits_, now_);
  throttle_.BatchDone(1'000, now_);
  sample_.active_sessions = 1'000;
  EXPECT_EQ(KindOf(sample_), Kind::kGo);
  EXPECT_EQ(KindOf(LoadSample{}), Kind::kGo);
  EXPECT_EQ(throttle_.MostRows(), UINT32_MAX);
  throttle_.ServiceRefused(seconds(2), now_);
  EXPECT_EQ(KindOf(sample_), Kind::kRest);
}

TEST_F(ThrottleTest, QuietHoursOfTheDay) {
  limits_.quiet_hours = {{minutes(13 * 60), minutes(14 * 60 + 5)}};
  throttle_.SetLimits(limits_, now_);
  EXPECT_EQ(KindOf(sample_), Kind::kGo);
  wall_ += minutes(60);
  const Decision decision = Decide(sample_);
  EXPECT_EQ(decision.kind, Kind::kRest);
  EXPECT_EQ(decision.reason, "quiet hours until 14:05 UTC");
  EXPECT_EQ(decision.look_again, milliseconds(250));
  wall_ += minutes(65) - std::chrono::microseconds(1);
  EXPECT_EQ(KindOf(sample_), Kind::kRest);
  wall_ += std::chrono::microseconds(1);
  EXPECT_EQ(KindOf(sample_), Kind::kGo);
}

TEST_F(ThrottleTest, QuietHoursPastMidnight) {
  limits_.quiet_hours = {{minutes(22 * 60), minutes(6 * 60)}, {minutes(90), minutes(90)}};
  throttle_.SetLimits(limits_, now_);
  wall_ += hours(10);  // 22:00
  EXPECT_EQ(Reason(sample_), "quiet hours until 06:00 UTC");
  wall_ += hours(7) + minutes(59);
  EXPECT_EQ(Reason(sample_), "quiet hours until 06:00 UTC");
  wall_ += minutes(1);
  EXPECT_EQ(KindOf(sample_), Kind::kGo);
}

TEST_F(ThrottleTest, OfQuietHoursThatOverlapTheLongerCount) {
  limits_.quiet_hours = {{minutes(0), minutes(15 * 60)}, {minutes(0), minutes(13 * 60)}};
  throttle_.SetLimits(limits_, now_);
  EXPECT_EQ(Reason(sample_), "quiet hours until 15:00 UTC");
}

TEST_F(ThrottleTest, ALoadInQuietHoursIsSaidToo) {
  limits_.quiet_hours = {{minutes(0), minutes(13 * 60)}};
  limits_.critical_active_sessions = 50;
  throttle_.SetLimits(limits_, now_);
  sample_.active_sessions = 40;
  EXPECT_EQ(Reason(sample_), "quiet hours until 13:00 UTC; 40 active sessions, limit 32");
  sample_.active_sessions = 50;
  EXPECT_EQ(KindOf(sample_), Kind::kStop);
}

TEST_F(ThrottleTest, TheServiceIsLeftAloneForAsLongAsItAsks) {
  throttle_.ServiceRefused(seconds(3), now_);
  Decision decision = Decide(sample_);
  EXPECT_EQ(decision.kind, Kind::kRest);
  EXPECT_EQ(decision.reason, "the service has too much to do, for 3 s more");
  EXPECT_EQ(decision.look_again, seconds(3));
  now_ += seconds(1);
  EXPECT_EQ(Decide(sample_).look_again, seconds(2));
  now_ += seconds(2);
  EXPECT_EQ(KindOf(sample_), Kind::kGo);
}

TEST_F(ThrottleTest, LooksAgainAfterTenSecondsHoweverLongTheServiceAsksFor) {
  throttle_.ServiceRefused(hours(1'000'000), now_);
  EXPECT_EQ(Decide(sample_).look_again, seconds(10));
  now_ += minutes(5) - seconds(1);
  EXPECT_EQ(KindOf(sample_), Kind::kRest);
  now_ += seconds(1);
  EXPECT_EQ(KindOf(sample_), Kind::kGo);
}

TEST_F(ThrottleTest, AServiceThatDoesNotSayIsLeftAloneForLongerEachTime) {
  for (const int wait : {250, 500, 1'000}) {
    throttle_.ServiceRefused(std::nullopt, now_);
    EXPECT_EQ(Decide(sample_).look_again, milliseconds(wait));
    now_ += milliseconds(wait);
    EXPECT_EQ(KindOf(sample_), Kind::kGo);
  }
  throttle_.ServiceAnswered();
  throttle_.ServiceRefused(milliseconds(1), now_);
  EXPECT_EQ(Decide(sample_).look_again, milliseconds(250));
}

TEST_F(ThrottleTest, TheLongerRestCounts) {
  sample_.active_sessions = 40;
  throttle_.ServiceRefused(seconds(3), now_);
  Decision decision = Decide(sample_);
  EXPECT_THAT(decision.reason, HasSubstr("40 active sessions, limit 32; the service has"));
  EXPECT_EQ(decision.look_again, seconds(3));
  for (int i = 0; i < 10; ++i) decision = Decide(sample_);
  EXPECT_EQ(decision.look_again, seconds(10));
}

TEST_F(ThrottleTest, RowsASecondAreShared) {
  limits_.most_rows_per_second = 1'000;
  throttle_ = Throttle(limits_, 2, now_);
  EXPECT_EQ(throttle_.MostRows(), 500u);
  EXPECT_EQ(KindOf(sample_), Kind::kGo);
  throttle_.BatchDone(500, now_);
  EXPECT_EQ(KindOf(sample_), Kind::kGo);
  throttle_.BatchDone(500, now_);
  const Decision decision = Decide(sample_);
  EXPECT_EQ(decision.kind, Kind::kRest);
  EXPECT_EQ(decision.reason, "500 rows a second are done, its share of 1000 for 2 workers");
  EXPECT_EQ(decision.look_again, seconds(1));
  // The other one has gone.
  throttle_.SetWorkers(0, now_);
  EXPECT_EQ(Decide(sample_).look_again, milliseconds(500));
  EXPECT_EQ(Reason(sample_), "1000 rows a second are done, its limit");
  EXPECT_EQ(throttle_.MostRows(), 1'000u);
  now_ += milliseconds(500);
  EXPECT_EQ(KindOf(sample_), Kind::kGo);
}

TEST_F(ThrottleTest, AShareBelowARowIsARow) {
  limits_.most_rows_per_second = 1;
  throttle_ = Throttle(limits_, 1'000, now_);
  EXPECT_EQ(throttle_.MostRows(), 1u);
  throttle_.BatchDone(1, now_);
  EXPECT_EQ(Decide(sample_).look_again, seconds(10));
}

TEST_F(ThrottleTest, LimitsMayChange) {
  sample_.replication_lag = seconds(7);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(KindOf(sample_), Kind::kRest);
  throttle_.SetLimits(limits_, now_);  // the same
  EXPECT_EQ(Decide(sample_).look_again, seconds(8));
  limits_.most_replication_lag = seconds(7);
  throttle_.SetLimits(limits_, now_);
  EXPECT_EQ(KindOf(sample_), Kind::kGo);
  limits_.most_replication_lag = seconds(3);
  throttle_.SetLimits(limits_, now_);
  EXPECT_EQ(Reason(sample_), "standby is 7 s behind, limit 3 s");
}

}  // namespace
}  // namespace fieldkms::rotation
