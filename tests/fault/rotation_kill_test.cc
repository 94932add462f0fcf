// kill -9 and SIGSTOP of everything that takes part in a rotation, at random moments, while an
// application writes to the table.
//
// FIELDKMS_FAULT_ROUNDS: rounds (10, in a soak 100). FIELDKMS_FAULT_SEED: repeats the choices of
// an earlier run.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "rotation/conversion.h"
#include "tests/fault/rotation_fixture.h"
#include "tests/support/cut_proxy.h"
#include "tests/support/seeded_random.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr uint64_t kRows = 1'500;

void SleepUpTo(SeededRandom& random, milliseconds longest) {
  std::this_thread::sleep_for(
      microseconds(random.Below(static_cast<uint64_t>(microseconds(longest).count()))));
}

class RotationKill : public RotationFault {
 protected:
  using Workers = std::array<std::unique_ptr<Subprocess>, 2>;

  std::unique_ptr<Subprocess> Fresh(const v1::RotationJob& job) {
    return StartProbe(job, fmt::format("worker {}", ++workers_));
  }
  void Replace(const v1::RotationJob& job, std::unique_ptr<Subprocess>& worker) {
    worker->Signal(SIGKILL);
    worker->Wait();
    worker = Fresh(job);
  }
  void RestartService(SeededRandom& random) {
    bed().daemon().Kill();
    SleepUpTo(random, milliseconds(200));
    ASSERT_OK(bed().daemon().Start());
  }
  void RestartPostgres(SeededRandom& random) {
    bed().server().Kill();
    SleepUpTo(random, milliseconds(200));
    bed().server().Start();
  }
  // Stops a worker for longer than its lease lasts, and lets it go on.
  static void Sleep(SeededRandom& random, Subprocess& worker) {
    worker.Signal(SIGSTOP);
    std::this_thread::sleep_for(kLease);
    SleepUpTo(random, kLease);
    worker.Signal(SIGCONT);
  }

  // Whether a worker that was stopped is in a transaction: then all would wait for ten seconds,
  // until the server ends that.
  bool InTransaction() {
    for (;;) {
      const auto states = bed().Sql(
          "SELECT state FROM pg_stat_activity WHERE datname = current_database() "
          "AND application_name = 'fieldkms-rotation' AND state <> 'idle'");
      if (states.empty()) return false;
      if (states[0][0] != "active") return true;
      std::this_thread::yield();
    }
  }

  // One thing that goes wrong, and is mended. Returns what it was.
  std::string Hurt(SeededRandom& random, const v1::RotationJob& job, Workers& workers) {
    auto& worker = workers[random.Below(workers.size())];
    switch (random.Below(6)) {
      case 0:
        Replace(job, worker);
        return "worker";
      case 1:
        RestartService(random);
        return "service";
      case 2:
        RestartPostgres(random);
        return "postgres";
      case 3:
        Sleep(random, *worker);
        return "sleep";
      case 4:
        worker->Signal(SIGSTOP);
        RestartPostgres(random);
        worker->Signal(SIGCONT);
        return "postgres in sleep";
      default:
        bed().server().Kill();
        RestartService(random);
        bed().server().Start();
        for (auto& each : workers) Replace(job, each);
        return "all";
    }
  }

  int workers_ = 0;
};

