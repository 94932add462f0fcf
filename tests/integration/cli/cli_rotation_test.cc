// fieldkms rotation: jobs, their plans and their reports.

#include "tests/integration/cli/rotation_fixture.h"

namespace fieldkms::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr uint64_t kRows = 2'000;

class CliRotationJobs : public CliRotation {
 protected:
  nlohmann::json Plan(const Arguments& more = {}, int code = 0) const {
    Arguments arguments = {"rotation", "plan", "--key", "cards", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const CommandResult result = Cli(arguments);
    EXPECT_EQ(result.status.code, code) << result.err;
    return Parsed(result.out);
  }
  // Its codes, of those that refuse.
  static std::vector<std::string> Refusals(const nlohmann::json& plan) {
    std::vector<std::string> codes;
    for (const auto& finding : plan["findings"]) {
      if (finding["severity"] == "refused") codes.push_back(finding["code"]);
    }
    return codes;
  }
};

// From the registry to the report.
TEST_F(CliRotationJobs, AJobFromItsPlanToItsReport) {
  bed_.MakeCards(kRows);
  const auto column = Json({"column", "list"})["columns"][0];
  Json({"column", "remove", "public.cards", "card"});
  Json({"column", "add", "public.cards", "card", "--key", "cards", "--row-key", "id",
        "--binding-id", column["binding_id"]});
  EXPECT_EQ(Json({"column", "list"})["columns"][0], column);
  Json({"key", "rotate", "cards"});

  const auto plan = Plan({"--workers", "4"});
  EXPECT_EQ(plan["refused"], false);
  EXPECT_EQ(plan["key_version"], 2);
  EXPECT_LE(plan["rows_to_change"]["low"], kRows);
  EXPECT_GE(plan["rows_to_change"]["high"], kRows);
  EXPECT_EQ(plan["time"]["workers"], 4);
  ASSERT_THAT(plan["tables"], SizeIs(1));
  EXPECT_EQ(plan["tables"][0]["columns"], nlohmann::json({"card"}));
  EXPECT_GT(plan["tables"][0]["wal_bytes"]["high"], 0);

  const std::string job = CreateJob();
  EXPECT_THAT(job, MatchesRegex("[0-9a-f]{32}"));
  EXPECT_EQ(Json({"rotation", "status", job})["state"], "PLANNED");
  EXPECT_EQ(Json({"rotation", "start", job})["target"]["key_version"], 2);
  const CommandResult run = Cli({"rotation", "run", job, "--workers", "2"});
  EXPECT_EQ(run.status.code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("state           DONE\n"));
  EXPECT_THAT(run.out, HasSubstr("older versions  may go after "));
  EXPECT_THAT(run.err, HasSubstr("fieldkms: "));  // no terminal: lines
  EXPECT_THAT(run.err, Not(HasSubstr("\x1b")));

  const CardCounts counts = bed_.Count();
  EXPECT_THAT(counts.versions, ElementsAre(Pair(2u, kRows)));
  EXPECT_EQ(counts.unreadable + counts.wrong + counts.missing + counts.unexpected, 0u);
  EXPECT_EQ(Plan()["rows_to_change"]["low"], 0);

  const auto status = Json({"rotation", "status", job});
  EXPECT_EQ(status["state"], "DONE");
  EXPECT_EQ(status["outcome"]["counts"]["changed"], kRows);
  EXPECT_TRUE(status["outcome"]["retire_after"].is_string());
  EXPECT_THAT(Cli({"rotation", "report", job}).out, HasSubstr("DONE"));
  const std::string page = dir_.File("report.html");
  EXPECT_EQ(Json({"rotation", "report", job, "--html", page})["html_file"], page);
  EXPECT_THAT(ReadFile(page), HasSubstr("<html"));
  EXPECT_EQ(Cli({"rotation", "report", job, "--html", page}).status.code, 8);  // it stays
  EXPECT_EQ(Cli({"rotation", "report", job, "--html", page, "--force"}).status.code, 0);
}

TEST_F(CliRotationJobs, AreListedAndChanged) {
  bed_.MakeCards(10);
  const std::string first = CreateJob({"--backup-horizon", "90d", "--verify-sample", "17",
                                       "--table", "public.cards:card", "--accept-triggers"});
  const auto spec = Json({"rotation", "status", first})["spec"];
  EXPECT_EQ(spec["backup_horizon_seconds"], 90 * 86'400);
  EXPECT_EQ(spec["verify_sample"], 17);
  EXPECT_EQ(spec["accept_triggers"], true);
  EXPECT_EQ(
      spec["tables"],
      nlohmann::json::parse(R"([{"schema": "public", "table": "cards", "columns": ["card"]}])"));
  EXPECT_EQ(Json({"rotation", "start", first})["state"], "RUNNING");
  EXPECT_EQ(Json({"rotation", "pause", first})["state"], "PAUSED");
  EXPECT_EQ(Json({"rotation", "resume", first})["state"], "RUNNING");
  EXPECT_EQ(Json({"rotation", "cancel", first})["state"], "CANCELLED");
  EXPECT_THAT(ErrorOf({"rotation", "resume", first}), Pair("ROTATION_STATE", ::testing::_));
  EXPECT_EQ(Cli({"rotation", "run", first}).status.code, 9);

  const std::string second = CreateJob();
  const auto ids = [this](Arguments more) {
    more.insert(more.begin(), {"rotation", "list"});
    std::vector<std::string> found;
    const auto listed = Json(more);
    for (const auto& job : listed["jobs"]) found.push_back(job["job_id"]);
    return found;
  };
  EXPECT_THAT(ids({}), ElementsAre(second, first));
  EXPECT_THAT(ids({"--open"}), ElementsAre(second));
  EXPECT_THAT(ids({"--data-source", "orders"}), SizeIs(2));
  EXPECT_THAT(ids({"--data-source", "others"}), SizeIs(0));
  EXPECT_THAT(Cli({"rotation", "list"}).out, HasSubstr(first + "  orders       cards  CANCELLED"));
  EXPECT_THAT(ErrorOf({"rotation", "status", std::string(32, '0')}),
              Pair("ROTATION_NOT_FOUND", ::testing::_));
}

TEST_F(CliRotationJobs, LimitsChangeOneByOne) {
  bed_.MakeCards(10);
  const std::string job = CreateJob({"--most-lock-waits", "3", "--quiet", "22:00-06:00"});
  const auto changed = Json({"rotation", "limits", job, "--batch-time", "150ms", "--no-quiet"});
  EXPECT_EQ(changed["limits"]["batch_time_ms"], 150);
  EXPECT_EQ(changed["limits"]["most_lock_waits"], 3);
  EXPECT_EQ(changed["limits"]["unlimited"], true);
  EXPECT_THAT(changed["limits"]["quiet_hours"], SizeIs(0));
  EXPECT_EQ(Json({"rotation", "limits", job})["limits"], changed["limits"]);  // shows them
  EXPECT_EQ(Json({"rotation", "limits", job, "--unlimited=false"})["limits"]["unlimited"], false);
  EXPECT_THAT(Cli({"rotation", "limits", job}).out, HasSubstr("batch time"));
  const CommandResult stale =
      Cli({"rotation", "limits", job, "--most-lock-waits", "4", "--etag", changed["etag"]});
  EXPECT_EQ(stale.status.code, 8);
  EXPECT_THAT(stale.err, HasSubstr("ETAG_MISMATCH"));
}

TEST_F(CliRotationJobs, ARekeyNeedsAnotherKey) {
  bed_.MakeCards(50);
  Json({"key", "create", "cards2"});
  Json({"alias", "set", "current", "cards"});
  EXPECT_THAT(ErrorOf({"rotation", "plan", "--key", "cards", "--to-key", "current"}),
              Pair("INVALID_FIELD", "to-key"));
  EXPECT_THAT(ErrorOf({"rotation", "plan", "--key", "cards", "--to-key", "missing"}),
              Pair("KEY_NOT_FOUND", "to-key"));
  const auto plan = Plan({"--to-key", "cards2"});
  EXPECT_EQ(plan["key"], "cards2");
  EXPECT_EQ(plan["rows_to_change"]["high"], 50);
  const std::string job = CreateJob({"--to-key", "cards2", "--start"});
  EXPECT_EQ(Cli({"rotation", "run", job}).status.code, 0);
  EXPECT_EQ(Json({"rotation", "status", job})["target"]["key"], "cards2");
  EXPECT_EQ(Plan({"--to-key", "cards2"})["rows_to_change"]["high"], 0);
}

TEST_F(CliRotationJobs, PlansRefuseWhatCannotBeDone) {
  bed_.MakeCards(20);
  bed_.Sql(
      "CREATE TABLE public.plain (id bigint PRIMARY KEY, card text); "
      "INSERT INTO public.plain VALUES (1, 'tell-nobody'); "
      "CREATE VIEW public.seen AS SELECT * FROM public.plain");
  for (const char* table : {"public.plain", "public.seen"}) {
    Json({"column", "add", table, "card", "--key", "cards", "--no-row-key"});
  }
  EXPECT_THAT(Refusals(Plan({"--table", "public.seen"}, 1)), Contains("VIEW"));
  const auto plain = Plan({"--table", "public.plain"}, 1);
  EXPECT_THAT(Refusals(plain), Contains("PLAINTEXT"));
  EXPECT_EQ(plain["time"], nullptr);
  EXPECT_THAT(plain.dump(), Not(HasSubstr("tell-nobody")));
  EXPECT_EQ(Plan({"--table", "public.cards"})["refused"], false);
  const CommandResult text = Cli({"rotation", "plan", "--key", "cards"});
  EXPECT_EQ(text.status.code, 1);
  EXPECT_THAT(text.out, HasSubstr("refused public.seen"));
  EXPECT_THAT(text.out, HasSubstr("A job would be refused"));

  EXPECT_THAT(ErrorOf({"rotation", "plan", "--key", "cards", "--table", "cards"}),
              Pair("INVALID_FIELD", "table"));
  EXPECT_THAT(ErrorOf({"rotation", "plan", "--key", "cards", "--table", "public.missing"}),
              Pair("INVALID_FIELD", "tables[0]"));
  EXPECT_THAT(ErrorOf({"rotation", "plan", "--key", "missing"}), Pair("KEY_NOT_FOUND", "key"));
  EXPECT_EQ(Cli({"rotation", "plan", "--key", "cards", "--workers", "65"}).status.code, 2);
}

// The plan tells before the job does, and both name the privilege and not what is in the row.
TEST_F(CliRotationJobs, AMissingPrivilege) {
  bed_.MakeCards(20);
  bed_.Rotate();
  bed_.Sql(
      "DROP ROLE IF EXISTS cli_reader; CREATE ROLE cli_reader LOGIN; "
      "GRANT USAGE ON SCHEMA kms TO cli_reader; "
      "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA kms TO cli_reader; "
      "GRANT USAGE ON ALL SEQUENCES IN SCHEMA kms TO cli_reader; "
      "GRANT pg_monitor TO cli_reader; GRANT SELECT ON public.cards TO cli_reader");
  WriteFile(conninfo_file_, bed_.server().Conninfo(bed_.database(), "cli_reader"));
  EXPECT_THAT(Refusals(Plan({}, 1)), ElementsAre("UPDATE_DENIED"));
  const std::string job = CreateJob({"--start"});
  const CommandResult run = Cli({"rotation", "run", job});
  EXPECT_EQ(run.status.code, 1);
  EXPECT_THAT(run.out, HasSubstr("state        FAILED\n"));
  EXPECT_THAT(run.out, HasSubstr("public.cards"));
  bed_.Sql("GRANT UPDATE ON public.cards TO cli_reader");
  Json({"rotation", "start", job});
  EXPECT_EQ(Cli({"rotation", "run", job}).status.code, 0);
  bed_.Sql("DROP OWNED BY cli_reader; DROP ROLE cli_reader");
}

// Rows are named only where that was asked for.
TEST_F(CliRotationJobs, TheReportListsWhatDoesNotOpen) {
  bed_.MakeCards(100);
  bed_.Sql(
      "UPDATE public.cards SET card = set_byte(card, 60, get_byte(card, 60) # 1) WHERE id = 77");
  bed_.Rotate();
  const std::string job = CreateJob({"--start"});
  EXPECT_EQ(Cli({"rotation", "run", job}).status.code, 0);
  EXPECT_EQ(Json({"rotation", "status", job})["outcome"]["retire_after"], nullptr);
  const auto listed = Json({"rotation", "report", job, "--show-rows"})["quarantined"];
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_EQ(listed[0]["table"], "cards");
  EXPECT_EQ(listed[0]["column"], "card");
  EXPECT_EQ(listed[0]["row_key"], nlohmann::json({"77"}));
  EXPECT_EQ(Json({"rotation", "report", job})["quarantined"][0]["row_key"], nullptr);
  EXPECT_THAT(Cli({"rotation", "report", job, "--show-rows"}).out, HasSubstr("77"));
}

}  // namespace
}  // namespace fieldkms::testing
