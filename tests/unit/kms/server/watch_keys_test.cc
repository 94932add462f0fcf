#include "kms/server/watch_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "kms/server/config.h"
#include "tests/support/status_matchers.h"

namespace fieldkms {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<Config> Parse(const std::string& watch) {
  return ParseConfig("data_dir: /d\nwatch: " + watch + "\n");
}

std::string ErrorOf(const std::string& watch) {
  const auto config = Parse(watch);
  EXPECT_THAT(config, StatusIs(Reason::kConfigInvalid)) << watch;
  return std::string(MessageOf(config.status()));
}

TEST(WatchKeysTest, ReadsEveryKey) {
  ASSERT_OK_AND_ASSIGN(const Config config, Parse(R"(
  enabled: false
  learning: 48h
  repeat: 1m
  failures: {most: 7, within: 90s}
  volume: {factor: 2.5, floor: 50}
  first_use: false
  other_tenant: false
  hours: {principals: ["clerk-*"], from: "07:30", to: "24:00", days: [mon, sat]}
  decoys: {keys: ["vip.*", acme/all], fields: cards}
  webhook: {url: "https://alarms/here", ca_file: /ca}
)"));
  const WatchConfig& watch = config.watch;
  EXPECT_FALSE(watch.enabled);
  EXPECT_EQ(watch.rules.learning, hours(48));
  EXPECT_EQ(watch.rules.repeat, minutes(1));
  EXPECT_EQ(watch.rules.most_failures, 7u);
  EXPECT_EQ(watch.rules.failures_within, std::chrono::seconds(90));
  EXPECT_EQ(watch.rules.volume_factor, 2.5);
  EXPECT_EQ(watch.rules.volume_floor, 50u);
  EXPECT_FALSE(watch.rules.first_use);
  EXPECT_FALSE(watch.rules.other_tenant);
  EXPECT_THAT(watch.rules.hours.principals, ElementsAre("clerk-*"));
  EXPECT_EQ(watch.rules.hours.from, minutes(450));
  EXPECT_EQ(watch.rules.hours.to, hours(24));
  EXPECT_THAT(watch.rules.hours.days, ElementsAre(false, true, false, false, false, false, true));
  ASSERT_EQ(watch.rules.decoy_keys.size(), 2u);
  EXPECT_EQ(watch.rules.decoy_keys[0].tenant, "*");
  EXPECT_EQ(watch.rules.decoy_keys[0].name, "vip.*");
  EXPECT_EQ(watch.rules.decoy_keys[1].tenant, "acme");
  EXPECT_EQ(watch.rules.decoy_keys[1].name, "all");
  EXPECT_EQ(watch.rules.decoy_fields[0].name, "cards");
  EXPECT_EQ(watch.webhook_url, "https://alarms/here");
  EXPECT_EQ(watch.webhook_ca_file, "/ca");
}

TEST(WatchKeysTest, WatchesByDefault) {
  ASSERT_OK_AND_ASSIGN(const Config config, ParseConfig("data_dir: /d\n"));
  EXPECT_TRUE(config.watch.enabled);
  EXPECT_EQ(config.watch.rules.most_failures, 5u);
  EXPECT_TRUE(config.watch.webhook_url.empty());
}

TEST(WatchKeysTest, ValuesAreChecked) {
  for (const char* const time :
       {"\"7:30\"", "\"24:01\"", "\"12:60\"", "\"-1:00\"", "noon", "730"}) {
    EXPECT_THAT(ErrorOf("{hours: {from: " + std::string(time) + "}}"), HasSubstr("hours.from"));
  }
  EXPECT_THAT(ErrorOf("{hours: {days: [someday]}}"), HasSubstr("hours.days"));
  EXPECT_THAT(ErrorOf("{hours: {days: []}}"), HasSubstr("hours.days"));
  EXPECT_THAT(ErrorOf("{hours: {principals: [a]}}"), HasSubstr("go together"));
  EXPECT_THAT(ErrorOf("{hours: {from: \"07:00\", to: \"19:00\"}}"), HasSubstr("go together"));
  for (const char* const decoy : {"/a", "a/", "\"\""}) {
    EXPECT_THAT(ErrorOf("{decoys: {keys: [" + std::string(decoy) + "]}}"),
                HasSubstr("decoys.keys"));
  }
  EXPECT_THAT(ErrorOf("{webhook: {url: \"ftp://x\"}}"), HasSubstr("webhook.url"));
  EXPECT_THAT(ErrorOf("{failures: {most: -1}}"), HasSubstr("failures.most"));
  EXPECT_THAT(ErrorOf("{faliures: {most: 1}}"), HasSubstr("failures"));
}

TEST(WatchKeysTest, BudgetsOfPrincipals) {
  const std::string head = "data_dir: /d\naccess: {principals: {clerk: {users: [root], ";
  ASSERT_OK_AND_ASSIGN(const Config config,
                       ParseConfig(head + "reveals_per_hour: 100, reveal_stop: true}}}\n"));
  EXPECT_EQ(config.access.principals[0].reveals.per_hour, 100);
  EXPECT_TRUE(config.access.principals[0].reveals.stop);
  const auto without = ParseConfig(head + "reveal_stop: true}}}\n");
  EXPECT_THAT(without, StatusIs(Reason::kConfigInvalid));
  EXPECT_THAT(std::string(MessageOf(without.status())), HasSubstr("reveals_per_hour"));
}

}  // namespace
}  // namespace fieldkms
