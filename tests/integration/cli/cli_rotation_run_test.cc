// fieldkms rotation run and watch: how they go on, and how they end.
#include <signal.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "tests/integration/cli/on_terminal.h"
#include "tests/integration/cli/rotation_fixture.h"

namespace fieldkms::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr uint64_t kRows = 1'000;
constexpr std::chrono::seconds kPatience{60};

class CliRotationRun : public CliRotation {
 protected:
  void SetUp() override {
    bed_.MakeCards(kRows);
    bed_.Rotate();
  }
  // Runs on while the test does other things; its output goes to out_ and err_.
  std::unique_ptr<Subprocess> InBackground(Arguments arguments) const {
    arguments.insert(arguments.begin(), BinaryPath("fieldkms"));
    return std::make_unique<Subprocess>(SubprocessOptions{.argv = std::move(arguments),
                                                          .env = Environment(),
                                                          .stdout_path = out_,
                                                          .stderr_path = err_});
  }
  static int CodeOf(Subprocess& process) {
    const auto ended = process.WaitFor(kPatience);
    EXPECT_TRUE(ended) << "it still runs";
    return ended ? ended->code : -1;
  }
  // A job that is started and paused: workers come, and wait.
  std::string PausedJob() const {
    const std::string job = CreateJob({"--start"});
    Json({"rotation", "pause", job});
    return job;
  }
  static std::vector<nlohmann::json> LinesOf(const std::string& text) {
    std::vector<nlohmann::json> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(Parsed(line));
    return lines;
  }

  const std::string out_ = dir_.File("out");
  const std::string err_ = dir_.File("err");
};

TEST_F(CliRotationRun, WaitsWhileTheJobIsPaused) {
  const std::string job = PausedJob();
  const auto run = InBackground({"rotation", "run", job, "--workers", "3", "--name", "pod-7"});
  AwaitWorkers(job, 3);
  const auto workers = Json({"rotation", "status", job})["progress"]["workers"];
  for (const auto& worker : workers) {
    EXPECT_THAT(std::string(worker["worker"]), ::testing::StartsWith("pod-7-"));
    EXPECT_EQ(worker["resting"], "the job is paused");
  }
  EXPECT_EQ(bed_.Count().versions[2], 0u);
  Json({"rotation", "resume", job});
  EXPECT_EQ(CodeOf(*run), 0) << ReadFile(err_);
  EXPECT_EQ(bed_.Count().versions[2], kRows);
}

TEST_F(CliRotationRun, DoesNotWaitWhereThatIsNotWanted) {
  const std::string planned = CreateJob();
  EXPECT_EQ(Cli({"rotation", "run", planned, "--no-wait"}).status.code, 10);
  Json({"rotation", "cancel", planned});
  const CommandResult paused = Cli({"rotation", "run", PausedJob(), "--no-wait"});
  EXPECT_EQ(paused.status.code, 10);
  EXPECT_THAT(paused.err, HasSubstr("the job is PAUSED"));
}

TEST_F(CliRotationRun, StopsInGoodOrderWhenItIsToldTo) {
  const std::string job = PausedJob();
  for (const int signal : {SIGTERM, SIGINT}) {
    const auto run = InBackground({"rotation", "run", job});
    AwaitWorkers(job, 1);
    run->Signal(signal);
    EXPECT_EQ(CodeOf(*run), 10);
    AwaitWorkers(job, 0);  // it has said that it leaves
  }
  EXPECT_THAT(ReadFile(err_), HasSubstr("stopping after the batch"));
  EXPECT_EQ(Json({"rotation", "status", job})["state"], "PAUSED");
}

TEST_F(CliRotationRun, EndsWithAJobThatIsCancelled) {
  const std::string job = PausedJob();
  const auto run = InBackground({"rotation", "run", job});
  const auto watch = InBackground({"rotation", "watch", job});
  AwaitWorkers(job, 1);
  Json({"rotation", "cancel", job});
  EXPECT_EQ(CodeOf(*run), 9);
  EXPECT_EQ(CodeOf(*watch), 9);
}

