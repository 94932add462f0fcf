// Checkpoints, ranges and batches of a rotation, over a real PostgreSQL and a real service.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "crypto/status.h"
#include "rotation/checkpoints.h"
#include "rotation/database.h"
#include "rotation/range_runner.h"
#include "rotation/rewrapper.h"
#include "tests/support/rotation_bed.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;
using rotation::Checkpoints;
using rotation::Claim;
using rotation::ClaimedRange;
using rotation::Database;
using rotation::JobState;
using rotation::Phase;
using rotation::RangeRunner;
using rotation::Rewrapper;
using rotation::WindowResult;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::Pair;

constexpr char kStarted[] = "1.0";
const char* const kJob = "0123456789abcdef0123456789abcdef";

// One of several workers on the job.
class Hand {
 public:
  Hand(RotationBed& bed, const std::string& name, milliseconds lease = milliseconds(60'000))
      : bed_(bed), plan_(bed.Plan()), tables_({plan_}) {
    auto database = Database::Connect(bed.conninfo(), "hand");
    EXPECT_OK(database);
    database_ = *std::move(database);
    checkpoints_ = std::make_unique<Checkpoints>(*database_, kJob, name, lease);
    rewrapper_ = std::make_unique<Rewrapper>(
        plan_, Rewrapper::Options{.tenant = RotationBed::kTenant, .target = bed.Target()},
        [this](const v1::BatchRewrapRequest& request) {
          if (before_rewrap) before_rewrap();
          return bed_.client().BatchRewrap(request);
        });
  }

  absl::Status Begin() {
    return checkpoints_->Begin(RotationBed::kTenant, kStarted, bed_.Target(), tables_);
  }
  JobState State() {
    auto state = checkpoints_->Load(kStarted);
    EXPECT_OK(state);
    EXPECT_TRUE(state->has_value());
    return **state;
  }
  // Takes a range of `rows`; fails the test if there is none.
  ClaimedRange Take(uint64_t rows = 1'000'000) {
    auto claim = checkpoints_->Take(State(), tables_, rows);
    EXPECT_OK(claim);
    EXPECT_TRUE(claim->range.has_value());
    return *claim->range;
  }
  absl::StatusOr<Claim> TryTake(uint64_t rows = 1'000'000) {
    return checkpoints_->Take(State(), tables_, rows);
  }
  RangeRunner Runner(const ClaimedRange& range) {
    return RangeRunner(*database_, *checkpoints_, plan_, bed_.Target(), *rewrapper_, range,
                       nullptr);
  }
  // Sweeps what is left of a range, and returns what it came to.
  rotation::StepCounts SweepAll(const ClaimedRange& range, size_t batch_rows = 100) {
    RangeRunner runner = Runner(range);
    rotation::StepCounts sum;
    for (;;) {
      const absl::StatusOr<WindowResult> window = runner.Sweep(batch_rows);
      EXPECT_OK(window);
      if (!window.ok()) return sum;
      sum.seen += window->counts.seen;
      sum.changed += window->counts.changed;
      sum.conflicts += window->counts.conflicts;
      sum.quarantined += window->counts.quarantined;
      if (window->done) return sum;
    }
  }
  bool MoveOn() {
    const absl::StatusOr<bool> moved = checkpoints_->MoveOn(State());
    EXPECT_OK(moved);
    return *moved;
  }
  Checkpoints& checkpoints() { return *checkpoints_; }
  Rewrapper& rewrapper() { return *rewrapper_; }

  std::function<void()> before_rewrap;

 private:
  RotationBed& bed_;
  const rotation::TablePlan plan_;
  const std::vector<rotation::TablePlan> tables_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Checkpoints> checkpoints_;
  std::unique_ptr<Rewrapper> rewrapper_;
};

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() : bed_(PostgresServer::Shared()) {}

  void ExpectAllUnder(uint32_t version, uint64_t rows) {
    const CardCounts counts = bed_.Count();
    EXPECT_EQ(counts.rows, rows);
    EXPECT_THAT(counts.versions, ElementsAre(Pair(version, rows)));
    ExpectIntact(counts);
  }
  static void ExpectIntact(const CardCounts& counts) {
    EXPECT_EQ(counts.unreadable, 0u);
    EXPECT_EQ(counts.wrong, 0u);
    EXPECT_EQ(counts.missing, 0u);
    EXPECT_EQ(counts.unexpected, 0u);
  }

  RotationBed bed_;
};

TEST_F(EngineTest, SweepBringsAllRowsToTheNewVersion) {
  bed_.MakeCards(2'500);
  EXPECT_EQ(bed_.Rotate(), 2u);
  Hand hand(bed_, "one");
  ASSERT_OK(hand.Begin());
  const rotation::StepCounts counts = hand.SweepAll(hand.Take());
  EXPECT_EQ(counts.seen, 2'500u);
  EXPECT_EQ(counts.changed, 2'500u);
  EXPECT_EQ(counts.conflicts, 0u);
  ExpectAllUnder(2, 2'500);
}

TEST_F(EngineTest, RowsThatAreCurrentAreNotReadAgain) {
  bed_.MakeCards(300);
  bed_.Rotate();
  Hand hand(bed_, "one");
  ASSERT_OK(hand.Begin());
  hand.SweepAll(hand.Take());
  ASSERT_TRUE(hand.MoveOn());  // to the barrier
  ASSERT_TRUE(hand.MoveOn());
  EXPECT_EQ(hand.State().phase, Phase::kFinalSweep);
  const rotation::StepCounts counts = hand.SweepAll(hand.Take());
  EXPECT_EQ(counts.seen, 0u);
  EXPECT_EQ(counts.changed, 0u);
}

TEST_F(EngineTest, RangesAreCarvedOnceEach) {
  bed_.MakeCards(1'000);
  bed_.Rotate();
  Hand one(bed_, "one");
  Hand two(bed_, "two");
  ASSERT_OK(one.Begin());
  ASSERT_OK(two.Begin());  // changes nothing
  const ClaimedRange first = one.Take(400);
  const ClaimedRange second = two.Take(400);
  EXPECT_EQ(*first.rest.upper, rotation::KeyTexts{"400"});
  EXPECT_EQ(*second.rest.lower, rotation::KeyTexts{"400"});
  EXPECT_EQ(two.SweepAll(second).changed, 400u);
  const ClaimedRange third = two.Take(400);
  EXPECT_EQ(two.SweepAll(third).changed, 200u);
  // All is carved; the first range is at work.
  auto none = two.TryTake(400);
  ASSERT_OK(none);
  EXPECT_FALSE(none->range.has_value());
  EXPECT_TRUE(none->others_at_work);
  EXPECT_FALSE(two.MoveOn());
  EXPECT_EQ(one.SweepAll(first).changed, 400u);
  EXPECT_TRUE(two.MoveOn());
  ExpectAllUnder(2, 1'000);
}

TEST_F(EngineTest, RowsInsertedMeanwhileDoNotLengthenAPass) {
  bed_.MakeCards(100);
  bed_.Rotate();
  Hand hand(bed_, "one");
  ASSERT_OK(hand.Begin());
  const ClaimedRange range = hand.Take();
  bed_.Sql("INSERT INTO public.cards SELECT 1000 + id, card, note FROM public.cards");
  EXPECT_EQ(hand.SweepAll(range).seen, 100u);
  EXPECT_FALSE(hand.TryTake()->range.has_value());
}

TEST_F(EngineTest, ARangeOfAWorkerThatIsGoneIsTakenOver) {
  bed_.MakeCards(2'000);
  bed_.Rotate();
  Hand gone(bed_, "gone", milliseconds(1));
  Hand heir(bed_, "heir");
  ASSERT_OK(gone.Begin());
  RangeRunner sleeper = gone.Runner(gone.Take());
  ASSERT_OK(sleeper.Sweep(100));  // 800 rows
  const ClaimedRange taken = heir.Take();
  EXPECT_EQ(*taken.rest.lower, rotation::KeyTexts{"800"});
  // Who lost it changes nothing, not even rows that the heir has not come to.
  EXPECT_THAT(sleeper.Sweep(100), StatusIs(StatusCode::kAborted, Reason::kLeaseExpired));
  EXPECT_EQ(bed_.Count().versions.at(2), 800u);
  EXPECT_EQ(heir.SweepAll(taken).changed, 1'200u);
  ExpectAllUnder(2, 2'000);
}

TEST_F(EngineTest, AWorkerGoesOnWithItsOwnRangeAtOnce) {
  bed_.MakeCards(1'000);
  bed_.Rotate();
  Hand hand(bed_, "one");
  ASSERT_OK(hand.Begin());
  RangeRunner runner = hand.Runner(hand.Take());
  ASSERT_OK(runner.Sweep(50));
  // As after a commit in doubt: its lease has not ended.
  const ClaimedRange again = hand.Take();
  EXPECT_GT(again.fence, runner.range().fence);
  EXPECT_EQ(*again.rest.lower, rotation::KeyTexts{"400"});
}

TEST_F(EngineTest, WritesOfApplicationsAreKept) {
  bed_.MakeCards(100);
  bed_.Rotate();
  Hand hand(bed_, "one");
  ASSERT_OK(hand.Begin());
  // Between reading and writing: one row is written, one deleted, one gets another key.
  hand.before_rewrap = [&] {
    const std::vector<std::pair<std::string, std::string>> cards = {{"7", "seven"},
                                                                    {"900", "nine"}};
    const auto sealed = bed_.Seal(cards);
    ASSERT_OK(sealed);
    const auto hex = [](const std::string& bytes) {
      std::string text = "'\\x";
      for (const char c : bytes) {
        constexpr char kDigits[] = "0123456789abcdef";
        text += kDigits[static_cast<uint8_t>(c) >> 4];
        text += kDigits[static_cast<uint8_t>(c) & 15];
      }
      return text + "'";
    };
    bed_.Sql("UPDATE public.cards SET card = " + hex((*sealed)[0]) + " WHERE id = 7");
    bed_.Expect(7, "seven");
    bed_.Sql("DELETE FROM public.cards WHERE id = 8");
    bed_.Forget(8);
    bed_.Sql("UPDATE public.cards SET id = 900, card = " + hex((*sealed)[1]) + " WHERE id = 9");
    bed_.Forget(9);
    bed_.Expect(900, "nine");
    hand.before_rewrap = nullptr;
  };
  const rotation::StepCounts counts = hand.SweepAll(hand.Take());
  EXPECT_EQ(counts.changed, 97u);
  EXPECT_EQ(counts.conflicts, 3u);
  ExpectAllUnder(2, 99);
}

TEST_F(EngineTest, LockedRowsAreLeftToALaterPass) {
  bed_.MakeCards(50);
  bed_.Rotate();
  Hand hand(bed_, "one");
  ASSERT_OK(hand.Begin());
  auto other = Database::Connect(bed_.conninfo(), "application");
  ASSERT_OK(other);
  ASSERT_OK((*other)->Write([&](rotation::Transaction& transaction) {
    transaction.Run("SELECT FROM public.cards WHERE id = 5 FOR UPDATE");
    const rotation::StepCounts counts = hand.SweepAll(hand.Take());
    EXPECT_EQ(counts.changed, 49u);
    EXPECT_EQ(counts.conflicts, 1u);
    return absl::OkStatus();
  }));
  EXPECT_TRUE(hand.MoveOn());
  EXPECT_TRUE(hand.MoveOn());
  EXPECT_EQ(hand.SweepAll(hand.Take()).changed, 1u);
  // A pass that changed something is followed by another.
  EXPECT_TRUE(hand.MoveOn());
  EXPECT_EQ(hand.State().phase, Phase::kFinalSweep);
  EXPECT_EQ(hand.SweepAll(hand.Take()).changed, 0u);
  EXPECT_TRUE(hand.MoveOn());
  EXPECT_EQ(hand.State().phase, Phase::kVerify);
  ExpectAllUnder(2, 50);
}

TEST_F(EngineTest, ValuesThatDoNotOpenAreQuarantinedOnce) {
  bed_.MakeCards(200);
  bed_.Sql(
      "UPDATE public.cards SET card = (SELECT card FROM public.cards WHERE id = 1) "
      "WHERE id = 2");
  bed_.Sql("UPDATE public.cards SET card = 'plain' WHERE id = 3");
  bed_.Rotate();
  Hand hand(bed_, "one");
  ASSERT_OK(hand.Begin());
  rotation::StepCounts counts = hand.SweepAll(hand.Take());
  EXPECT_EQ(counts.changed, 198u);
  EXPECT_EQ(counts.quarantined, 2u);
  const auto listed = hand.checkpoints().ListQuarantine(10);
  ASSERT_OK(listed);
  ASSERT_EQ(listed->size(), 2u);
  EXPECT_EQ((*listed)[0].row, rotation::KeyTexts{"2"});
  EXPECT_EQ((*listed)[0].reason, "does not open under its key and context");
  EXPECT_EQ((*listed)[1].row, rotation::KeyTexts{"3"});
  EXPECT_EQ((*listed)[1].reason, "is no envelope");
  // They do not keep the job from its end.
  EXPECT_TRUE(hand.MoveOn());
  EXPECT_TRUE(hand.MoveOn());
  auto known = hand.checkpoints().KnownBad(0);
  ASSERT_OK(known);
  hand.rewrapper().SetKnownBad(*known);
  counts = hand.SweepAll(hand.Take());
  EXPECT_EQ(counts.changed + counts.conflicts + counts.quarantined, 0u);
  EXPECT_TRUE(hand.MoveOn());
  EXPECT_EQ(hand.State().phase, Phase::kVerify);
  const auto verified = hand.Runner(hand.Take()).Verify(1.0);
  ASSERT_OK(verified);
  EXPECT_EQ(verified->counts.verified, 200u);
  EXPECT_EQ(verified->counts.opened, 198u);
  EXPECT_EQ(verified->counts.quarantined, 2u);
  EXPECT_EQ(verified->counts.conflicts, 0u);
}

TEST_F(EngineTest, ManyValuesOfWhichNoneOpensStopTheJob) {
  bed_.MakeCards(120);
  bed_.Sql("UPDATE public.cards SET id = id + 1000");  // bound to other rows now
  bed_.Rotate();
  Hand hand(bed_, "one");
  ASSERT_OK(hand.Begin());
  EXPECT_THAT(hand.Runner(hand.Take()).Sweep(1'000),
              StatusIs(StatusCode::kFailedPrecondition, Reason::kDecryptFailed));
  EXPECT_THAT(*hand.checkpoints().ListQuarantine(10), ::testing::IsEmpty());
}

TEST_F(EngineTest, VerificationFindsWhatWasLeft) {
  bed_.MakeCards(60);
  const auto old = bed_.Sql("SELECT card FROM public.cards WHERE id = 10");
  bed_.Rotate();
  Hand hand(bed_, "one");
  ASSERT_OK(hand.Begin());
  hand.SweepAll(hand.Take());
  EXPECT_TRUE(hand.MoveOn());
  EXPECT_TRUE(hand.MoveOn());
  hand.SweepAll(hand.Take());
  EXPECT_TRUE(hand.MoveOn());
  ASSERT_EQ(hand.State().phase, Phase::kVerify);
  // Somebody writes an old value back: verification sees it, and the rows are swept again.
  bed_.Sql("UPDATE public.cards SET card = '" + old[0][0] + "' WHERE id = 10");
  const auto verified = hand.Runner(hand.Take()).Verify(0);
  ASSERT_OK(verified);
  EXPECT_EQ(verified->counts.conflicts, 1u);
  EXPECT_TRUE(hand.MoveOn());
  EXPECT_EQ(hand.State().phase, Phase::kFinalSweep);
  EXPECT_EQ(hand.SweepAll(hand.Take()).changed, 1u);
  ExpectAllUnder(2, 60);
}

TEST_F(EngineTest, ATriggerThatChangesTheValueStopsTheJob) {
  bed_.MakeCards(20);
  bed_.Sql(
      "CREATE FUNCTION public.spoil() RETURNS trigger LANGUAGE plpgsql AS "
      "$$BEGIN NEW.card := NEW.card || '\\x00'; RETURN NEW; END$$");
  bed_.Sql(
      "CREATE TRIGGER spoil BEFORE UPDATE ON public.cards FOR EACH ROW "
      "EXECUTE FUNCTION public.spoil()");
  bed_.Rotate();
  Hand hand(bed_, "one");
  ASSERT_OK(hand.Begin());
  EXPECT_THAT(hand.Runner(hand.Take()).Sweep(100),
              StatusIs(StatusCode::kFailedPrecondition, Reason::kDatabaseRefused));
  ExpectAllUnder(1, 20);
}

TEST_F(EngineTest, WaitsForTheDiskWhenAPhaseEndsAndNotWithEachBatch) {
  bed_.MakeCards(20);
  bed_.Sql("CREATE TABLE public.commits (of text, setting text)");
  bed_.Sql(
      "CREATE FUNCTION public.note_commit() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN "
      "INSERT INTO public.commits VALUES (TG_ARGV[0], current_setting('synchronous_commit')); "
      "RETURN NULL; END$$");
  bed_.Rotate();
  bed_.Sql("ALTER DATABASE " + bed_.database() + " SET synchronous_commit = off");
  Hand hand(bed_, "one");
  ASSERT_OK(hand.Begin());
  for (const auto& [table, of] :
       {std::pair("public.cards", "batch"), std::pair("kms.rotation_jobs", "phase")}) {
    bed_.Sql("CREATE TRIGGER note_commit AFTER UPDATE ON " + std::string(table) +
             " FOR EACH STATEMENT EXECUTE FUNCTION public.note_commit('" + of + "')");
  }
  EXPECT_EQ(hand.SweepAll(hand.Take()).changed, 20u);
  ASSERT_TRUE(hand.MoveOn());
  EXPECT_THAT(bed_.Sql("SELECT DISTINCT of, setting FROM public.commits ORDER BY of"),
              ElementsAre(ElementsAre("batch", "off"), ElementsAre("phase", "on")));
}

TEST_F(EngineTest, NullsStayNull) {
  bed_.MakeCards(10);
  bed_.Sql("UPDATE public.cards SET card = NULL WHERE id % 2 = 0");
  bed_.Rotate();
  Hand hand(bed_, "one");
  ASSERT_OK(hand.Begin());
  EXPECT_EQ(hand.SweepAll(hand.Take()).changed, 5u);
  const CardCounts counts = bed_.Count();
  EXPECT_EQ(counts.nulls, 5u);
  EXPECT_THAT(counts.versions, ElementsAre(Pair(2, 5)));
}

TEST_F(EngineTest, BarrierWaitsForOpenAndPreparedTransactions) {
  bed_.MakeCards(10);
  bed_.Rotate();
  Hand hand(bed_, "one");
  ASSERT_OK(hand.Begin());
  hand.SweepAll(hand.Take());
  ASSERT_TRUE(hand.MoveOn());
  bed_.Sql("BEGIN; UPDATE public.cards SET note = 'x' WHERE id = 1; PREPARE TRANSACTION 'late'");
  auto open = Database::Connect(bed_.conninfo(), "application");
  ASSERT_OK(open);
  ASSERT_OK((*open)->Read([&](rotation::Transaction& transaction) {
    transaction.Run("SELECT 1");
    EXPECT_OK(hand.checkpoints().NoteOpenTransactions(hand.State()));
    EXPECT_EQ(*hand.checkpoints().CountAwaited(), 2u);
    return absl::OkStatus();
  }));
  EXPECT_EQ(*hand.checkpoints().CountAwaited(), 1u);
  bed_.Sql("COMMIT PREPARED 'late'");
  EXPECT_EQ(*hand.checkpoints().CountAwaited(), 0u);
}

TEST_F(EngineTest, AJobThatIsStartedAgainBeginsAnew) {
  bed_.MakeCards(30);
  bed_.Rotate();
  Hand hand(bed_, "one");
  ASSERT_OK(hand.Begin());
  RangeRunner stale = hand.Runner(hand.Take());
  std::vector<rotation::TablePlan> tables = {bed_.Plan()};
  ASSERT_OK(hand.checkpoints().Begin(RotationBed::kTenant, "2.0", bed_.Target(), tables));
  EXPECT_FALSE(hand.checkpoints().Load(kStarted)->has_value());
  EXPECT_TRUE(hand.checkpoints().Load("2.0")->has_value());
  EXPECT_THAT(stale.Sweep(10), StatusIs(StatusCode::kAborted, Reason::kLeaseExpired));
  ExpectAllUnder(1, 30);
}

TEST_F(EngineTest, AnEarlierStartDoesNotBeginInPlaceOfALaterOne) {
  bed_.MakeCards(30);
  Hand hand(bed_, "one");
  std::vector<rotation::TablePlan> tables = {bed_.Plan()};
  const auto begin = [&](std::string_view started) {
    return hand.checkpoints().Begin(RotationBed::kTenant, started, bed_.Target(), tables);
  };
  ASSERT_OK(begin("10.9"));
  EXPECT_THAT(begin("9.10"), StatusIs(StatusCode::kAborted, Reason::kRotationState));
  EXPECT_THAT(begin("10.8"), StatusIs(StatusCode::kAborted, Reason::kRotationState));
  EXPECT_TRUE(hand.checkpoints().Load("10.9")->has_value());
  ASSERT_OK(begin("10.10"));
  EXPECT_FALSE(hand.checkpoints().Load("10.9")->has_value());
}

}  // namespace
}  // namespace fieldkms::testing
