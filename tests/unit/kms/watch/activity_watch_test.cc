#include "kms/watch/activity_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kms/watch/alarm.h"
#include "tests/unit/kms/watch/watch_records.h"

namespace fieldkms {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::CallOf;
using testing::DeniedCallOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kMorning;
using testing::StrangersCall;

class ActivityWatchTest : public ::testing::Test {
 protected:
  void Restart() { watch_.emplace(rules_); }

  // The rules of the alarms that a record raises.
  std::vector<AlarmRule> Take(const AuditRecord& record) {
    if (!watch_) Restart();
    alarms_.clear();
    watch_->Take(record, now_, &alarms_);
    std::vector<AlarmRule> rules;
    for (const Alarm& alarm : alarms_) rules.push_back(alarm.rule);
    return rules;
  }

  // A record each step of the time; all alarms.
  std::vector<AlarmRule> TakeEach(seconds step, int count, const AuditRecord& record) {
    std::vector<AlarmRule> all;
    for (int i = 0; i < count; ++i) {
      const std::vector<AlarmRule> some = Take(record);
      all.insert(all.end(), some.begin(), some.end());
      now_ += step;
    }
    return all;
  }

  WatchRules rules_;
  std::optional<ActivityWatch> watch_;
  std::vector<Alarm> alarms_;  // of the last record
  WallTime now_ = kMorning;
};

TEST_F(ActivityWatchTest, SixFailuresInFiveMinutesAreAnAlarm) {
  EXPECT_THAT(TakeEach(seconds(59), 5, DeniedCallOf("shop")), IsEmpty());
  EXPECT_THAT(Take(DeniedCallOf("shop")), ElementsAre(AlarmRule::kRepeatedFailures));
  EXPECT_EQ(alarms_[0].seen, 6u);
  EXPECT_EQ(alarms_[0].most, 5u);
  EXPECT_EQ(alarms_[0].principal, "shop");
  EXPECT_EQ(alarms_[0].method, "CryptoService.Decrypt");
  EXPECT_EQ(alarms_[0].time, now_);
}

TEST_F(ActivityWatchTest, SixFailuresInLongerAreNone) {
  EXPECT_THAT(TakeEach(seconds(60), 100, DeniedCallOf("shop")), IsEmpty());
}

TEST_F(ActivityWatchTest, FailuresAreCountedForEachCaller) {
  for (const char* const name : {"a", "b", "c"}) {
    EXPECT_THAT(TakeEach(seconds(1), 5, DeniedCallOf(name)), IsEmpty());
  }
}

TEST_F(ActivityWatchTest, ValuesThatDoNotOpenAreFailuresEach) {
  AuditRecord batch = CallOf("shop");
  batch.method = "CryptoService.BatchDecrypt";
  batch.items = 100;
  batch.failed = 5;
  batch.reason = "TAG_MISMATCH";
  EXPECT_THAT(Take(batch), IsEmpty());
  batch.failed = 1;
  EXPECT_THAT(Take(batch), ElementsAre(AlarmRule::kRepeatedFailures));
}

TEST_F(ActivityWatchTest, WhatTheServiceCannotDoIsNobodysFailure) {
  AuditRecord record = CallOf("shop");
  record.failed = 1;
  for (const char* const reason : {"STORE_UNAVAILABLE", "RATE_LIMITED", "KEY_NOT_FOUND", ""}) {
    record.reason = reason;
    record.code = "UNAVAILABLE";
    EXPECT_THAT(TakeEach(seconds(0), 20, record), IsEmpty()) << reason;
  }
}

TEST_F(ActivityWatchTest, StrangersAreToldApartByTheirHostAndUser) {
  EXPECT_THAT(TakeEach(seconds(1), 3, StrangersCall("ipv4:192.0.2.7:4711")), IsEmpty());
  EXPECT_THAT(TakeEach(seconds(1), 3, StrangersCall("ipv4:192.0.2.8:4711")), IsEmpty());
  EXPECT_THAT(TakeEach(seconds(1), 3, StrangersCall("ipv4:192.0.2.7:4712")),
              ElementsAre(AlarmRule::kRepeatedFailures));
  EXPECT_EQ(alarms_.size(), 1u);
  AuditRecord local = StrangersCall("");
  local.peer = {true, 4242, 1};
  EXPECT_THAT(TakeEach(seconds(1), 6, local), ElementsAre(AlarmRule::kRepeatedFailures));
}

TEST_F(ActivityWatchTest, AnAlarmIsRaisedOnceInAWhileAndTheOthersAreCounted) {
  EXPECT_EQ(TakeEach(seconds(1), 100, DeniedCallOf("shop")).size(), 1u);
  now_ += minutes(9);
  TakeEach(seconds(1), 5, DeniedCallOf("shop"));
  now_ += minutes(1);
  EXPECT_THAT(Take(DeniedCallOf("shop")), ElementsAre(AlarmRule::kRepeatedFailures));
  EXPECT_EQ(alarms_[0].more, 94u) << "of the first hundred; the five after were too few";
}

TEST_F(ActivityWatchTest, VolumeFarAboveTheOwnBaselineIsAnAlarm) {
  rules_.repeat = seconds(0);  // it is told once an hour by itself
  now_ -= minutes(30);         // the beginning of an hour
  AuditRecord batch = CallOf("report");
  batch.items = 1'000;
  EXPECT_THAT(TakeEach(minutes(30), 2 * 48, batch), IsEmpty()) << "2,000 an hour, for two days";
  EXPECT_THAT(TakeEach(seconds(1), 20, batch), IsEmpty()) << "ten times that";
  EXPECT_THAT(Take(batch), ElementsAre(AlarmRule::kUnusualVolume));
  EXPECT_EQ(alarms_[0].seen, 21'000u);
  EXPECT_EQ(alarms_[0].most, 20'000u);
  EXPECT_THAT(TakeEach(seconds(1), 300, batch), IsEmpty()) << "once an hour";
}

TEST_F(ActivityWatchTest, AnHourOfAlarmTeachesNoMoreThanItsLimit) {
  now_ -= minutes(30);
  AuditRecord batch = CallOf("report");
  batch.items = 1'000;
  TakeEach(minutes(30), 2 * 48, batch);
  batch.items = 1'000'000'000;
  EXPECT_THAT(Take(batch), ElementsAre(AlarmRule::kUnusualVolume));
  now_ += hours(1);
  EXPECT_THAT(Take(batch), ElementsAre(AlarmRule::kUnusualVolume));
  EXPECT_LT(alarms_[0].most, 25'000u);
}

TEST_F(ActivityWatchTest, BelowTheFloorNoVolumeIsAnAlarm) {
  now_ -= minutes(30);
  TakeEach(minutes(30), 2 * 48, CallOf("report"));
  AuditRecord batch = CallOf("report");
  batch.items = 1'000;
  EXPECT_THAT(Take(batch), IsEmpty());
  EXPECT_THAT(Take(batch), ElementsAre(AlarmRule::kUnusualVolume));
}

TEST_F(ActivityWatchTest, NightsAreNoReasonToBeSurprisedInTheMorning) {
  AuditRecord batch = CallOf("clerk");
  batch.items = 600;
  for (int day = 0; day < 20; ++day) {
    EXPECT_THAT(TakeEach(minutes(60), 8, batch), IsEmpty());
    now_ += hours(16);
  }
}

TEST_F(ActivityWatchTest, WhoIsNewHasNoBaseline) {
  TakeEach(minutes(30), 2 * 12, CallOf("report"));
  AuditRecord batch = CallOf("report");
  batch.items = 1'000'000;
  EXPECT_THAT(Take(batch), IsEmpty());
}

TEST_F(ActivityWatchTest, TheFirstUseOfAKeyIsAnAlarmOnceThePrincipalIsKnown) {
  EXPECT_THAT(Take(CallOf("shop", "a")), IsEmpty());
  now_ += hours(24) - seconds(1);
  EXPECT_THAT(Take(CallOf("shop", "b")), IsEmpty()) << "still learning";
  now_ += seconds(1);
  EXPECT_THAT(Take(CallOf("shop", "b")), IsEmpty());
  EXPECT_THAT(Take(CallOf("shop", "c")), ElementsAre(AlarmRule::kFirstUse));
  EXPECT_EQ(alarms_[0].key, "c");
  EXPECT_EQ(alarms_[0].tenant, "acme");
  now_ += hours(1);
  EXPECT_THAT(Take(CallOf("shop", "c")), IsEmpty()) << "not the first any more";
  EXPECT_THAT(Take(CallOf("shop", "c", "zoo")), ElementsAre(AlarmRule::kFirstUse)) << "another key";
}

TEST_F(ActivityWatchTest, AFieldIsNoKeyOfItsName) {
  Take(CallOf("shop", "a"));
  now_ += hours(24);
  AuditRecord reveal = CallOf("shop", "");
  reveal.method = "FieldService.Reveal";
  reveal.fields = AuditKeys("a");
  EXPECT_THAT(Take(reveal), ElementsAre(AlarmRule::kFirstUse));
  EXPECT_EQ(alarms_[0].field, "a");
  EXPECT_EQ(alarms_[0].key, "");
}

TEST_F(ActivityWatchTest, WhatFailsOrAdministersIsNoUse) {
  Take(CallOf("shop", "a"));
  now_ += hours(24);
  AuditRecord made = CallOf("shop", "b");
  made.method = "KeyService.CreateKey";
  EXPECT_THAT(Take(made), IsEmpty());
  AuditRecord failed = CallOf("shop", "b");
  failed.failed = 1;
  EXPECT_THAT(Take(failed), IsEmpty());
  EXPECT_THAT(Take(DeniedCallOf("shop")), IsEmpty());
  EXPECT_THAT(Take(CallOf("shop", "b")), ElementsAre(AlarmRule::kFirstUse));
}

TEST_F(ActivityWatchTest, FirstUseCanBeSwitchedOff) {
  rules_.first_use = false;
  Take(CallOf("shop", "a"));
  now_ += hours(24);
  EXPECT_THAT(Take(CallOf("shop", "b")), IsEmpty());
}

TEST_F(ActivityWatchTest, WhoUsesMoreKeysThanAreRememberedHasNoFirstUse) {
  for (int i = 0; i < 2'000; ++i) Take(CallOf("backup", "k" + std::to_string(i)));
  now_ += hours(24);
  EXPECT_THAT(Take(CallOf("backup", "another")), IsEmpty());
}

TEST_F(ActivityWatchTest, ADeniedCallForAnotherTenantIsAnAlarm) {
  EXPECT_THAT(Take(DeniedCallOf("shop", "zoo")), IsEmpty()) << "nothing known yet";
  Take(CallOf("shop"));
  EXPECT_THAT(Take(DeniedCallOf("shop", "acme")), IsEmpty()) << "its own";
  EXPECT_THAT(Take(DeniedCallOf("shop", "zoo")), ElementsAre(AlarmRule::kOtherTenant));
  EXPECT_EQ(alarms_[0].tenant, "zoo");
  EXPECT_THAT(Take(DeniedCallOf("other", "zoo")), IsEmpty());
}

TEST_F(ActivityWatchTest, OtherTenantsCanBeSwitchedOff) {
  rules_.other_tenant = false;
  Take(CallOf("shop"));
  EXPECT_THAT(Take(DeniedCallOf("shop", "zoo")), IsEmpty());
}

TEST_F(ActivityWatchTest, CallsOutsideTheHoursOfWhomTheyAreFor) {
  rules_.hours = {{"clerk-*"}, hours(8), hours(18), {false, true, true, true, true, true, false}};
  EXPECT_THAT(Take(CallOf("clerk-7")), IsEmpty());
  now_ = kMorning - minutes(150);
  EXPECT_THAT(Take(CallOf("clerk-7")), IsEmpty()) << "08:00";
  now_ -= seconds(1);
  EXPECT_THAT(Take(CallOf("clerk-7")), ElementsAre(AlarmRule::kOffHours));
  EXPECT_THAT(Take(CallOf("shop")), IsEmpty()) << "has no hours";
  now_ = kMorning + minutes(450) - seconds(1);
  EXPECT_THAT(Take(CallOf("clerk-8")), IsEmpty());
  now_ += seconds(1);
  EXPECT_THAT(Take(CallOf("clerk-8")), ElementsAre(AlarmRule::kOffHours)) << "18:00";
  now_ = kMorning + hours(24);
  EXPECT_THAT(Take(DeniedCallOf("clerk-9")), ElementsAre(AlarmRule::kOffHours)) << "a Saturday";
}

TEST_F(ActivityWatchTest, HoursMaySpanMidnight) {
  rules_.hours = {{"night"}, hours(22), hours(6), {true, true, true, true, true, true, true}};
  EXPECT_THAT(Take(CallOf("night")), ElementsAre(AlarmRule::kOffHours));
  now_ = kMorning + hours(12);
  EXPECT_THAT(Take(CallOf("night")), IsEmpty()) << "22:30";
  now_ = kMorning - hours(5);
  EXPECT_THAT(Take(CallOf("night")), IsEmpty()) << "05:30";
}

TEST_F(ActivityWatchTest, AnyUseOfADecoyIsAnAlarm) {
  rules_.decoy_keys = {{"*", "customers.vip_*"}, {"zoo", "all"}};
  rules_.decoy_fields = {{"acme", "cards.test"}};
  EXPECT_THAT(Take(CallOf("shop", "customers.card")), IsEmpty());
  EXPECT_THAT(Take(CallOf("shop", "customers.vip_card")), ElementsAre(AlarmRule::kDecoy));
  EXPECT_EQ(alarms_[0].key, "customers.vip_card");
  EXPECT_THAT(Take(CallOf("b", "all", "acme")), IsEmpty()) << "of another tenant";
  EXPECT_THAT(Take(CallOf("b", "all", "zoo")), ElementsAre(AlarmRule::kDecoy));
  AuditRecord detokenize = CallOf("c", "");
  detokenize.method = "FieldService.Detokenize";
  detokenize.fields = AuditKeys("cards.test");
  EXPECT_THAT(Take(detokenize), ElementsAre(AlarmRule::kDecoy));
  EXPECT_EQ(alarms_[0].field, "cards.test");
  AuditRecord denied = DeniedCallOf("d");
  denied.keys = AuditKeys("customers.vip_card");
  EXPECT_THAT(Take(denied), ElementsAre(AlarmRule::kDecoy)) << "also in vain";
  AuditRecord alias = CallOf("e", "", "zoo");
  alias.alias = "all";
  EXPECT_THAT(Take(alias), ElementsAre(AlarmRule::kDecoy));
}

TEST_F(ActivityWatchTest, ADecoyAmongOtherKeysIsSeen) {
  rules_.decoy_keys = {{"*", "z"}};
  AuditRecord batch = CallOf("shop");
  batch.keys.count = 2;
  batch.keys.names[1] = "z";
  EXPECT_THAT(Take(batch), ElementsAre(AlarmRule::kDecoy));
}

TEST_F(ActivityWatchTest, IntentsAndWhatTheServiceDoesItselfAreNotLookedAt) {
  rules_.decoy_keys = {{"*", "*"}};
  AuditRecord record = CallOf("shop");
  for (const AuditKind kind : {AuditKind::kStart, AuditKind::kIntent, AuditKind::kFlood,
                               AuditKind::kDropped, AuditKind::kAlarm}) {
    record.kind = kind;
    EXPECT_THAT(Take(record), IsEmpty());
  }
  AuditRecord own = CallOf("");
  own.peer = {};
  EXPECT_THAT(Take(own), IsEmpty());
  EXPECT_EQ(watch_->callers(), 0u);
}

TEST_F(ActivityWatchTest, ExcessesOfBudgetsAreAlarms) {
  Restart();
  watch_->TakeExcess("clerk", 7, 100, now_, &alarms_);
  ASSERT_EQ(alarms_.size(), 1u);
  EXPECT_EQ(alarms_[0].rule, AlarmRule::kRevealBudget);
  EXPECT_EQ(alarms_[0].principal, "clerk");
  EXPECT_EQ(alarms_[0].seen, 7u);
  EXPECT_EQ(alarms_[0].most, 100u);
  watch_->TakeExcess("clerk", 1, 100, now_, &alarms_);
  EXPECT_EQ(alarms_.size(), 1u);
}

TEST_F(ActivityWatchTest, AClockThatWasSetBackSilencesNothing) {
  now_ = kMorning + hours(24 * 3'650);
  EXPECT_THAT(TakeEach(seconds(1), 6, DeniedCallOf("shop")),
              ElementsAre(AlarmRule::kRepeatedFailures));
  Take(CallOf("shop", "a"));
  now_ = kMorning;
  EXPECT_THAT(TakeEach(seconds(1), 6, DeniedCallOf("shop")),
              ElementsAre(AlarmRule::kRepeatedFailures));
  Take(CallOf("shop", "a"));
  now_ += hours(24);
  EXPECT_THAT(Take(CallOf("shop", "b")), ElementsAre(AlarmRule::kFirstUse));
}

TEST(AlarmTest, StandsInARecordAndInJson) {
  Alarm alarm{AlarmRule::kDecoy, kMorning, "shop"};
  alarm.peer = {true, 7, 8};
  alarm.method = "CryptoService.Decrypt";
  alarm.tenant = "acme";
  alarm.key = "vip";
  alarm.seen = uint64_t{1} << 40;
  alarm.more = 3;
  const AuditRecord record = RecordOf(alarm);
  EXPECT_EQ(record.kind, AuditKind::kAlarm);
  EXPECT_EQ(record.reason, "DECOY");
  EXPECT_EQ(record.principal, "shop");
  EXPECT_EQ(record.keys.count, 1u);
  EXPECT_EQ(record.fields.count, 0u);
  EXPECT_EQ(record.items, UINT32_MAX) << "a record's number is smaller";
  EXPECT_EQ(nlohmann::json::parse(JsonOf(alarm)), nlohmann::json::parse(R"({
    "alarm": "DECOY", "time": "2026-11-27T10:30:00.000000Z", "principal": "shop", "uid": 7,
    "pid": 8, "method": "CryptoService.Decrypt", "tenant": "acme", "key": "vip",
    "seen": 1099511627776, "more": 3})"));
}

TEST(AlarmTest, EveryRuleHasItsName) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < kAlarmRules; ++i) names.insert(AlarmRuleName(static_cast<AlarmRule>(i)));
  EXPECT_EQ(names.size(), kAlarmRules);
  EXPECT_FALSE(names.contains("UNKNOWN"));
}

}  // namespace
}  // namespace fieldkms
