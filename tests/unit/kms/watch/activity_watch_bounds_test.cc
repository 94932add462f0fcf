// ActivityWatch under any input: its memory is bounded, and it goes on telling.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "kms/watch/activity_watch.h"
#include "tests/unit/kms/watch/watch_records.h"

namespace fieldkms {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;
using testing::DeniedCallOf;
using testing::kMorning;
using testing::StrangersCall;

WatchRules AllRules() {
  WatchRules rules;
  rules.hours.principals = {"*"};
  rules.hours.to = std::chrono::hours(12);
  rules.decoy_keys = {{"*", "*a*"}};
  rules.decoy_fields = {{"*", "b*"}};
  return rules;
}

RC_GTEST_PROP(ActivityWatchBoundsTest, AnyRecordsAtAnyTimes, ()) {
  ActivityWatch watch(AllRules());
  std::vector<Alarm> alarms;
  const int count = *rc::gen::inRange(1, 200);
  for (int i = 0; i < count; ++i) {
    const std::vector<std::string> texts =
        *rc::gen::container<std::vector<std::string>>(9, rc::gen::string<std::string>());
    AuditRecord record;
    record.kind = static_cast<AuditKind>(*rc::gen::inRange(0, 8));
    record.method = texts[0];
    record.principal = texts[1];
    record.address = texts[2];
    record.tenant = texts[3];
    record.code = *rc::gen::element("OK", "PERMISSION_DENIED", "");
    record.reason = *rc::gen::element("TAG_MISMATCH", "");
    record.items = *rc::gen::arbitrary<uint32_t>();
    record.failed = std::min(record.items, *rc::gen::arbitrary<uint32_t>());
    record.peer.known = *rc::gen::arbitrary<bool>();
    record.keys = AuditKeys(texts[4]);
    record.fields = AuditKeys(texts[5]);
    const WallTime time{microseconds(
        *rc::gen::inRange<int64_t>(-1'000'000'000'000'000'000, 1'000'000'000'000'000'000))};
    const size_t before = alarms.size();
    watch.Take(record, time, &alarms);
    RC_ASSERT(alarms.size() - before <= kAlarmRules);
    RC_ASSERT(watch.callers() <= ActivityWatch::kMostPrincipals + ActivityWatch::kMostStrangers);
  }
}

TEST(ActivityWatchBoundsTest, StrangersByTheThousandTakeNoPrincipalsPlace) {
  ActivityWatch watch(WatchRules{});
  std::vector<Alarm> alarms;
  for (int i = 0; i < 5; ++i) watch.Take(DeniedCallOf("shop"), kMorning, &alarms);
  for (int i = 0; i < 100'000; ++i) {
    watch.Take(StrangersCall("ipv6:[2001:db8::" + std::to_string(i) + "]:1"), kMorning, &alarms);
  }
  EXPECT_EQ(watch.callers(), 1 + ActivityWatch::kMostStrangers);
  EXPECT_TRUE(alarms.empty());
  watch.Take(DeniedCallOf("shop"), kMorning, &alarms);
  ASSERT_EQ(alarms.size(), 1u) << "and none is forgotten for them";
  EXPECT_EQ(alarms[0].principal, "shop");
}

TEST(ActivityWatchBoundsTest, PrincipalsAreBoundedToo) {
  ActivityWatch watch(WatchRules{});
  std::vector<Alarm> alarms;
  for (int i = 0; i < 2'000; ++i) {
    watch.Take(DeniedCallOf("p" + std::to_string(i)), kMorning, &alarms);
  }
  EXPECT_EQ(watch.callers(), ActivityWatch::kMostPrincipals);
}

TEST(ActivityWatchBoundsTest, WhatIsKeptOfACallerIsBounded) {
  WatchRules rules;
  rules.most_failures = 3;
  FailureWindow window;
  EXPECT_EQ(window.Note(rules, kMorning, UINT64_MAX), 4u);
  EXPECT_EQ(window.Note(rules, kMorning + seconds(1), 1), 4u);
  EXPECT_EQ(window.Note(rules, kMorning + rules.failures_within, 1), 2u)
      << "of the last one and this one";
  NameSet names(100);
  for (size_t i = 0; i < 1'000; ++i) names.Add(i);
  EXPECT_EQ(names.size(), 100u);
  EXPECT_TRUE(names.full());
  VolumeBaseline volume;
  volume.Note(rules, kMorning, UINT64_MAX);
  volume.Note(rules, kMorning, UINT64_MAX);
  EXPECT_FALSE(volume.Note(rules, kMorning + std::chrono::hours(1), UINT64_MAX))
      << "as much as in the hour before";
}

TEST(ActivityWatchBoundsTest, LongNamesAreCut) {
  ActivityWatch watch(WatchRules{});
  std::vector<Alarm> alarms;
  const std::string name(1 << 20, 'x');
  for (int i = 0; i < 6; ++i) watch.Take(DeniedCallOf(name, name), kMorning, &alarms);
  ASSERT_EQ(alarms.size(), 1u);
  EXPECT_EQ(alarms[0].principal.size(), 1'024u);
  EXPECT_EQ(alarms[0].tenant.size(), 1'024u);
}

}  // namespace
}  // namespace fieldkms