TEST_F(CliRotationRun, InJsonEachChangeIsALine) {
  const std::string job = CreateJob({"--start"});
  const CommandResult run = Cli({"rotation", "run", job, "--json"});
  EXPECT_EQ(run.status.code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  const std::vector<nlohmann::json> lines = LinesOf(run.out);
  ASSERT_GE(lines.size(), 2u);
  for (const nlohmann::json& line : lines) {
    EXPECT_EQ(line["job_id"], job);
    EXPECT_TRUE(line["resting"].is_array());
  }
  EXPECT_EQ(lines.front()["state"], "RUNNING");
  EXPECT_EQ(lines.back()["state"], "DONE");
  EXPECT_EQ(lines.back()["outcome"]["counts"]["changed"], kRows);
  const CommandResult watch = Cli({"rotation", "watch", job, "--json"});
  EXPECT_EQ(watch.status.code, 0);
  EXPECT_EQ(LinesOf(watch.out).back()["state"], "DONE");
}

TEST_F(CliRotationRun, WatchFollowsAJobToItsEnd) {
  const std::string job = PausedJob();
  const auto watch = InBackground({"rotation", "watch", job});
  Json({"rotation", "resume", job});
  EXPECT_EQ(Cli({"rotation", "run", job}).status.code, 0);
  EXPECT_EQ(CodeOf(*watch), 0);
  EXPECT_THAT(ReadFile(out_), HasSubstr("state           DONE\n"));
}

TEST_F(CliRotationRun, TakesTheNextJobOfItsDataSource) {
  const Arguments next = {"rotation", "run", "--next", "--data-source", "orders"};
  const CommandResult none = Cli(next);
  EXPECT_EQ(none.status.code, 0);
  EXPECT_THAT(none.out, HasSubstr("no open job"));
  EXPECT_EQ(Json(next)["job_id"], nullptr);
  const std::string running = CreateJob({"--start"});
  const std::string planned = CreateJob();  // newer, and nobody's turn yet
  EXPECT_EQ(Cli(next).status.code, 0);
  EXPECT_EQ(Json({"rotation", "status", running})["state"], "DONE");
  EXPECT_EQ(Json({"rotation", "status", planned})["state"], "PLANNED");
  Arguments no_wait = next;
  no_wait.push_back("--no-wait");
  EXPECT_EQ(Cli(no_wait).status.code, 10);

  EXPECT_EQ(Cli({"rotation", "run", "--next"}).status.code, 2);
  EXPECT_EQ(Cli({"rotation", "run"}).status.code, 2);
  EXPECT_EQ(Cli({"rotation", "run", running, "--next", "--data-source", "orders"}).status.code, 2);
}

TEST_F(CliRotationRun, EndsAtOnceWhereWaitingIsOfNoUse) {
  EXPECT_EQ(Cli({"rotation", "run", std::string(32, '0')}).status.code, 3);
  const std::string job = CreateJob({"--start"});
  EXPECT_EQ(Cli({"rotation", "run", job, "--workers", "65"}).status.code, 2);
  EXPECT_EQ(Cli({"rotation", "run", job, "--name", std::string(65, 'a')}).status.code, 2);
  WriteFile(conninfo_file_, "password s3cret host");
  const CommandResult run = Cli({"rotation", "run", job});
  EXPECT_EQ(run.status.code, 2);
  EXPECT_THAT(run.err + run.out, Not(HasSubstr("s3cret")));
}

TEST_F(CliRotationRun, OnATerminalThereIsABar) {
  const std::string job = PausedJob();
  OnTerminal terminal(Environment(), {"rotation", "run", job});
  EXPECT_THAT(terminal.ReadUntil("the job is paused"), HasSubstr("PAUSED"));
  Json({"rotation", "resume", job});
  const std::string shown = terminal.ReadAll();
  const int status = terminal.Wait();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << shown;
  EXPECT_THAT(shown, HasSubstr("\r\x1b[J"));  // drawn over and over
  EXPECT_THAT(shown, HasSubstr("DONE"));
}

// The service is asked for keys, and then for nothing of the values.
TEST_F(CliRotationRun, RewrapsWithLeasedKeysWhereItMay) {
  Json({"key", "update", "cards", "--lease-seconds", "300", "--lease-messages", "100000"});
  const std::string job = CreateJob({"--start"});
  EXPECT_EQ(Cli({"rotation", "run", job, "--lease", "--workers", "2"}).status.code, 0);
  EXPECT_EQ(Json({"rotation", "status", job})["state"], "DONE");
  EXPECT_EQ(bed_.Count().versions.at(2), kRows);
  const std::string audit = ReadFile(bed_.daemon().data_dir() + "/audit.jsonl");
  EXPECT_THAT(audit, HasSubstr("LeaseService.AcquireLease"));
  EXPECT_THAT(audit, Not(HasSubstr("CryptoService.BatchRewrap")));
}

}  // namespace
}  // namespace fieldkms::testing