TEST_F(RotationKill, NothingIsLostWhateverIsKilled) {
  SeededRandom random(RunSeed());
  bed().MakeCards(kRows);
  CutProxy proxy(bed().server().socket_dir());
  Application application(
      bed(), kRows, random.Next(),
      "host=" + proxy.socket_dir() + " port=5432 user=postgres dbname=" + bed().database());
  for (uint64_t round = 1; round <= Rounds(); ++round) {
    SCOPED_TRACE(fmt::format("round {}", round));
    proxy.CutNextCommit(round % 2 == 0 ? CutProxy::Cut::kBeforeCommit : CutProxy::Cut::kAfterCommit,
                        /*refuse=*/false, static_cast<int>(random.Below(100)));
    application.Start();
    const v1::RotationJob job = Rotate();
    Workers workers = {Fresh(job), Fresh(job)};
    std::string hurts;
    for (uint64_t left = 1 + random.Below(3); left > 0; --left) {
      SleepUpTo(random, milliseconds(500));
      hurts += " " + Hurt(random, job, workers);
    }
    const v1::RotationJob ended = AwaitEnd(job);
    for (auto& worker : workers) AwaitEnd(*worker);
    application.Stop();
    ExpectDone(ended, application);
    fmt::print("round {}:{}; {} changed, {} passes; {} writes, {} of them in doubt\n", round, hurts,
               ended.outcome().counts().changed(), ended.outcome().passes(),
               application.committed(), application.in_doubt());
    if (HasFailure()) return;
  }
  EXPECT_GT(application.committed(), 0u);
  EXPECT_GT(application.in_doubt(), 0u);
}

// While the application writes plaintext and knows of nothing else, until the column is closed,
// switched and dropped.
TEST_F(RotationKill, PlaintextBecomesCiphertextWhateverIsKilled) {
  SeededRandom random(RunSeed());
  bed().MakePlainCards(kRows);
  Application application(bed(), kRows, random.Next(), "", Application::Writes::kPlaintext);
  for (uint64_t round = 1; round <= Rounds(); ++round) {
    SCOPED_TRACE(fmt::format("round {}", round));
    bed().Sql("UPDATE public.cards SET card_protected = NULL WHERE id % 3 <> 0");
    application.Start();
    const v1::RotationJob job = Encrypt();
    Workers workers = {Fresh(job), Fresh(job)};
    std::string hurts;
    for (uint64_t left = 1 + random.Below(3); left > 0; --left) {
      SleepUpTo(random, milliseconds(500));
      hurts += " " + Hurt(random, job, workers);
    }
    // As long as it writes plaintext, there is always some more to encrypt.
    application.Stop();
    const v1::RotationJob ended = AwaitEnd(job);
    for (auto& worker : workers) AwaitEnd(*worker);
    if (ended.state() == v1::ROTATION_STATE_FAILED) {
      EXPECT_THAT(ended.error(), ::testing::HasSubstr("rows with plaintext alone"));
    } else {
      EXPECT_EQ(ended.state(), v1::ROTATION_STATE_DONE);
    }
    // It may have ended before the application did: what came since is the next one's.
    const v1::RotationJob rest = Work(Encrypt());
    EXPECT_EQ(rest.state(), v1::ROTATION_STATE_DONE) << rest.error();
    ExpectInStep();
    EXPECT_THAT(application.Complaints(), ::testing::IsEmpty());
    fmt::print("round {}:{}; {} changed, {} passes; {} writes, {} of them in doubt\n", round, hurts,
               ended.outcome().counts().changed(), ended.outcome().passes(),
               application.committed(), application.in_doubt());
    if (HasFailure()) return;
  }
  EXPECT_GT(application.committed(), 0u);
  const rotation::TableName table = {"public", "cards"};
  const auto database = rotation::Database::Connect(bed().conninfo(), "owner");
  ASSERT_OK(database);
  ASSERT_OK(rotation::CloseConversion(**database, table, "card"));
  ASSERT_OK(rotation::SwitchConversion(**database, table, "card"));
  ASSERT_OK(rotation::DropPlaintext(**database, table, "card", /*rewrite=*/true));
  ExpectKept(1);
}

