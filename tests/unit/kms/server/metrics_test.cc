#include "kms/server/metrics.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>

#include "tests/unit/kms/root/scripted_root.h"

namespace fieldkms {
namespace {

using std::chrono::seconds;

class MetricsTest : public ::testing::Test {
 protected:
  std::map<std::string, double> Values(const KeyringStatus& keyring) {
    std::map<std::string, double> values;
    for (const auto& family : DescribeReplica(replica_, keyring, now_)) {
      const auto& metric = family.metric.at(0);
      values[family.name] = family.type == prometheus::MetricType::Counter ? metric.counter.value
                                                                           : metric.gauge.value;
    }
    return values;
  }

  const testing::ScriptedRoot root_;
  Replica replica_{"9.8.7", "id", SystemClock().Now(), "sqlite", root_};
  const std::chrono::steady_clock::time_point now_ = SystemClock().Steady();
};

TEST_F(MetricsTest, TellWhatIsLoadedAndHowTheStoreIs) {
  const auto values = Values({3, 5, 2, 77, now_ - seconds(4)});
  EXPECT_EQ(values.at("fieldkms_build_info"), 1);
  EXPECT_EQ(values.at("fieldkms_loaded_keys"), 3);
  EXPECT_EQ(values.at("fieldkms_loaded_key_versions"), 5);
  EXPECT_EQ(values.at("fieldkms_loaded_keks"), 2);
  EXPECT_EQ(values.at("fieldkms_store_newest_change"), 77);
  EXPECT_EQ(values.at("fieldkms_store_seen_seconds_ago"), 4);
  EXPECT_FALSE(values.contains("fieldkms_root_up")) << "a root that nobody watches";
}

TEST_F(MetricsTest, TellWhatSchedulesDid) {
  EXPECT_FALSE(Values({}).contains("fieldkms_schedule_jobs_made_total"));
  replica_.schedule_counts = [] { return ScheduleCounts{7, 2, 1}; };
  const auto values = Values({});
  EXPECT_EQ(values.at("fieldkms_schedule_jobs_made_total"), 7);
  EXPECT_EQ(values.at("fieldkms_schedule_jobs_not_made_total"), 2);
  EXPECT_EQ(values.at("fieldkms_schedule_jobs_overdue_total"), 1);
}

TEST_F(MetricsTest, TellHowTheRootIs) {
  RootHealth health;
  health.calls = 10;
  health.failures = 6;
  health.in_flight = 2;
  replica_.root_health = [&] { return health; };
  auto values = Values({});
  EXPECT_EQ(values.at("fieldkms_root_up"), 1);
  EXPECT_EQ(values.at("fieldkms_root_calls_total"), 10);
  EXPECT_EQ(values.at("fieldkms_root_failures_total"), 6);
  EXPECT_EQ(values.at("fieldkms_root_calls_in_flight"), 2);
  EXPECT_FALSE(values.contains("fieldkms_store_seen_seconds_ago")) << "not seen yet";
  health.state = BreakerState::kHalfOpen;
  EXPECT_EQ(Values({}).at("fieldkms_root_up"), 0);
}

TEST_F(MetricsTest, TellOfAlarmsByRule) {
  EXPECT_FALSE(Values({}).contains("fieldkms_unwatched_records_total"));
  WatchCounts counts;
  replica_.watch_counts = [&counts] { return counts; };
  EXPECT_FALSE(Values({}).contains("fieldkms_alarms_total")) << "nothing is watched";
  counts = {{{"DECOY", 3}, {"FIRST_USE", 0}}, 7, std::nullopt};
  EXPECT_EQ(Values({}).at("fieldkms_unwatched_records_total"), 7);
  EXPECT_FALSE(Values({}).contains("fieldkms_alarms_undelivered_total")) << "no webhook";
  counts.undelivered = 2;
  EXPECT_EQ(Values({}).at("fieldkms_alarms_undelivered_total"), 2);
  const auto families = DescribeReplica(replica_, {}, now_);
  const auto& alarms = families.back();
  EXPECT_EQ(alarms.name, "fieldkms_alarms_total");
  ASSERT_EQ(alarms.metric.size(), 2u);
  EXPECT_EQ(alarms.metric[0].label[0].name, "rule");
  EXPECT_EQ(alarms.metric[0].label[0].value, "DECOY");
  EXPECT_EQ(alarms.metric[0].counter.value, 3);
}

TEST_F(MetricsTest, TellOfCallsByMethodAndOutcome) {
  CallStats calls;
  calls.Of("A.NeverCalled");
  calls.Of("A.B").Note(absl::StatusCode::kOk, std::chrono::microseconds(60), 10, 0);
  calls.Of("A.B").Note(absl::StatusCode::kNotFound, std::chrono::seconds(3), 1, 1);
  replica_.call_counts = [&calls] { return calls.All(); };
  std::map<std::string, prometheus::MetricFamily> families;
  for (auto& family : DescribeReplica(replica_, {}, now_)) families[family.name] = family;
  const auto& by_code = families.at("fieldkms_calls_total").metric;
  ASSERT_EQ(by_code.size(), 2u);
  EXPECT_EQ(by_code[0].label.at(0).value, "A.B");
  EXPECT_EQ(by_code[0].label.at(1).value, "OK");
  EXPECT_EQ(by_code[1].label.at(1).value, "NOT_FOUND");
  EXPECT_EQ(families.at("fieldkms_call_items_total").metric.at(0).counter.value, 11);
  EXPECT_EQ(families.at("fieldkms_call_failed_items_total").metric.at(0).counter.value, 1);
  ASSERT_EQ(families.at("fieldkms_call_seconds").metric.size(), 1u);
  const auto& histogram = families.at("fieldkms_call_seconds").metric[0].histogram;
  EXPECT_EQ(histogram.sample_count, 2u);
  EXPECT_NEAR(histogram.sample_sum, 3.00006, 1e-9);
  EXPECT_EQ(histogram.bucket.at(0).cumulative_count, 0u);
  EXPECT_EQ(histogram.bucket.at(0).upper_bound, 50e-6);
  EXPECT_EQ(histogram.bucket.at(1).cumulative_count, 1u);
  EXPECT_EQ(histogram.bucket.back().cumulative_count, 2u);
}

TEST_F(MetricsTest, TellHowFarTheTrailIsSigned) {
  replica_.audit_counts = [] { return AuditCounts{9, 7, {}}; };
  EXPECT_EQ(Values({}).at("fieldkms_audit_records"), 9);
  EXPECT_EQ(Values({}).at("fieldkms_audit_signed_records"), 7);
  EXPECT_FALSE(Values({}).contains("fieldkms_audit_exported_records")) << "no place for them";
  replica_.audit_counts = [] { return AuditCounts{9, 7, 5}; };
  EXPECT_EQ(Values({}).at("fieldkms_audit_exported_records"), 5);
}

}  // namespace
}  // namespace fieldkms
