// Cron expressions: what fits, what comes next, and what is none.
#include "kms/rotations/cron.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

WallTime At(int year, unsigned month, unsigned day, int hour = 0, int minute = 0) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  return std::chrono::sys_days(date) + hours(hour) + minutes(minute);
}

// The next `count` times after `after`.
std::vector<WallTime> Next(const std::string& text, WallTime after, int count) {
  std::vector<WallTime> times;
  const auto cron = Cron::Parse(text, "cron");
  EXPECT_OK(cron) << text;
  for (int i = 0; cron.ok() && i < count; ++i) times.push_back(after = cron->Next(after));
  return times;
}

TEST(CronTest, EachMinute) {
  const WallTime noon = At(2026, 3, 1, 12, 0);
  EXPECT_EQ(Next("* * * * *", noon, 2), (std::vector{noon + minutes(1), noon + minutes(2)}));
  // The minute that has begun is over.
  EXPECT_EQ(Next("* * * * *", noon + seconds(1), 1), (std::vector{noon + minutes(1)}));
  EXPECT_EQ(Next("* * * * *", noon - std::chrono::microseconds(1), 1), (std::vector{noon}));
}

TEST(CronTest, ListsRangesAndSteps) {
  const WallTime day = At(2026, 3, 1);
  EXPECT_EQ(Next("5,50 2 * * *", day, 3),
            (std::vector{At(2026, 3, 1, 2, 5), At(2026, 3, 1, 2, 50), At(2026, 3, 2, 2, 5)}));
  EXPECT_EQ(Next("0 8-10 * * *", day, 4), (std::vector{At(2026, 3, 1, 8), At(2026, 3, 1, 9),
                                                       At(2026, 3, 1, 10), At(2026, 3, 2, 8)}));
  EXPECT_EQ(Next("*/25 0 * * *", day - minutes(1), 4),
            (std::vector{day, day + minutes(25), day + minutes(50), day + hours(24)}));
  EXPECT_EQ(Next("0 1-9/4,23 * * *", day, 4),
            (std::vector{day + hours(1), day + hours(5), day + hours(9), day + hours(23)}));
  EXPECT_EQ(Next("0 0 */10 * *", day, 3),
            (std::vector{At(2026, 3, 11), At(2026, 3, 21), At(2026, 3, 31)}));
}

TEST(CronTest, Names) {
  const WallTime day = At(2026, 1, 1);
  EXPECT_EQ(Next("0 0 1 feb,APR *", day, 2), (std::vector{At(2026, 2, 1), At(2026, 4, 1)}));
  EXPECT_EQ(Next("0 0 1 jun-Aug *", day, 3),
            (std::vector{At(2026, 6, 1), At(2026, 7, 1), At(2026, 8, 1)}));
  // 2026-01-04 is a Sunday.
  EXPECT_EQ(Next("0 0 * * sun", day, 2), (std::vector{At(2026, 1, 4), At(2026, 1, 11)}));
  EXPECT_EQ(Next("0 0 * * 0", day, 1), (std::vector{At(2026, 1, 4)}));
  EXPECT_EQ(Next("0 0 * * 7", day, 1), (std::vector{At(2026, 1, 4)}));
  EXPECT_EQ(Next("0 0 * * Fri-7", day, 4),
            (std::vector{At(2026, 1, 2), At(2026, 1, 3), At(2026, 1, 4), At(2026, 1, 9)}));
  EXPECT_EQ(Next("0 0 * * mon-fri", day, 3),
            (std::vector{At(2026, 1, 2), At(2026, 1, 5), At(2026, 1, 6)}));
}

