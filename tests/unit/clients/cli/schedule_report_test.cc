#include "clients/cli/schedule_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fieldkms {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

v1::RotationSchedule ASchedule() {
  v1::RotationSchedule schedule;
  schedule.set_schedule_id("00112233445566778899aabbccddeeff");
  schedule.set_tenant("acme");
  schedule.mutable_spec()->set_data_source("orders");
  schedule.mutable_spec()->set_key("cards");
  schedule.mutable_spec()->set_transform(v1::ROTATION_TRANSFORM_REENCRYPT);
  schedule.mutable_next_run()->set_seconds(1'700'000'000);
  schedule.set_etag("2");
  return schedule;
}

TEST(ScheduleReportTest, OneThatFollowsItsKey) {
  v1::RotationSchedule schedule = ASchedule();
  schedule.mutable_rotate_after()->set_seconds(90 * 86'400);
  schedule.mutable_within()->set_seconds(14 * 86'400);
  EXPECT_EQ(ScheduleText(schedule),
            "schedule         00112233445566778899aabbccddeeff\n"
            "tenant           acme\n"
            "data source      orders\n"
            "key              cards\n"
            "transform        REENCRYPT\n"
            "makes jobs       whenever the key has a new version\n"
            "rotates the key  after 90d\n"
            "done within      14d\n"
            "looks next       2023-11-14T22:13:20Z\n"
            "etag             2\n");
  const Json json = ScheduleJson(schedule);
  EXPECT_EQ(json["cron"], "");
  EXPECT_EQ(json["rotate_after_seconds"], 7'776'000);
  EXPECT_EQ(json["within_seconds"], 1'209'600);
  EXPECT_EQ(json["next_run"], "2023-11-14T22:13:20Z");
  EXPECT_EQ(json["spec"]["key"], "cards");
}

TEST(ScheduleReportTest, OneThatGoesByTimesAndFails) {
  v1::RotationSchedule schedule = ASchedule();
  schedule.set_cron("0 3 * * sun");
  schedule.set_last_job_id("ffeeddccbbaa99887766554433221100");
  schedule.set_last_error("the last job is \x1b[2J still open");
  schedule.mutable_spec()->set_destination_key("cards2");
  schedule.mutable_spec()->add_tables()->set_schema("public");
  schedule.mutable_spec()->mutable_tables(0)->set_table("cards");
  const std::string text = ScheduleText(schedule);
  EXPECT_THAT(text, HasSubstr("key          cards to cards2\n"));
  EXPECT_THAT(text, HasSubstr("tables       public.cards\n"));
  EXPECT_THAT(text, HasSubstr("makes jobs   at 0 3 * * sun (cron, UTC)\n"));
  EXPECT_THAT(text, HasSubstr("last job     ffeeddccbbaa99887766554433221100\n"));
  EXPECT_THAT(text, HasSubstr("error        the last job is \\x1b[2J still open\n"));
  EXPECT_THAT(text, Not(HasSubstr("rotates the key")));
  const Json json = ScheduleJson(schedule);
  EXPECT_EQ(json["cron"], "0 3 * * sun");
  EXPECT_EQ(json["rotate_after_seconds"], nullptr);
  EXPECT_EQ(json["within_seconds"], nullptr);
  EXPECT_EQ(json["last_error"], "the last job is \x1b[2J still open");
}

TEST(ScheduleReportTest, ALineForEach) {
  v1::RotationSchedule suspended = ASchedule();
  suspended.set_suspended(true);
  suspended.clear_next_run();
  suspended.set_cron("0 3 * * *");
  suspended.mutable_spec()->set_transform(v1::ROTATION_TRANSFORM_ENCRYPT);
  const std::vector<v1::RotationSchedule> schedules = {ASchedule(), suspended};
  EXPECT_EQ(ScheduleLines(schedules),
            "SCHEDULE                          DATA SOURCE  KEY    TRANSFORM  WHEN          NEXT"
            "                  ERROR\n"
            "00112233445566778899aabbccddeeff  orders       cards  REENCRYPT  new versions  "
            "2023-11-14T22:13:20Z\n"
            "00112233445566778899aabbccddeeff  orders       cards  ENCRYPT    0 3 * * *     "
            "suspended\n");
  EXPECT_THAT(ScheduleText(suspended), HasSubstr("looks next   suspended\n"));
  EXPECT_EQ(ScheduleJson(suspended)["next_run"], nullptr);
}

}  // namespace
}  // namespace fieldkms
