// Reports, compared with files of golden/. After a change that is meant, run it once with
// FIELDKMS_WRITE_GOLDEN=1, and read what has changed in them.
#include "rotation/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "rotation/terminal_text.h"

namespace fieldkms::rotation {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kNoon = 1'770'120'000;  // 2026-02-03 12:00:00 UTC
constexpr int64_t kHour = 3'600;
constexpr int64_t kDay = 24 * kHour;
constexpr WallTime kNow{std::chrono::seconds(kNoon + 4 * kHour)};

void SetCounts(uint64_t seen, uint64_t changed, uint64_t quarantined, uint64_t verified,
               uint64_t opened, v1::RotationCounts* counts) {
  counts->set_seen(seen);
  counts->set_changed(changed);
  counts->set_quarantined(quarantined);
  counts->set_verified(verified);
  counts->set_opened(opened);
}

v1::RotationTableProgress* AddTable(const std::string& schema, const std::string& table,
                                    uint64_t estimated, v1::RotationJob* job) {
  v1::RotationTableProgress* added = job->mutable_progress()->add_tables();
  added->set_schema(schema);
  added->set_table(table);
  added->set_estimated_rows(estimated);
  return added;
}

v1::RotationJob PlannedJob() {
  v1::RotationJob job;
  job.set_job_id("0123456789abcdef0123456789abcdef");
  job.set_tenant("acme");
  job.mutable_spec()->set_data_source("shop");
  job.mutable_spec()->set_key("customers.card_number");
  job.mutable_spec()->set_transform(v1::ROTATION_TRANSFORM_REENCRYPT);
  job.mutable_spec()->mutable_backup_horizon()->set_seconds(35 * kDay);
  job.set_state(v1::ROTATION_STATE_PLANNED);
  job.mutable_create_time()->set_seconds(kNoon - kHour);
  return job;
}

v1::RotationJob RunningJob() {
  v1::RotationJob job = PlannedJob();
  job.set_state(v1::ROTATION_STATE_RUNNING);
  job.mutable_start_time()->set_seconds(kNoon);
  v1::RotationTarget* target = job.mutable_target();
  target->set_source_key("customers.card_number");
  target->set_source_key_id("0011223344556677");
  target->set_key("customers.card_number");
  target->set_key_id("0011223344556677");
  target->set_key_version(7);
  v1::RotationProgress* progress = job.mutable_progress();
  progress->set_phase(v1::ROTATION_PHASE_SWEEP);
  progress->set_pass(1);
  progress->set_estimated_rows(1'250'000);
  SetCounts(801'000, 800'500, 0, 0, 0, progress->mutable_counts());
  SetCounts(51'000, 50'500, 0, 0, 0,
            AddTable("public", "customers", 50'000, &job)->mutable_counts());
  job.mutable_progress()->mutable_tables(0)->set_pass_done(true);
  SetCounts(750'000, 750'000, 0, 0, 0,
            AddTable("shop", "cards", 1'200'000, &job)->mutable_counts());
  progress->mutable_soonest()->set_seconds(95);
  progress->mutable_latest()->set_seconds(210);
  v1::RotationWorker* worker = progress->add_workers();
  worker->set_worker("db-tools-1/4711");
  worker->set_rows_per_second(4'321.7);
  worker->set_batch_rows(1'440);
  worker = progress->add_workers();
  worker->set_worker("db-tools-2/17");
  worker->set_resting("standby is 12 s behind, limit 5 s");
  return job;
}

v1::RotationJob DoneJob() {
  v1::RotationJob job = RunningJob();
  job.set_state(v1::ROTATION_STATE_DONE);
  job.set_schedule_id("fedcba9876543210fedcba9876543210");
  job.mutable_end_time()->set_seconds(kNoon + 2 * kHour);
  v1::RotationProgress* progress = job.mutable_progress();
  progress->set_phase(v1::ROTATION_PHASE_COMPLETE);
  progress->clear_workers();
  SetCounts(51'000, 50'500, 0, 51'002, 1'000, progress->mutable_tables(0)->mutable_counts());
  SetCounts(1'198'344, 1'198'344, 0, 1'198'350, 1'000,
            progress->mutable_tables(1)->mutable_counts());
  v1::RotationOutcome* outcome = job.mutable_outcome();
  SetCounts(1'249'344, 1'248'844, 0, 1'249'352, 2'000, outcome->mutable_counts());
  outcome->mutable_counts()->set_conflicts(312);
  outcome->set_passes(3);
  outcome->mutable_barrier_time()->set_seconds(kNoon + kHour);
  outcome->mutable_verify_time()->set_seconds(kNoon + 2 * kHour);
  outcome->mutable_retire_after()->set_seconds(kNoon + 2 * kHour + 35 * kDay);
  return job;
}

// Names that somebody chose who means no good, or writes another script.
v1::RotationJob HostileJob() {
  v1::RotationJob job = DoneJob();
  job.clear_schedule_id();
  job.mutable_spec()->set_transform(v1::ROTATION_TRANSFORM_REKEY);
  job.mutable_target()->set_key("kärten.\"neu\" & 'alt'");
  job.mutable_target()->set_key_id("8899aabbccddeeff");
  v1::RotationTable* table = job.mutable_spec()->add_tables();
  table->set_schema("public");
  table->set_table("<script>alert(1)</script>");
  table->add_columns("</td><img src=x onerror=alert(1)>");
  table->add_columns("\x1b[2Jcleared");
  job.mutable_progress()->clear_tables();
  SetCounts(1'000, 998, 2, 1'000, 100,
            AddTable("public", "<script>alert(1)</script>", 1'000, &job)->mutable_counts());
  SetCounts(5'000'000'000, 5'000'000'000, 1, 5'000'000'000, 1'000,
            AddTable("販売", "顧客カード", 5'000'000'000, &job)->mutable_counts());
  SetCounts(123'456'789'012'345, 0, 0, 0, 0,
            AddTable("a\xe2\x80\xae"
                     "b",
                     "sixty-three characters are what PostgreSQL lets a name have at", 1, &job)
                ->mutable_counts());
  AddTable("public", "empty", 0, &job);
  job.mutable_outcome()->mutable_counts()->set_quarantined(3);
  job.mutable_outcome()->clear_retire_after();
  return job;
}

std::vector<QuarantinedValue> HostileValues() {
  const WallTime found{std::chrono::seconds(kNoon + 600)};
  return {{{"public", "<script>alert(1)</script>"},
           "number",
           {"4711", "<b>Zoë</b>"},
           "the ciphertext does not open",
           found},
          {{"public", "<script>alert(1)</script>"},
           "number",
           {"4712", "\x1b[1mA"},
           "the ciphertext does not open",
           found},
          {{"販売", "顧客カード"}, "番号", {"山田 太郎"}, "no envelope", found}};
}

std::string FailedError() { return "1000 rows do not open, limit 1000 <b>"; }

v1::RotationJob FailedJob() {
  v1::RotationJob job = RunningJob();
  job.set_state(v1::ROTATION_STATE_FAILED);
  job.set_error(FailedError());
  job.mutable_end_time()->set_seconds(kNoon + kHour);
  job.mutable_progress()->mutable_counts()->set_quarantined(1'000);
  return job;
}

// A job whose tables have no rows.
v1::RotationJob EmptyJob() {
  v1::RotationJob job = DoneJob();
  job.mutable_progress()->clear_tables();
  job.mutable_progress()->clear_estimated_rows();
  AddTable("public", "cards", 0, &job);
  job.mutable_outcome()->clear_counts();
  job.mutable_outcome()->set_passes(1);
  return job;
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void ExpectGolden(const std::string& name, const std::string& report) {
  const std::string path = std::string(FIELDKMS_GOLDEN_DIR) + "/" + name;
  if (std::getenv("FIELDKMS_WRITE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << report;
  }
  EXPECT_EQ(report, ReadAll(path)) << path;
}

void ExpectBothGolden(const std::string& name, const v1::RotationJob& job,
                      const std::vector<QuarantinedValue>& quarantined = {},
                      bool show_row_keys = false) {
  const ReportOptions options{.now = kNow, .show_row_keys = show_row_keys};
  const std::string text = TextReport(job, quarantined, options);
  ExpectGolden(name + ".txt", text);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(DisplayWidth(line), 80u) << line;
    EXPECT_EQ(line.find_last_not_of(' ') + 1, line.size()) << line;
  }
  ExpectGolden(name + ".html", HtmlReport(job, quarantined, options));
}

TEST(ReportTest, Done) { ExpectBothGolden("done", DoneJob()); }
TEST(ReportTest, Running) { ExpectBothGolden("running", RunningJob()); }
TEST(ReportTest, Failed) { ExpectBothGolden("failed", FailedJob()); }
TEST(ReportTest, NoRows) { ExpectBothGolden("no_rows", EmptyJob()); }
TEST(ReportTest, Hostile) { ExpectBothGolden("hostile", HostileJob(), HostileValues()); }
TEST(ReportTest, HostileWithKeys) {
  ExpectBothGolden("hostile_keys", HostileJob(), HostileValues(), true);
}

std::string BothReports(const v1::RotationJob& job,
                        const std::vector<QuarantinedValue>& quarantined = {},
                        const ReportOptions& options = {.now = kNow}) {
  return TextReport(job, quarantined, options) + HtmlReport(job, quarantined, options);
}

TEST(ReportTest, RowsAreNamedOnlyWhereThatIsAskedFor) {
  const std::string without = BothReports(HostileJob(), HostileValues());
  EXPECT_THAT(without, AllOf(Not(HasSubstr("4711")), Not(HasSubstr("Zoë")), Not(HasSubstr("太郎")),
                             HasSubstr("2 values: the ciphertext")));
  const std::string with =
      BothReports(HostileJob(), HostileValues(), {.now = kNow, .show_row_keys = true});
  EXPECT_THAT(with,
              AllOf(HasSubstr("row (4711, &lt;b&gt;Zoë&lt;/b&gt;): the ciphertext does not open, "
                              "found 2026-02-03 12:10:00 UTC"),
                    HasSubstr("row (山田 太郎)")));
}

TEST(ReportTest, NothingBecomesMarkupOrACommand) {
  for (const v1::RotationJob& job : {HostileJob(), FailedJob()}) {
    const ReportOptions options{.now = kNow, .show_row_keys = true};
    const std::string html = HtmlReport(job, HostileValues(), options);
    for (const char* markup :
         {"<script", "<img", "<b>", "http:", "https:", "url(", "src=\"", "\x1b", "\xe2\x80\xae"}) {
      EXPECT_THAT(html, Not(HasSubstr(markup)));
    }
    const std::string text = TextReport(job, HostileValues(), options);
    EXPECT_THAT(text, AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\xe2\x80\xae"))));
  }
}

TEST(ReportTest, BytesThatAreNoUtf8AreShown) {
  v1::RotationJob job = DoneJob();
  job.mutable_progress()->mutable_tables(0)->set_table("caf\xe9");
  EXPECT_THAT(BothReports(job), AllOf(HasSubstr("public.caf\\xe9"), Not(HasSubstr("\xe9"))));
}

TEST(ReportTest, OlderVersionsMayBeRetiredOnceTheTimeHasCome) {
  const v1::RotationJob job = DoneJob();
  EXPECT_THAT(BothReports(job), HasSubstr("From 2026-03-10 14:00:00 UTC on."));
  const ReportOptions later{.now = WallTime(std::chrono::seconds(kNoon + 2 * kHour + 35 * kDay))};
  EXPECT_THAT(BothReports(job, {}, later), HasSubstr("They may, since 2026-03-10 14:00:00 UTC."));
}

TEST(ReportTest, EachStateHasItsHeadline) {
  v1::RotationJob job = PlannedJob();
  EXPECT_THAT(BothReports(job), AllOf(HasSubstr("Rotation status"), HasSubstr("PLANNED"),
                                      HasSubstr("nothing was done")));
  job = RunningJob();
  job.set_state(v1::ROTATION_STATE_PAUSED);
  EXPECT_THAT(BothReports(job), AllOf(HasSubstr("Rotation status"), HasSubstr("is paused")));
  job.set_state(v1::ROTATION_STATE_CANCELLED);
  EXPECT_THAT(BothReports(job), AllOf(HasSubstr("Rotation report"), HasSubstr("was cancelled")));
  job = DoneJob();
  job.mutable_spec()->set_transform(v1::ROTATION_TRANSFORM_REINDEX);
  EXPECT_THAT(BothReports(job), HasSubstr("All rows of 2 tables are indexed anew."));
}

TEST(ReportTest, OfPlaintextNoVersionIsToRetire) {
  v1::RotationJob job = DoneJob();
  job.mutable_spec()->set_transform(v1::ROTATION_TRANSFORM_DECRYPT);
  job.mutable_outcome()->clear_retire_after();
  EXPECT_THAT(BothReports(job), AllOf(HasSubstr("All rows of 2 tables are plaintext."),
                                      HasSubstr("No version gets old by this work."),
                                      Not(HasSubstr("while rows are quarantined"))));
}

TEST(ReportTest, ATableIsNotDoneBeforeItsPassIs) {
  v1::RotationJob job = RunningJob();
  job.mutable_progress()->mutable_tables(1)->mutable_counts()->set_seen(9'999'999);
  EXPECT_THAT(TextReport(job, {}, {.now = kNow}), HasSubstr("shop.cards            99 %"));
  job.mutable_progress()->set_pass(2);
  EXPECT_THAT(TextReport(job, {}, {.now = kNow}), HasSubstr("shop.cards           100 %"));
}

TEST(ReportTest, SaysThatNotAllTablesAreListed) {
  v1::RotationJob job = DoneJob();
  for (int i = 2; i < 1'000; ++i) AddTable("public", "t" + std::to_string(i), 1, &job);
  EXPECT_THAT(BothReports(job), HasSubstr("The first 1,000 tables are listed; the sum is of all."));
  job.mutable_progress()->mutable_tables()->RemoveLast();
  EXPECT_THAT(BothReports(job), Not(HasSubstr("the sum is of all")));
}

TEST(ReportTest, AJobOfWhichNothingIsKnownHasAReport) {
  EXPECT_THAT(BothReports({}), HasSubstr("UNSPECIFIED"));
}

}  // namespace
}  // namespace fieldkms::rotation