// POSIX: where both are restricted, either is enough.
TEST(CronTest, DayOfMonthOrDayOfWeek) {
  EXPECT_EQ(Next("0 0 13 * fri", At(2026, 1, 1), 4),
            (std::vector{At(2026, 1, 2), At(2026, 1, 9), At(2026, 1, 13), At(2026, 1, 16)}));
  // Vixie: one that begins with a star is not restricted, and then both must fit.
  EXPECT_EQ(Next("0 0 */2 * fri", At(2026, 1, 1), 2),
            (std::vector{At(2026, 1, 9), At(2026, 1, 23)}));
  EXPECT_EQ(Next("0 0 13 * */5", At(2026, 1, 1), 2),
            (std::vector{At(2026, 2, 13), At(2026, 3, 13)}));
}

TEST(CronTest, MonthsYearsAndLeapYears) {
  EXPECT_EQ(Next("0 0 31 * *", At(2026, 1, 31), 3),
            (std::vector{At(2026, 3, 31), At(2026, 5, 31), At(2026, 7, 31)}));
  EXPECT_EQ(Next("59 23 31 12 *", At(2026, 1, 1), 2),
            (std::vector{At(2026, 12, 31, 23, 59), At(2027, 12, 31, 23, 59)}));
  EXPECT_EQ(Next("0 0 29 2 *", At(2026, 1, 1), 2), (std::vector{At(2028, 2, 29), At(2032, 2, 29)}));
  // 2100 is no leap year, 2400 is one.
  EXPECT_EQ(Next("0 0 29 2 *", At(2096, 3, 1), 1), (std::vector{At(2104, 2, 29)}));
  EXPECT_EQ(Next("0 0 29 2 *", At(2396, 3, 1), 1), (std::vector{At(2400, 2, 29)}));
  // The 29th of February on a Sunday (*/7), over the year 2100.
  EXPECT_EQ(Next("0 0 29 2 */7", At(2088, 3, 1), 1), (std::vector{At(2128, 2, 29)}));
  EXPECT_EQ(Next("30 4 1 * *", At(2025, 12, 31, 23, 59), 1), (std::vector{At(2026, 1, 1, 4, 30)}));
}

TEST(CronTest, ImpossibleDatesAreRefused) {
  for (const char* text : {"0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 30-31 feb */2"}) {
    EXPECT_THAT(Cron::Parse(text, "schedule.cron"),
                StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField))
        << text;
  }
  EXPECT_OK(Cron::Parse("0 0 30 2 mon", "cron"));  // Mondays of February
  EXPECT_OK(Cron::Parse("0 0 31 2,3 *", "cron"));
}

TEST(CronTest, WhatIsNoneIsRefused) {
  const std::vector<std::string> refused = {"",
                                            "* * * *",
                                            "* * * * * *",
                                            "60 * * * *",
                                            "* 24 * * *",
                                            "* * 0 * *",
                                            "* * 32 * *",
                                            "* * * 0 *",
                                            "* * * 13 *",
                                            "* * * * 8",
                                            "-1 * * * *",
                                            "1- * * * *",
                                            "-5 * * * *",
                                            "5-1 * * * *",
                                            "*/0 * * * *",
                                            "*/ * * * *",
                                            "5/5 * * * *",
                                            "1,,2 * * * *",
                                            ",1 * * * *",
                                            "1, * * * *",
                                            "a * * * *",
                                            "* * * foo *",
                                            "* * * janu *",
                                            "* * * * sunday",
                                            "feb * * * *",
                                            "** * * * *",
                                            "*-5 * * * *",
                                            "1-2-3 * * * *",
                                            "*/2/3 * * * *",
                                            "+1 * * * *",
                                            "001 * * * *",
                                            "1.5 * * * *",
                                            "@daily",
                                            "* * * * sat-mon",
                                            std::string(300, '*'),
                                            std::string("* * * *\0*", 9)};
  for (const std::string& text : refused) {
    const auto cron = Cron::Parse(text, "schedule.cron");
    EXPECT_THAT(cron, StatusIs(absl::StatusCode::kInvalidArgument, Reason::kInvalidField)) << text;
    EXPECT_EQ(FieldOf(cron.status()), "schedule.cron");
  }
  EXPECT_OK(Cron::Parse("  0\t0   1 1  * ", "cron"));
}

}  // namespace
}  // namespace fieldkms