// Who slept through its lease changes nothing that the heir has not: neither while the heir is at
// work nor when all is over.
TEST_F(RotationKill, APausedWorkerWakesAfterItsLeaseWasTaken) {
  SeededRandom random(RunSeed());
  bed().MakeCards(kRows);
  for (uint64_t round = 1; round <= (Rounds() + 1) / 2; ++round) {
    SCOPED_TRACE(fmt::format("round {}", round));
    const v1::RotationJob job = Rotate();
    const std::string ranges = " FROM kms.rotation_ranges WHERE job_id = '" + job.job_id() + "'";
    const auto sleeper = Fresh(job);
    while (One("SELECT count(*)" + ranges + " AND changed > 0") == "0") std::this_thread::yield();
    do {
      sleeper->Signal(SIGCONT);
      SleepUpTo(random, milliseconds(50));
      sleeper->Signal(SIGSTOP);
    } while (InTransaction());
    const std::string at = One("SELECT sum(changed)" + ranges);
    const auto heir = Fresh(job);
    const std::string name = fmt::format("worker {}", workers_);
    const bool at_work = random.Below(2) == 0;
    while (at_work && One("SELECT count(*)" + ranges + " AND worker = '" + name + "'") == "0") {
      std::this_thread::yield();
    }
    if (!at_work) AwaitEnd(job);
    sleeper->Signal(SIGCONT);
    const v1::RotationJob ended = AwaitEnd(job);
    AwaitEnd(*sleeper);
    AwaitEnd(*heir);
    EXPECT_EQ(ended.outcome().counts().changed(), kRows);
    ExpectDone(ended);
    fmt::print("round {}: slept at {} rows, woke {}\n", round, at,
               at_work ? "beside the heir" : "when all was over");
    if (HasFailure()) return;
  }
}

TEST_F(RotationKill, CancelledAtAnyMomentNoRowIsUnreadable) {
  SeededRandom random(RunSeed());
  bed().MakeCards(kRows);
  Application application(bed(), kRows, random.Next());
  application.Start();
  for (uint64_t round = 1; round <= Rounds(); ++round) {
    SCOPED_TRACE(fmt::format("round {}", round));
    const v1::RotationJob job = Rotate();
    Workers workers = {Fresh(job), Fresh(job)};
    SleepUpTo(random, milliseconds(500));
    const absl::Status cancelled = Cancel(job);
    const v1::RotationJob ended = AwaitEnd(job);
    EXPECT_EQ(ended.state(),
              cancelled.ok() ? v1::ROTATION_STATE_CANCELLED : v1::ROTATION_STATE_DONE)
        << cancelled;
    for (auto& worker : workers) AwaitEnd(*worker);
    if (HasFailure()) break;
  }
  application.Stop();
  ExpectKept(1);
  EXPECT_THAT(application.Complaints(), ::testing::IsEmpty());
  // What is left is the next job's.
  ExpectDone(Work(Rotate()), application);
}

// The test of the tests: what is not as the ledger has it is noticed.
TEST_F(RotationKill, TheCheckerNotices) {
  bed().MakeCards(50);
  const auto spoilt = [&](const std::string& sql) {
    bed().Sql("CREATE TABLE public.kept AS TABLE public.cards");
    bed().Sql(sql);
    const CardCounts counts = bed().Count();
    bed().Sql("DELETE FROM public.cards; INSERT INTO public.cards TABLE public.kept");
    bed().Sql("DROP TABLE public.kept");
    return counts;
  };
  EXPECT_EQ(spoilt("DELETE FROM public.cards WHERE id = 7").missing, 1u);
  EXPECT_EQ(
      spoilt("INSERT INTO public.cards SELECT 51, card FROM public.cards WHERE id = 7").unexpected,
      1u);
  EXPECT_EQ(spoilt("UPDATE public.cards SET card = set_byte(card, 40, get_byte(card, 40) # 1) "
                   "WHERE id = 7")
                .unreadable,
            1u);
  EXPECT_EQ(spoilt("UPDATE public.cards SET card = NULL WHERE id = 7").nulls, 1u);
  bed().Expect(7, "another");
  EXPECT_EQ(bed().Count().wrong, 1u);
  bed().Expect(7, RotationBed::FirstCard(7));

  Application application(bed(), 50, RunSeed());
  EXPECT_THAT(application.Complaints(), ::testing::IsEmpty());
  bed().Sql("UPDATE public.cards SET note = 'lost' WHERE id = 7");
  EXPECT_THAT(application.Complaints(), ::testing::SizeIs(1));
}

}  // namespace
}  // namespace fieldkms::testing
