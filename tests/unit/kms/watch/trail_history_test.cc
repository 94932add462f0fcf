#include "kms/watch/trail_history.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "kms/audit/audit_line.h"
#include "kms/audit/trail_files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/kms/watch/watch_records.h"

namespace fieldkms {
namespace {

using std::chrono::hours;
using testing::CallOf;
using testing::DeniedCallOf;
using testing::kMorning;

class TrailHistoryTest : public ::testing::Test {
 protected:
  void Write(const std::string& path, const AuditRecord& record, WallTime time) {
    std::string line;
    AppendAuditSeq(++seq_, &line);
    AppendAuditBody(record, time, &line);
    std::ofstream(path, std::ios::app) << line;
  }
  void Learn(WallTime since, uint64_t most_bytes = UINT64_MAX) {
    const HistoryRange range{since, kMorning + std::chrono::seconds(1), most_bytes};
    EXPECT_OK(LearnFromTrail(trail_, range, stop_, watch_));
  }
  // Whether the key is new for a principal that was known a day before.
  bool IsFirstUse(const std::string& key) {
    std::vector<Alarm> alarms;
    watch_.Take(CallOf("shop", key), kMorning, &alarms);
    return !alarms.empty();
  }

  testing::TempDir dir_;
  const std::string trail_ = dir_.path() + "/audit.jsonl";
  uint64_t seq_ = 0;
  std::atomic<bool> stop_{false};
  ActivityWatch watch_{WatchRules{}};
};

TEST_F(TrailHistoryTest, KnowsWhatEndedSegmentsAndTheLastOneHave) {
  Write(SegmentPath(trail_, 0), CallOf("shop", "a"), kMorning - hours(30));
  Write(SegmentPath(trail_, 1), CallOf("shop", "b"), kMorning - hours(20));
  Write(trail_, CallOf("shop", "c"), kMorning - hours(1));
  std::ofstream(trail_, std::ios::app) << "{\"seq\":9,\"ti";  // a crash cut it off
  Learn(kMorning - hours(48));
  for (const char* const key : {"a", "b", "c"}) EXPECT_FALSE(IsFirstUse(key)) << key;
  EXPECT_TRUE(IsFirstUse("d"));
}

TEST_F(TrailHistoryTest, WhatIsOlderIsLeftOut) {
  Write(trail_, CallOf("shop", "a"), kMorning - hours(49));
  Write(trail_, CallOf("shop", "b"), kMorning - hours(47));
  Learn(kMorning - hours(48));
  EXPECT_FALSE(IsFirstUse("b"));
  EXPECT_TRUE(IsFirstUse("a"));
}

TEST_F(TrailHistoryTest, WhatIsWatchedAnywayIsLeftOut) {
  for (int i = 0; i < 3; ++i) Write(trail_, DeniedCallOf("shop"), kMorning);
  for (int i = 0; i < 3; ++i) {
    Write(trail_, DeniedCallOf("shop"), kMorning + std::chrono::seconds(1));
  }
  Learn(kMorning - hours(1));
  std::vector<Alarm> alarms;
  for (int i = 0; i < 2; ++i) watch_.Take(DeniedCallOf("shop"), kMorning, &alarms);
  EXPECT_TRUE(alarms.empty()) << "five";
  watch_.Take(DeniedCallOf("shop"), kMorning, &alarms);
  EXPECT_EQ(alarms.size(), 1u);
}

TEST_F(TrailHistoryTest, OfALongTrailTheEndIsRead) {
  Write(SegmentPath(trail_, 0), CallOf("shop", "a"), kMorning - hours(40));
  for (int i = 0; i < 100; ++i) Write(trail_, CallOf("shop", "b"), kMorning - hours(30));
  Write(trail_, CallOf("shop", "c"), kMorning - hours(29));
  Learn(kMorning - hours(48), 1'000);
  EXPECT_FALSE(IsFirstUse("b"));
  EXPECT_FALSE(IsFirstUse("c"));
  EXPECT_TRUE(IsFirstUse("a"));
}

TEST_F(TrailHistoryTest, WhatWasRaisedIsNotRaisedAgain) {
  for (int i = 0; i < 6; ++i) Write(trail_, DeniedCallOf("shop"), kMorning);
  Learn(kMorning - hours(1));
  std::vector<Alarm> alarms;
  watch_.Take(DeniedCallOf("shop"), kMorning + std::chrono::minutes(1), &alarms);
  EXPECT_TRUE(alarms.empty());
}

TEST_F(TrailHistoryTest, EndsWhenItIsToldTo) {
  Write(trail_, CallOf("shop", "a"), kMorning);
  stop_ = true;
  Learn(kMorning - hours(1));
  EXPECT_EQ(watch_.callers(), 0u);
}

TEST_F(TrailHistoryTest, ATrailThatIsNotThereHasNone) {
  Learn(kMorning);
  EXPECT_EQ(watch_.callers(), 0u);
}

}  // namespace
}  // namespace fieldkms
