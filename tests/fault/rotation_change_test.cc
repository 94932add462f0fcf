// What people do while a rotation is under way: they rotate the key again, disable a version,
// cancel the job, start it again, and change the table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "crypto/status.h"
#include "tests/fault/rotation_fixture.h"
#include "tests/support/seeded_random.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using rotation::Worker;
using rotation::WorkerOptions;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint64_t kRows = 400;

class RotationChange : public RotationFault {
 protected:
  RotationChange() { KeepJobsInMemory(); }

  template <class Request>
  static Request OfVersion(uint32_t version) {
    Request request;
    request.set_tenant(RotationBed::kTenant);
    request.set_name(RotationBed::kKey);
    request.set_version(version);
    return request;
  }
  void Disable(uint32_t version) {
    const auto request = OfVersion<v1::DisableKeyVersionRequest>(version);
    EXPECT_OK(bed().client().DisableKeyVersion(request));
  }
  void Enable(uint32_t version) {
    const auto request = OfVersion<v1::EnableKeyVersionRequest>(version);
    EXPECT_OK(bed().client().EnableKeyVersion(request));
  }
  // The job fails when version 1 is disabled before batch `at`, and ends when it is enabled again.
  void ExpectFailsWhileDisabled(int at) {
    const v1::RotationJob job = Rotate();
    const v1::RotationJob failed = Work(job, [&](int batch) {
      if (batch == at) Disable(1);
    });
    EXPECT_EQ(failed.state(), v1::ROTATION_STATE_FAILED);
    EXPECT_THAT(failed.error(), HasSubstr("not enabled"));
    EXPECT_EQ(One("SELECT count(*) FROM kms.rotation_quarantine"), "0");
    Enable(1);
    ExpectKept(1);
    ExpectDone(Work(StartAgain(failed)));
  }
};

TEST_F(RotationChange, TheKeyIsRotatedAgainAndAgain) {
  bed().MakeCards(kRows);
  Application application(bed(), kRows, RunSeed());
  application.Start();
  const v1::RotationJob job = Work(Rotate(), [&](int batch) {
    if (batch < 4) bed().Rotate();
  });
  application.Stop();
  EXPECT_EQ(job.target().key_version(), 2u);
  ExpectDone(job, application);
  EXPECT_GE(bed().Count().versions.size(), 3u);
  ExpectDone(Work(Rotate()), application);
  EXPECT_EQ(bed().Count().versions.size(), 1u);
}

TEST_F(RotationChange, AVersionIsDisabledBeforeManyRows) {
  bed().MakeCards(kRows);
  ExpectFailsWhileDisabled(3);
}

// So few rows are left that they might be taken for damaged.
TEST_F(RotationChange, AVersionIsDisabledBeforeAFewRows) {
  bed().MakeCards(kRows);
  bed().Sql("DELETE FROM public.cards WHERE id > 85");
  for (int64_t id = 86; id <= static_cast<int64_t>(kRows); ++id) bed().Forget(id);
  ExpectFailsWhileDisabled(2);
}

TEST_F(RotationChange, CancelledAtAnyCallNoRowIsUnreadable) {
  bed().MakeCards(kRows);
  bool cancelled = true;
  int at = 0;
  while (cancelled && !HasFailure()) {
    SCOPED_TRACE("cancelled at call " + std::to_string(++at));
    const v1::RotationJob job = Rotate();
    int call = 0;
    cancelled = false;
    const rotation::ServiceCalls calls = Before(Calls(), [&] {
      if (++call == at) cancelled = Cancel(job).ok();
      return absl::OkStatus();
    });
    WorkerOptions options = Options(job);
    options.beat = milliseconds(0);
    const auto ended = Worker(options, calls, nullptr).Run();
    ASSERT_OK(ended);
    EXPECT_EQ(ended->state(), cancelled ? v1::ROTATION_STATE_CANCELLED : v1::ROTATION_STATE_DONE);
    ExpectKept(1);
  }
  EXPECT_GT(at, 10);
}

using RotationStart = RotationFault;

// A worker that has not heard that the job failed and was started again, for a later version:
// neither does it take it back to where it was, nor end it.
TEST_F(RotationStart, AWorkerOfAnEarlierOneStepsBack) {
  bed().MakeCards(kRows);
  const v1::RotationJob job = Rotate();
  v1::RotationJob again;
  int batch = 0;
  rotation::ServiceCalls calls = Calls();
  calls.rewrap = [&, rewrap = calls.rewrap](const v1::BatchRewrapRequest& request) {
    if (++batch == 2) {
      v1::FinishJobRequest failure;
      failure.set_tenant(job.tenant());
      failure.set_job_id(job.job_id());
      failure.set_error("another worker gave up");
      EXPECT_OK(rotations().FinishJob(failure));
      bed().Rotate();
      again = Work(StartAgain(job));
    }
    return rewrap(request);
  };
  WorkerOptions options = Options(job, "stale");
  options.beat = std::chrono::hours(1);  // it hears of nothing by itself
  const auto ended = Worker(options, calls, nullptr).Run();
  ASSERT_OK(ended);
  EXPECT_EQ(ended->target().key_version(), 3u);
  EXPECT_EQ(again.target().key_version(), 3u);
  ExpectDone(again);
}

