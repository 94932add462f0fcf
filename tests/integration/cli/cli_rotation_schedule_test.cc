// fieldkms rotation schedule, and what the doctor says of rotations.
#include <string>
#include <thread>

#include "tests/integration/cli/rotation_fixture.h"

namespace fieldkms::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Pair;
using ::testing::SizeIs;

class CliRotationSchedule : public CliRotation {
 protected:
  nlohmann::json Create(const Arguments& more) const {
    Arguments arguments = {"rotation", "schedule",      "create", "--key",
                           "cards",    "--data-source", "orders"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Json(arguments);
  }
  nlohmann::json Listed() const { return Json({"rotation", "schedule", "list"})["schedules"]; }
  // What the doctor finds of rotations.
  std::vector<nlohmann::json> Diagnosis(int code) const {
    const CommandResult result = Cli({"doctor", "--json"});
    EXPECT_EQ(result.status.code, code) << result.out;
    std::vector<nlohmann::json> findings;
    const nlohmann::json report = Parsed(result.out);
    for (const auto& finding : report["checks"]) {
      if (finding["check"] == "rotations") findings.push_back(finding);
    }
    return findings;
  }
  // The newest job of the data source, once there is one.
  nlohmann::json AwaitNewestJob() const {
    while (true) {
      const nlohmann::json jobs = Json({"rotation", "list"})["jobs"];
      if (!jobs.empty() || HasFailure()) return jobs.empty() ? nlohmann::json() : jobs[0];
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
  }
};

TEST_F(CliRotationSchedule, FromItsMakingToItsEnd) {
  EXPECT_THAT(Listed(), SizeIs(0));
  const auto made = Create({"--rotate-after", "90d", "--within", "14d", "--backup-horizon", "7d",
                            "--most-batch-rows", "77", "--request-id", "each-quarter"});
  const std::string id = made["schedule_id"];
  EXPECT_THAT(id, MatchesRegex("[0-9a-f]{32}"));
  EXPECT_EQ(made["cron"], "");
  EXPECT_EQ(made["rotate_after_seconds"], 90 * 86'400);
  EXPECT_EQ(made["within_seconds"], 14 * 86'400);
  EXPECT_EQ(made["spec"]["backup_horizon_seconds"], 7 * 86'400);
  EXPECT_EQ(made["spec"]["limits"]["most_batch_rows"], 77);
  EXPECT_EQ(made["spec"]["transform"], "REENCRYPT");
  EXPECT_TRUE(made["next_run"].is_string());
  const auto suspended = Json({"rotation", "schedule", "suspend", id});
  EXPECT_EQ(suspended["suspended"], true);
  EXPECT_EQ(suspended["next_run"], nullptr);
  EXPECT_THAT(Listed(), ElementsAre(suspended));
  EXPECT_THAT(Cli({"rotation", "schedule", "list"}).out, HasSubstr("suspended"));
  EXPECT_EQ(Json({"rotation", "schedule", "resume", id})["suspended"], false);
  EXPECT_THAT(Cli({"rotation", "schedule", "delete", id}).out, HasSubstr("deleted   yes\n"));
  EXPECT_THAT(Listed(), SizeIs(0));
  EXPECT_EQ(Cli({"rotation", "schedule", "delete", id}).status.code, 3);
  EXPECT_THAT(ErrorOf({"rotation", "schedule", "suspend", id}),
              Pair("SCHEDULE_NOT_FOUND", ::testing::_));
}

TEST_F(CliRotationSchedule, IsShownToPeople) {
  const CommandResult made =
      Cli({"rotation", "schedule", "create", "--key", "cards", "--data-source", "orders",
           "--transform", "decrypt", "--cron", "0 3 * * sun"});
  EXPECT_EQ(made.status.code, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("transform    DECRYPT\n"));
  EXPECT_THAT(made.out, HasSubstr("makes jobs   at 0 3 * * sun (cron, UTC)\n"));
}

TEST_F(CliRotationSchedule, WhatCannotBeIsRefused) {
  const auto error = [this](const Arguments& more) {
    Arguments arguments = {"rotation", "schedule",      "create", "--key",
                           "cards",    "--data-source", "orders"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return ErrorOf(arguments);
  };
  EXPECT_THAT(error({"--cron", "hourly"}), Pair("INVALID_FIELD", "schedule.cron"));
  EXPECT_THAT(error({"--transform", "encrypt"}), Pair("INVALID_FIELD", "schedule.cron"));
  EXPECT_THAT(error({"--transform", "encrypt", "--cron", "0 3 * * *", "--rotate-after", "90d"}),
              Pair("INVALID_FIELD", "schedule.rotate_after"));
  EXPECT_THAT(error({"--transform", "reindex"}), Pair("KEY_PURPOSE", "schedule.spec.key"));
  EXPECT_THAT(error({"--rotate-after", "soon"}), Pair("INVALID_FIELD", "rotate-after"));
  EXPECT_THAT(error({"--within", "-1"}), Pair("INVALID_FIELD", "within"));
  EXPECT_EQ(Cli({"rotation", "schedule"}).status.code, 2);
  EXPECT_EQ(Cli({"rotation", "schedule", "suspend"}).status.code, 2);
}

// A schedule, a worker that looks for itself, and nobody else.
TEST_F(CliRotationSchedule, RotatesATableByItself) {
  bed_.MakeCards(500);
  const auto schedule = Create({"--cron", "* * * * *", "--unlimited"});
  bed_.Rotate();
  const nlohmann::json job = AwaitNewestJob();  // within a minute
  EXPECT_EQ(job["schedule_id"], schedule["schedule_id"]);
  EXPECT_EQ(job["state"], "RUNNING");
  EXPECT_EQ(Json({"rotation", "schedule", "suspend", schedule["schedule_id"]})["last_job_id"],
            job["job_id"]);
  const CommandResult run =
      Cli({"rotation", "run", "--next", "--no-wait", "--data-source", "orders"});
  EXPECT_EQ(run.status.code, 0) << run.err;
  EXPECT_THAT(bed_.Count().versions, ElementsAre(Pair(2u, 500u)));
}

TEST_F(CliRotationSchedule, TheDoctorSeesWhatHasFailed) {
  bed_.MakeCards(10);
  auto findings = Diagnosis(0);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0]["level"], "ok");
  const std::string job = CreateJob({"--start"});
  v1::FinishJobRequest finish;
  finish.set_tenant(RotationBed::kTenant);
  finish.set_job_id(job);
  finish.set_error("a privilege is missing");
  ASSERT_OK(RotationClient(bed_.client()).FinishJob(finish));
  findings = Diagnosis(0);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0]["level"], "warn");
  EXPECT_THAT(std::string(findings[0]["detail"]), HasSubstr(job));
  EXPECT_THAT(std::string(findings[0]["detail"]), HasSubstr("a privilege is missing"));
  CreateJob();
  EXPECT_EQ(Diagnosis(0)[0]["level"], "ok");  // a newer one is there for it
}

}  // namespace
}  // namespace fieldkms::testing
