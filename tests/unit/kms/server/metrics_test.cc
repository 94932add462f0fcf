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

}  // namespace
}  // namespace fieldkms
