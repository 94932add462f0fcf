#include "tests/fault/rotation_fixture.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <thread>
#include <utility>

#include "crypto/status.h"
#include "tests/support/seeded_random.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using rotation::ServiceCalls;
using rotation::Worker;
using rotation::WorkerOptions;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::IsEmpty;

// No job here takes more than a few seconds.
constexpr std::chrono::seconds kPatience{90};

template <class Request, class Response>
auto BeforeOne(std::function<absl::StatusOr<Response>(const Request&)> call,
               const std::function<absl::Status()>& before) {
  return [call = std::move(call), before](const Request& request) -> absl::StatusOr<Response> {
    FIELDKMS_RETURN_IF_ERROR(before());
    return call(request);
  };
}

// Few, so that there are many.
constexpr uint32_t kBatchRows = 10;

// A request by the job's name.
template <class Request>
Request Of(const v1::RotationJob& job) {
  Request request;
  request.set_tenant(job.tenant());
  request.set_job_id(job.job_id());
  return request;
}

}  // namespace

uint64_t Rounds() {
  const uint64_t otherwise = std::getenv("FIELDKMS_SOAK") != nullptr ? 100 : 10;
  return NumberFromEnvironment("FIELDKMS_FAULT_ROUNDS", otherwise);
}

ServiceCalls Before(const ServiceCalls& calls, const std::function<absl::Status()>& before) {
  ServiceCalls all;
  all.get_job = BeforeOne(calls.get_job, before);
  all.report_job = BeforeOne(calls.report_job, before);
  all.finish_job = BeforeOne(calls.finish_job, before);
  all.get_write_barrier = BeforeOne(calls.get_write_barrier, before);
  all.rewrap = BeforeOne(calls.rewrap, before);
  all.encrypt = BeforeOne(calls.encrypt, before);
  all.decrypt = BeforeOne(calls.decrypt, before);
  all.protect = BeforeOne(calls.protect, before);
  all.reveal = BeforeOne(calls.reveal, before);
  all.blind_index = BeforeOne(calls.blind_index, before);
  all.get_field = BeforeOne(calls.get_field, before);
  return all;
}

RotationFault::RotationFault(PostgresServer& server) : bed_(server), rotations_(bed_.client()) {
  fmt::print("seed {} (set FIELDKMS_FAULT_SEED to repeat)\n", RunSeed());
}

v1::RotationJob RotationFault::Rotate() {
  bed_.Rotate();
  if (in_memory_) {
    board_ = std::make_unique<JobBoard>(bed_.client(), RotationBed::kTenant, RotationBed::kKey,
                                        bed_.Target());
    board_->Change([](v1::RotationJob* job) {
      job->mutable_spec()->mutable_limits()->set_most_batch_rows(kBatchRows);
    });
    return board_->job();
  }
  return Create(v1::ROTATION_TRANSFORM_REENCRYPT);
}

v1::RotationJob RotationFault::Encrypt() { return Create(v1::ROTATION_TRANSFORM_ENCRYPT); }

v1::RotationJob RotationFault::Create(v1::RotationTransform transform) {
  v1::CreateJobRequest request;
  request.set_tenant(RotationBed::kTenant);
  request.set_start(true);
  v1::RotationSpec* const spec = request.mutable_spec();
  spec->set_data_source("shop");
  spec->set_key(RotationBed::kKey);
  spec->set_transform(transform);
  spec->set_verify_sample(1'000'000);
  spec->mutable_limits()->set_unlimited(true);
  spec->mutable_limits()->set_most_batch_rows(kBatchRows);
  spec->mutable_limits()->set_most_busy_percent(busy_percent_);
  const auto job = rotations_.CreateJob(request);
  EXPECT_OK(job);
  return job.value_or(v1::RotationJob());
}

absl::StatusOr<v1::RotationJob> RotationFault::Get(const v1::RotationJob& job) {
  if (in_memory_) return board_->job();
  return rotations_.GetJob(Of<v1::GetJobRequest>(job));
}

v1::RotationJob RotationFault::StartAgain(const v1::RotationJob& job) {
  if (in_memory_) {
    board_->Change([this](v1::RotationJob* again) {
      again->set_state(v1::ROTATION_STATE_RUNNING);
      again->mutable_start_time()->set_seconds(again->start_time().seconds() + 1);
      again->mutable_target()->set_key_version(bed_.Target().version);
    });
    return board_->job();
  }
  const auto started = rotations_.StartJob(Of<v1::StartJobRequest>(job));
  EXPECT_OK(started);
  return started.value_or(job);
}

