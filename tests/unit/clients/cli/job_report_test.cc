#include "clients/cli/job_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace fieldkms {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

v1::RotationJob AJob() {
  v1::RotationJob job;
  job.set_job_id("00112233445566778899aabbccddeeff");
  job.set_tenant("acme");
  job.mutable_spec()->set_data_source("orders");
  job.mutable_spec()->set_key("cards");
  job.mutable_spec()->set_transform(v1::ROTATION_TRANSFORM_REENCRYPT);
  job.mutable_spec()->mutable_backup_horizon()->set_seconds(3'024'000);
  job.set_state(v1::ROTATION_STATE_PLANNED);
  job.mutable_create_time()->set_seconds(1'700'000'000);
  job.set_etag("3");
  return job;
}

v1::RotationJob ARunningJob() {
  v1::RotationJob job = AJob();
  job.set_state(v1::ROTATION_STATE_RUNNING);
  v1::RotationTarget* const target = job.mutable_target();
  target->set_source_key("cards");
  target->set_source_key_id("0102030405060708");
  target->set_key("cards");
  target->set_key_id("0102030405060708");
  target->set_key_version(2);
  v1::RotationProgress* const progress = job.mutable_progress();
  progress->set_phase(v1::ROTATION_PHASE_FINAL_SWEEP);
  progress->set_pass(3);
  progress->set_estimated_rows(10'000);
  progress->mutable_counts()->set_seen(9'990);
  progress->mutable_counts()->set_changed(9'800);
  progress->mutable_counts()->set_conflicts(4);
  progress->mutable_counts()->set_quarantined(2);
  v1::RotationTableProgress* const table = progress->add_tables();
  table->set_schema("public");
  table->set_table("Cards");
  table->set_estimated_rows(10'000);
  table->set_pass_done(true);
  v1::RotationWorker* const worker = progress->add_workers();
  worker->set_worker("db1\x1b[2J-7");
  worker->set_rows_per_second(1'234.6);
  worker->set_batch_rows(500);
  worker->set_resting("9 lock waits, limit 8");
  return job;
}

TEST(JobReportTest, AJobThatWasNotStarted) {
  EXPECT_EQ(JobText(AJob()),
            "job          00112233445566778899aabbccddeeff\n"
            "tenant       acme\n"
            "data source  orders\n"
            "key          cards\n"
            "state        PLANNED\n"
            "created      2023-11-14T22:13:20Z\n"
            "etag         3\n");
  const Json json = JobJson(AJob());
  EXPECT_EQ(json["state"], "PLANNED");
  EXPECT_EQ(json["spec"]["transform"], "REENCRYPT");
  EXPECT_EQ(json["spec"]["backup_horizon_seconds"], 3'024'000);
  EXPECT_EQ(json["target"], nullptr);
  EXPECT_EQ(json["outcome"], nullptr);
  EXPECT_EQ(json["start_time"], nullptr);
  EXPECT_EQ(json["progress"]["phase"], "");
  EXPECT_EQ(json["progress"]["tables"], Json::array());
}

TEST(JobReportTest, AJobThatRuns) {
  const std::string text = JobText(ARunningJob());
  EXPECT_THAT(text, HasSubstr("key          cards, version 2\n"));
  EXPECT_THAT(text, HasSubstr("phase        FINAL_SWEEP, pass 3\n"
                              "rows         9,990 of about 10,000 looked at, 9,800 changed, 4 "
                              "looked at again\n"
                              "quarantined  2\n"));
  EXPECT_THAT(text, HasSubstr("public.\"Cards\"  10,000"));
  EXPECT_THAT(text, HasSubstr("db1\\x1b[2J-7  1,235   500    9 lock waits, limit 8\n"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("pass ends in")));
  const Json json = JobJson(ARunningJob());
  EXPECT_EQ(json["progress"]["time_left"], nullptr);
  EXPECT_EQ(json["target"]["key_version"], 2);
  EXPECT_EQ(json["progress"]["phase"], "FINAL_SWEEP");
  EXPECT_EQ(json["progress"]["counts"]["changed"], 9'800);
  EXPECT_EQ(json["progress"]["tables"][0]["pass_done"], true);
  EXPECT_EQ(json["progress"]["workers"][0]["rows_per_second"], 1'235);
}

TEST(JobReportTest, TheTimeThatIsLeft) {
  v1::RotationJob job = ARunningJob();
  job.mutable_progress()->mutable_soonest()->set_seconds(95);
  job.mutable_progress()->mutable_latest()->set_seconds(240);
  EXPECT_THAT(JobText(job), HasSubstr("pass ends in  1 min 35 s to 4 min\n"));
  EXPECT_EQ(JobJson(job)["progress"]["time_left"],
            (Json{{"soonest_seconds", 95}, {"latest_seconds", 240}}));
}

TEST(JobReportTest, ATransformIsNamedUnlessItIsTheUsualOne) {
  v1::RotationJob job = AJob();
  EXPECT_THAT(JobText(job), Not(HasSubstr("transform")));
  job.mutable_spec()->set_transform(v1::ROTATION_TRANSFORM_REINDEX);
  EXPECT_THAT(JobText(job), HasSubstr("transform    REINDEX\n"));
  EXPECT_EQ(JobJson(job)["spec"]["transform"], "REINDEX");
}

TEST(JobReportTest, AJobThatIsDoneSaysWhenOlderVersionsMayGo) {
  v1::RotationJob job = ARunningJob();
  job.set_state(v1::ROTATION_STATE_DONE);
  job.mutable_outcome()->set_passes(3);
  job.mutable_outcome()->mutable_counts()->set_verified(9'990);
  job.mutable_outcome()->mutable_counts()->set_opened(1'000);
  job.mutable_outcome()->mutable_counts()->set_quarantined(2);
  EXPECT_THAT(JobText(job), HasSubstr("verified        9,990 rows, 1,000 of them opened\n"));
  EXPECT_THAT(JobText(job), HasSubstr("older versions  are still needed by what is quarantined\n"));
  EXPECT_EQ(JobJson(job)["outcome"]["retire_after"], nullptr);
  job.mutable_outcome()->mutable_counts()->clear_quarantined();
  EXPECT_THAT(JobText(job), HasSubstr("older versions  no version gets old by this\n"));
  job.mutable_outcome()->mutable_retire_after()->set_seconds(1'703'024'100);
  EXPECT_THAT(JobText(job), HasSubstr("older versions  may go after 2023-12-19T22:15:00Z\n"));
  EXPECT_EQ(JobJson(job)["outcome"]["retire_after"], "2023-12-19T22:15:00Z");
}

TEST(JobReportTest, ARekeyNamesBothKeysAndItsTables) {
  v1::RotationJob job = AJob();
  job.mutable_spec()->set_destination_key("cards2");
  v1::RotationTable* const table = job.mutable_spec()->add_tables();
  table->set_schema("public");
  table->set_table("cards");
  table->add_columns("card");
  EXPECT_THAT(JobText(job), HasSubstr("key          cards to cards2\n"
                                      "tables       public.cards\n"));
  EXPECT_EQ(JobJson(job)["spec"]["tables"],
            Json::parse(R"([{"schema": "public", "table": "cards", "columns": ["card"]}])"));
  v1::RotationTarget target;
  target.set_source_key("cards");
  target.set_key("cards2");
  target.set_key_version(1);
  EXPECT_EQ(TargetText(target), "cards to cards2, version 1");
}

TEST(JobReportTest, AFailureHasItsReason) {
  v1::RotationJob job = AJob();
  job.set_state(v1::ROTATION_STATE_FAILED);
  job.set_error("a privilege is missing");
  EXPECT_THAT(JobText(job), HasSubstr("error        a privilege is missing\n"));
  EXPECT_EQ(JobJson(job)["error"], "a privilege is missing");
}

TEST(JobReportTest, LimitsThatWereNotSetAreNullAndShownByTheirDefaults) {
  v1::RotationLimits limits;
  Json json = LimitsJson(limits);
  EXPECT_EQ(json["batch_time_ms"], nullptr);
  EXPECT_EQ(json["most_lock_waits"], nullptr);
  EXPECT_EQ(json["quiet_hours"], Json::array());
  EXPECT_EQ(json["unlimited"], false);
  EXPECT_EQ(LimitsText(limits),
            "batch time                   300 ms\n"
            "most rows of a batch         600\n"
            "most rows per second         any\n"
            "a worker works               35 % of its time\n"
            "most replication lag         5 s\n"
            "most log of a slot           1 GiB\n"
            "most lock waits              8\n"
            "most active sessions         four for each core of the server, else 32\n"
            "most dead rows               20 %\n"
            "most forced checkpoints      50 %\n"
            "gives up at active sessions  never\n"
            "most quarantined             1,000\n");
  limits.mutable_batch_time()->set_nanos(150'000'000);
  limits.set_most_rows_per_second(9'000);
  limits.set_critical_active_sessions(70);
  v1::QuietHours* const hours = limits.add_quiet_hours();
  hours->set_from_minute(22 * 60);
  hours->set_until_minute(6 * 60 + 30);
  EXPECT_EQ(LimitsJson(limits)["batch_time_ms"], 150);
  EXPECT_EQ(LimitsJson(limits)["quiet_hours"][0]["until_minute"], 390);
  EXPECT_THAT(LimitsText(limits), HasSubstr("150 ms\n"));
  EXPECT_THAT(LimitsText(limits), HasSubstr("9,000\n"));
  EXPECT_THAT(LimitsText(limits), HasSubstr("22:00 to 06:30\n"));
  limits.set_unlimited(true);
  EXPECT_THAT(LimitsText(limits), HasSubstr("not measured\n"));
  EXPECT_THAT(LimitsText(limits), Not(HasSubstr("lock waits")));
}

}  // namespace
}  // namespace fieldkms