// What is wrong with what it began is not wrong with what others began since.
TEST_F(RotationStart, AWorkerOfAnEarlierOneDoesNotFailIt) {
  bed().MakeCards(kRows);
  const v1::RotationJob job = Rotate();
  int batch = 0;
  rotation::ServiceCalls calls = Calls();
  calls.rewrap =
      [&, rewrap = calls.rewrap](
          const v1::BatchRewrapRequest& request) -> absl::StatusOr<v1::BatchRewrapResponse> {
    if (++batch != 2) return rewrap(request);
    v1::FinishJobRequest failure;
    failure.set_tenant(job.tenant());
    failure.set_job_id(job.job_id());
    failure.set_error("another worker gave up");
    EXPECT_OK(rotations().FinishJob(failure));
    StartAgain(job);
    return Error(absl::StatusCode::kPermissionDenied, Reason::kPermissionDenied, "not any more");
  };
  WorkerOptions options = Options(job, "stale");
  options.beat = std::chrono::hours(1);
  const auto ended = Worker(options, calls, nullptr).Run();
  ASSERT_OK(ended);
  ExpectDone(*ended);
}

struct SchemaChange {
  const char* name;
  const char* change;
  const char* mend;
  const char* error;
};

class RotationSchemaChange : public RotationChange,
                             public ::testing::WithParamInterface<SchemaChange> {};

TEST_P(RotationSchemaChange, FailsTheJobUntilItIsMended) {
  bed().MakeCards(kRows);
  const v1::RotationJob failed = Work(Rotate(), [&](int batch) {
    if (batch == 3) bed().Sql(GetParam().change);
  });
  EXPECT_EQ(failed.state(), v1::ROTATION_STATE_FAILED);
  EXPECT_THAT(failed.error(), HasSubstr(GetParam().error));
  bed().Sql(GetParam().mend);
  ExpectKept(1);
  const v1::RotationJob done = Work(StartAgain(failed));
  ExpectDone(done);
  // What was done before stays done.
  EXPECT_LT(done.outcome().counts().changed(), kRows);
}

INSTANTIATE_TEST_SUITE_P(
    Changes, RotationSchemaChange,
    ::testing::Values(
        SchemaChange{"ColumnRenamed", "ALTER TABLE public.cards RENAME card TO number",
                     "ALTER TABLE public.cards RENAME number TO card",
                     "a table or column is not what it was"},
        SchemaChange{"ColumnRetyped",
                     "ALTER TABLE public.cards ALTER card TYPE text USING encode(card, 'hex')",
                     "ALTER TABLE public.cards ALTER card TYPE bytea USING decode(card, 'hex')",
                     "a table or column is not what it was"},
        SchemaChange{"ColumnDropped",
                     "ALTER TABLE public.cards ADD kept bytea; UPDATE public.cards SET kept = card;"
                     "ALTER TABLE public.cards DROP card",
                     "ALTER TABLE public.cards RENAME kept TO card; UPDATE kms.protected_columns "
                     "SET attribute_number = (SELECT attnum FROM pg_attribute WHERE attname = "
                     "'card' AND attrelid = 'public.cards'::regclass)",
                     "a table or column is not what it was"},
        SchemaChange{"KeyRenamed", "ALTER TABLE public.cards RENAME id TO number",
                     "ALTER TABLE public.cards RENAME number TO id",
                     "a table or column is not what it was"},
        SchemaChange{"KeyRetyped", "ALTER TABLE public.cards ALTER id TYPE text",
                     "ALTER TABLE public.cards ALTER id TYPE bigint USING id::bigint",
                     "a table or column is not what it was"},
        SchemaChange{"TableRenamed", "ALTER TABLE public.cards RENAME TO numbers",
                     "ALTER TABLE public.numbers RENAME TO cards",
                     "a table or column is not what it was"},
        SchemaChange{"TriggerThatChangesWhatIsWritten",
                     "CREATE FUNCTION public.spoil() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN "
                     "NEW.card := NEW.card || '\\x00'; RETURN NEW; END$$;"
                     "CREATE TRIGGER spoil BEFORE UPDATE ON public.cards FOR EACH ROW "
                     "EXECUTE FUNCTION public.spoil()",
                     "DROP FUNCTION public.spoil CASCADE", "a trigger, a rule"},
        SchemaChange{"ConstraintThatRefuses",
                     "ALTER TABLE public.cards ADD CONSTRAINT refuse CHECK (id = 0) NOT VALID",
                     "ALTER TABLE public.cards DROP CONSTRAINT refuse",
                     "a constraint or a trigger refused"}),
    [](const auto& change) { return std::string(change.param.name); });

// The table may be renamed for good: the registry follows it.
TEST_F(RotationChange, WhatWasRenamedIsFoundByANewStart) {
  bed().MakeCards(kRows);
  const v1::RotationJob failed = Work(Rotate(), [&](int batch) {
    if (batch != 2) return;
    bed().Sql("ALTER TABLE public.cards RENAME card TO number");
    bed().Sql("ALTER TABLE public.cards RENAME TO numbers");
  });
  EXPECT_EQ(failed.state(), v1::ROTATION_STATE_FAILED);
  const v1::RotationJob done = Work(StartAgain(failed));
  EXPECT_EQ(done.state(), v1::ROTATION_STATE_DONE) << done.error();
  bed().Sql("ALTER TABLE public.numbers RENAME TO cards");
  bed().Sql("ALTER TABLE public.cards RENAME number TO card");
  ExpectDone(done);
}

TEST_F(RotationChange, WhatDoesNotConcernItDoesNotStopIt) {
  bed().MakeCards(kRows);
  const v1::RotationJob job = Work(Rotate(), [&](int batch) {
    switch (batch) {
      case 1:
        return (void)bed().Sql("ALTER TABLE public.cards ADD more text DEFAULT 'more'");
      case 2:
        return (void)bed().Sql("CREATE INDEX ON public.cards (note)");
      case 3:
        return (void)bed().Sql("ALTER TABLE public.cards DROP note");
      case 4:
        return (void)bed().Sql("VACUUM FULL public.cards");
    }
  });
  EXPECT_EQ(job.outcome().counts().changed(), kRows);
  ExpectDone(job);
}

}  // namespace
}  // namespace fieldkms::testing