absl::Status RotationFault::Cancel(const v1::RotationJob& job) {
  if (in_memory_) {
    board_->SetState(v1::ROTATION_STATE_CANCELLED);
    return absl::OkStatus();
  }
  return rotations_.CancelJob(Of<v1::CancelJobRequest>(job)).status();
}

WorkerOptions RotationFault::Options(const v1::RotationJob& job, const std::string& name) {
  WorkerOptions options;
  options.conninfo = bed_.conninfo();
  options.tenant = job.tenant();
  options.job_id = job.job_id();
  options.name = name;
  options.beat = milliseconds(50);
  return options;
}

ServiceCalls RotationFault::Calls() {
  return in_memory_ ? board_->Calls() : rotation::CallsOf(bed_.client());
}

v1::RotationJob RotationFault::Work(const v1::RotationJob& job,
                                    const std::function<void(int)>& before) {
  ServiceCalls calls = Calls();
  int batch = 0;
  if (before) {
    calls.rewrap = [&, rewrap = calls.rewrap](const v1::BatchRewrapRequest& request) {
      before(++batch);
      return rewrap(request);
    };
  }
  Worker worker(Options(job), calls, nullptr);
  const auto ended = worker.Run();
  EXPECT_OK(ended);
  return ended.value_or(job);
}

std::unique_ptr<Subprocess> RotationFault::StartProbe(const v1::RotationJob& job,
                                                      const std::string& name,
                                                      const std::string& conninfo) {
  const std::string database = conninfo.empty() ? bed_.conninfo() : conninfo;
  return std::make_unique<Subprocess>(
      SubprocessOptions{.argv = {BinaryPath("rotation_probe"), bed_.daemon().target(), job.tenant(),
                                 job.job_id(), name, std::to_string(kLease.count())},
                        .env = {{"FIELDKMS_PROBE_CONNINFO", database}},
                        .stdout_path = "/dev/null"});
}

v1::RotationJob RotationFault::AwaitEnd(const v1::RotationJob& job) {
  const auto give_up = steady_clock::now() + kPatience;
  v1::RotationJob last = job;
  while (!HasEnded(last)) {
    if (steady_clock::now() > give_up) {
      ADD_FAILURE() << "the job does not end: " << v1::RotationState_Name(last.state());
      return last;
    }
    std::this_thread::sleep_for(milliseconds(20));
    const auto now = Get(job);
    // A channel to a service that was killed takes a while to try again.
    EXPECT_TRUE(now.ok() || absl::IsUnavailable(now.status())) << now.status();
    if (now.ok()) last = *now;
  }
  return last;
}

void RotationFault::AwaitEnd(Subprocess& probe) {
  const auto end = probe.WaitFor(kPatience);
  ASSERT_TRUE(end.has_value()) << "the worker does not end";
  EXPECT_EQ(*end, (ExitStatus{0, 0}));
}

void RotationFault::ExpectKept(uint32_t version) {
  const CardCounts counts = bed_.Count();
  EXPECT_EQ(counts.unreadable, 0u);
  EXPECT_EQ(counts.wrong, 0u);
  EXPECT_EQ(counts.missing, 0u);
  EXPECT_EQ(counts.unexpected, 0u);
  EXPECT_EQ(counts.nulls, 0u);
  EXPECT_GT(counts.rows, 0u);
  ASSERT_FALSE(counts.versions.empty());
  EXPECT_GE(counts.versions.begin()->first, version) << "rows were left behind";
  EXPECT_EQ(One("SELECT count(*) FROM kms.rotation_quarantine"), "0");
}

void RotationFault::ExpectInStep() {
  const CardCounts counts = bed_.Count("card_protected");
  EXPECT_EQ(counts.unreadable + counts.wrong + counts.missing + counts.unexpected + counts.nulls,
            0u);
  EXPECT_EQ(One("SELECT count(*) FROM public.cards WHERE card IS NULL"), "0");
  EXPECT_EQ(One("SELECT count(*) FROM kms.rotation_quarantine"), "0");
}

void RotationFault::ExpectDone(const v1::RotationJob& job) {
  EXPECT_EQ(job.state(), v1::ROTATION_STATE_DONE) << job.error();
  EXPECT_EQ(job.outcome().counts().quarantined(), 0u);
  EXPECT_GT(job.outcome().counts().opened(), 0u);
  // What the database counts in the transactions that write is what the job says.
  EXPECT_EQ(
      One("SELECT sum(changed) FROM kms.rotation_ranges WHERE job_id = '" + job.job_id() + "'"),
      std::to_string(job.outcome().counts().changed()));
  ExpectKept(job.target().key_version());
}

void RotationFault::ExpectDone(const v1::RotationJob& job, Application& application) {
  ExpectDone(job);
  EXPECT_THAT(application.Complaints(), IsEmpty());
}

}  // namespace fieldkms::testing
