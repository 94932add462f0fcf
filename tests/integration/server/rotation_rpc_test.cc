// Rotation jobs through a real daemon: their life, who may do what, what is refused, watching and
// the write barrier.
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "clients/cpp/rotation_client.h"
#include "tests/integration/server/server_fixture.h"
#include "tests/support/status_matchers.h"

namespace fieldkms::testing {
namespace {

using absl::StatusCode;

class RotationRpcTest : public ServerTest {
 protected:
  void SetUp() override {
    StartDev();
    ConnectClient();
    CreateTenant("acme");
    CreateKey("acme", "card");
  }
  void ConnectClient() {
    auto client = Client::Create({.target = daemon_->target(), .max_attempts = 1});
    ASSERT_OK(client);
    client_ = *std::move(client);
  }
  RotationClient jobs() { return RotationClient(*client_); }

  static v1::CreateJobRequest Wanted(bool start = true, const std::string& source = "shop") {
    v1::CreateJobRequest request;
    request.set_tenant("acme");
    request.mutable_spec()->set_data_source(source);
    request.mutable_spec()->set_key("card");
    request.set_start(start);
    return request;
  }
  v1::RotationJob Created(const v1::CreateJobRequest& request) {
    const auto job = jobs().CreateJob(request);
    EXPECT_OK(job);
    return job.ok() ? *job : v1::RotationJob();
  }
  template <class Request>
  static Request Of(const std::string& id) {
    Request request;
    request.set_tenant("acme");
    request.set_job_id(id);
    return request;
  }
  static v1::ReportJobRequest Report(const std::string& id, uint64_t rows) {
    auto request = Of<v1::ReportJobRequest>(id);
    request.mutable_worker()->set_worker("worker-1");
    request.mutable_progress()->set_phase(v1::ROTATION_PHASE_SWEEP);
    request.mutable_progress()->set_pass(1);
    request.mutable_progress()->mutable_counts()->set_seen(rows);
    return request;
  }
  v1::GetWriteBarrierResponse Barrier(const std::string& id) {
    const auto barrier = jobs().GetWriteBarrier(Of<v1::GetWriteBarrierRequest>(id));
    EXPECT_OK(barrier);
    return barrier.ok() ? *barrier : v1::GetWriteBarrierResponse();
  }
  // Asks until it is passed; the test's own time-out is the limit.
  void AwaitBarrier(const std::string& id) {
    while (!Barrier(id).passed()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  std::vector<nlohmann::json> AuditOf(const std::string& method) const {
    std::vector<nlohmann::json> lines;
    for (const nlohmann::json& line : AuditLines()) {
      if (line.value("method", "") == "RotationService." + method) lines.push_back(line);
    }
    return lines;
  }

  std::unique_ptr<Client> client_;
};

TEST_F(RotationRpcTest, TheLifeOfAJob) {
  ASSERT_EQ(Verdict(RotateKey("acme", "card")), "OK");
  const v1::RotationJob made = Created(Wanted(/*start=*/false));
  const std::string& id = made.job_id();
  EXPECT_EQ(made.state(), v1::ROTATION_STATE_PLANNED);
  EXPECT_EQ(made.tenant(), "acme");
  EXPECT_EQ(made.spec().transform(), v1::ROTATION_TRANSFORM_REENCRYPT);
  EXPECT_FALSE(made.has_target());
  ASSERT_OK_AND_ASSIGN(const v1::RotationJob started, jobs().StartJob(Of<v1::StartJobRequest>(id)));
  EXPECT_EQ(started.state(), v1::ROTATION_STATE_RUNNING);
  EXPECT_EQ(started.target().source_key(), "card");
  EXPECT_EQ(started.target().key_id(), GetKey("card").key_id());
  EXPECT_EQ(started.target().key_version(), 2u);
  EXPECT_TRUE(started.has_start_time());
  EXPECT_NE(started.etag(), made.etag());

  ASSERT_OK_AND_ASSIGN(const v1::RotationJob reported, jobs().ReportJob(Report(id, 10)));
  EXPECT_EQ(reported.progress().counts().seen(), 10u);
  EXPECT_EQ(reported.progress().workers(0).worker(), "worker-1");
  EXPECT_EQ(reported.etag(), started.etag());
  ASSERT_OK_AND_ASSIGN(const v1::RotationJob behind, jobs().ReportJob(Report(id, 9)));
  EXPECT_EQ(behind.progress().counts().seen(), 10u);

  ASSERT_OK(jobs().PauseJob(Of<v1::PauseJobRequest>(id)));
  ASSERT_OK_AND_ASSIGN(const v1::RotationJob paused, jobs().ReportJob(Report(id, 11)));
  EXPECT_EQ(paused.state(), v1::ROTATION_STATE_PAUSED);
  EXPECT_EQ(paused.progress().counts().seen(), 10u);
  EXPECT_EQ(paused.progress().workers_size(), 1);
  ASSERT_OK(jobs().ResumeJob(Of<v1::ResumeJobRequest>(id)));

  auto finish = Of<v1::FinishJobRequest>(id);
  finish.mutable_outcome()->mutable_counts()->set_changed(10);
  finish.mutable_outcome()->set_passes(2);
  EXPECT_THAT(jobs().FinishJob(finish),
              StatusIs(StatusCode::kFailedPrecondition, Reason::kRotationState));
  AwaitBarrier(id);
  ASSERT_OK_AND_ASSIGN(const v1::RotationJob done, jobs().FinishJob(finish));
  EXPECT_EQ(done.state(), v1::ROTATION_STATE_DONE);
  EXPECT_EQ(done.outcome().counts().changed(), 10u);
  EXPECT_TRUE(done.outcome().has_barrier_time());
  EXPECT_EQ(done.outcome().retire_after().seconds(),
            done.outcome().verify_time().seconds() + 35 * 86'400);
  EXPECT_OK(jobs().FinishJob(finish));
  EXPECT_THAT(jobs().CancelJob(Of<v1::CancelJobRequest>(id)), StatusIs(Reason::kRotationState));
}

TEST_F(RotationRpcTest, AReportOfAnEarlierStartIsNotKept) {
  const v1::RotationJob first = Created(Wanted());
  const std::string& id = first.job_id();
  auto finish = Of<v1::FinishJobRequest>(id);
  finish.set_error("the table is gone");
  ASSERT_OK(jobs().FinishJob(finish));
  ASSERT_OK_AND_ASSIGN(const v1::RotationJob second, jobs().StartJob(Of<v1::StartJobRequest>(id)));
  v1::ReportJobRequest report = Report(id, 10);
  *report.mutable_start_time() = first.start_time();
  ASSERT_OK_AND_ASSIGN(const v1::RotationJob told, jobs().ReportJob(report));
  EXPECT_EQ(told.SerializeAsString(), second.SerializeAsString());
  *report.mutable_start_time() = second.start_time();
  ASSERT_OK_AND_ASSIGN(const v1::RotationJob kept, jobs().ReportJob(report));
  EXPECT_EQ(kept.progress().counts().seen(), 10u);
}

TEST_F(RotationRpcTest, AJobIsMadeOnceAndThereAfterAStart) {
  v1::CreateJobRequest request = Wanted();
  request.set_request_id("once-only");
  const v1::RotationJob made = Created(request);
  EXPECT_EQ(Created(request).SerializeAsString(), made.SerializeAsString());
  request.mutable_spec()->set_verify_sample(7);
  EXPECT_THAT(jobs().CreateJob(request),
              StatusIs(StatusCode::kFailedPrecondition, Reason::kRequestIdReused));
  daemon_->Kill();
  ASSERT_OK(daemon_->Start());
  ConnectClient();
  ASSERT_OK_AND_ASSIGN(const v1::RotationJob read,
                       jobs().GetJob(Of<v1::GetJobRequest>(made.job_id())));
  EXPECT_EQ(read.SerializeAsString(), made.SerializeAsString());
}

TEST_F(RotationRpcTest, BadInputNamesItsField) {
  const auto field = [](const auto& answer) {
    EXPECT_THAT(answer, StatusIs(StatusCode::kInvalidArgument, Reason::kInvalidField));
    return FieldOf(answer.status());
  };
  v1::CreateJobRequest request = Wanted();
  request.mutable_spec()->add_tables()->set_schema("public");
  EXPECT_EQ(field(jobs().CreateJob(request)), "spec.tables[0].table");
  request = Wanted();
  request.mutable_spec()->set_transform(static_cast<v1::RotationTransform>(99));
  EXPECT_EQ(field(jobs().CreateJob(request)), "spec.transform");
  request = Wanted();
  request.set_tenant("Acme");
  EXPECT_EQ(field(jobs().CreateJob(request)), "tenant");
  request = Wanted();
  request.set_request_id("short");
  EXPECT_EQ(field(jobs().CreateJob(request)), "request_id");
  EXPECT_EQ(field(jobs().GetJob(Of<v1::GetJobRequest>("not-an-id"))), "job_id");
  const std::string id = Created(Wanted()).job_id();
  auto limits = Of<v1::UpdateJobLimitsRequest>(id);
  limits.mutable_limits()->set_most_batch_rows(99'999);
  EXPECT_EQ(field(jobs().UpdateJobLimits(limits)), "limits.most_batch_rows");
  limits.mutable_limits()->set_most_batch_rows(9);
  limits.set_etag("x");
  EXPECT_EQ(field(jobs().UpdateJobLimits(limits)), "etag");
  auto report = Report(id, 1);
  report.clear_worker();
  EXPECT_EQ(field(jobs().ReportJob(report)), "worker.worker");
  auto watch = Of<v1::WatchJobRequest>(id);
  watch.mutable_wait()->set_seconds(31);
  EXPECT_EQ(field(jobs().WatchJob(watch)), "wait");
  watch.clear_wait();
  watch.set_seen("x");
  EXPECT_EQ(field(jobs().WatchJob(watch)), "seen");
  v1::ListJobsRequest list;
  list.set_tenant("acme");
  list.set_data_source("!");
  EXPECT_EQ(field(jobs().ListJobs(list)), "data_source");
  list.clear_data_source();
  list.set_page_token("1.00000000000000000000000000000000");
  EXPECT_EQ(field(jobs().ListJobs(list)), "page_token");

  request = Wanted();
  request.mutable_spec()->set_key("none");
  EXPECT_THAT(jobs().CreateJob(request), StatusIs(StatusCode::kNotFound, Reason::kKeyNotFound));
  EXPECT_THAT(jobs().GetJob(Of<v1::GetJobRequest>(std::string(32, '0'))),
              StatusIs(StatusCode::kNotFound, Reason::kRotationNotFound));
  list.set_tenant("nobody");
  list.clear_page_token();
  EXPECT_THAT(jobs().ListJobs(list), StatusIs(StatusCode::kNotFound, Reason::kTenantNotFound));
}

TEST_F(RotationRpcTest, LimitsChangeWithTheEtagTheyWereReadWith) {
  const v1::RotationJob job = Created(Wanted());
  auto request = Of<v1::UpdateJobLimitsRequest>(job.job_id());
  request.mutable_limits()->set_most_batch_rows(9);
  request.set_etag(job.etag());
  ASSERT_OK_AND_ASSIGN(const v1::RotationJob changed, jobs().UpdateJobLimits(request));
  EXPECT_EQ(changed.spec().limits().most_batch_rows(), 9u);
  EXPECT_THAT(jobs().UpdateJobLimits(request),
              StatusIs(StatusCode::kAborted, Reason::kEtagMismatch));
}

TEST_F(RotationRpcTest, ListsAreInPagesNewestFirst) {
  std::vector<std::string> made;
  for (int i = 0; i < 5; ++i) {
    made.insert(made.begin(), Created(Wanted(true, i == 1 ? "other" : "shop")).job_id());
  }
  ASSERT_OK(jobs().CancelJob(Of<v1::CancelJobRequest>(made[0])));
  v1::ListJobsRequest request;
  request.set_tenant("acme");
  const auto all = [&] {
    std::vector<std::string> ids;
    request.clear_page_token();
    do {
      const auto page = jobs().ListJobs(request);
      EXPECT_OK(page);
      if (!page.ok()) break;
      for (const v1::RotationJob& job : page->jobs()) ids.push_back(job.job_id());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return ids;
  };
  for (const int size : {1, 2, 5, 0}) {
    request.set_page_size(size);
    EXPECT_EQ(all(), made);
  }
  request.set_open_only(true);
  EXPECT_EQ(all(), std::vector<std::string>(made.begin() + 1, made.end()));
  request.set_data_source("other");
  EXPECT_EQ(all(), std::vector<std::string>{made[3]});
}

// Whatever jobs are in it, a page fits into an answer.
TEST_F(RotationRpcTest, LargeJobsMakeShortPages) {
  v1::CreateJobRequest request = Wanted();
  for (int i = 0; i < 900; ++i) {
    v1::RotationTable* const table = request.mutable_spec()->add_tables();
    table->set_schema(std::string(60, 's'));
    table->set_table(std::string(60, 't') + std::to_string(i));
  }
  for (int i = 0; i < 21; ++i) Created(request);
  v1::ListJobsRequest list;
  list.set_tenant("acme");
  int seen = 0;
  do {
    ASSERT_OK_AND_ASSIGN(const v1::ListJobsResponse page, jobs().ListJobs(list));
    EXPECT_LE(page.ByteSizeLong(), 2u << 20);
    ASSERT_GT(page.jobs_size(), 0);
    seen += page.jobs_size();
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  EXPECT_EQ(seen, 21);
}

TEST_F(RotationRpcTest, AWatchHearsOfEachChange) {
  const std::string id = Created(Wanted()).job_id();
  std::promise<void> began;
  std::vector<std::string> seen;
  auto watch = std::async(std::launch::async, [&] {
    return jobs().WatchJob(Of<v1::WatchJobRequest>(id), [&](const v1::RotationJob& job) {
      seen.push_back(v1::RotationState_Name(job.state()) + " " +
                     std::to_string(job.progress().counts().seen()));
      if (seen.size() == 1) began.set_value();
      return true;
    });
  });
  began.get_future().wait();
  ASSERT_OK(jobs().ReportJob(Report(id, 10)));
  ASSERT_OK(jobs().CancelJob(Of<v1::CancelJobRequest>(id)));
  EXPECT_OK(watch.get());
  EXPECT_EQ(seen.front(), "ROTATION_STATE_RUNNING 0");
  EXPECT_EQ(seen.back(), "ROTATION_STATE_CANCELLED 10");
}

TEST_F(RotationRpcTest, AWatchEndsWithItsTime) {
  const std::string id = Created(Wanted()).job_id();
  auto request = Of<v1::WatchJobRequest>(id);
  ASSERT_OK_AND_ASSIGN(const v1::WatchJobResponse first, jobs().WatchJob(request));
  request.set_seen(first.seen());
  request.mutable_wait()->set_nanos(50'000'000);
  ASSERT_OK_AND_ASSIGN(const v1::WatchJobResponse same, jobs().WatchJob(request));
  EXPECT_EQ(same.seen(), first.seen());
  EXPECT_EQ(same.job().SerializeAsString(), first.job().SerializeAsString());
}

// It holds up neither other calls nor the daemon's end.
TEST_F(RotationRpcTest, WatchesHoldNoThreadAndNoShutdown) {
  const std::string id = Created(Wanted()).job_id();
  auto request = Of<v1::WatchJobRequest>(id);
  ASSERT_OK_AND_ASSIGN(const v1::WatchJobResponse first, jobs().WatchJob(request));
  request.set_seen(first.seen());
  std::vector<std::future<absl::Status>> watches;
  for (int i = 0; i < 20; ++i) {  // more than there are threads
    watches.push_back(
        std::async(std::launch::async, [&] { return jobs().WatchJob(request).status(); }));
  }
  for (int i = 0; i < 5; ++i) {
    ASSERT_OK(jobs().GetJob(Of<v1::GetJobRequest>(id)));
    EXPECT_EQ(EncryptVerdict("card"), "OK");
  }
  EXPECT_EQ(daemon_->Terminate(std::chrono::seconds(20)).code, 0);
  for (auto& watch : watches) {
    const absl::Status ended = watch.get();
    EXPECT_TRUE(ended.ok() || absl::IsUnavailable(ended)) << ended;
  }
}

TEST_F(RotationRpcTest, FewMayWatch) {
  const std::string id = Created(Wanted()).job_id();
  auto request = Of<v1::WatchJobRequest>(id);
  ASSERT_OK_AND_ASSIGN(const v1::WatchJobResponse first, jobs().WatchJob(request));
  request.set_seen(first.seen());
  std::vector<std::future<absl::Status>> watches;
  for (int i = 0; i < 65; ++i) {
    watches.push_back(
        std::async(std::launch::async, [&] { return jobs().WatchJob(request).status(); }));
  }
  // One of them is turned away, and until then nobody is answered.
  const auto is_overloaded = [](std::future<absl::Status>& watch) {
    return watch.wait_for(std::chrono::milliseconds(0)) == std::future_status::ready;
  };
  while (std::none_of(watches.begin(), watches.end(), is_overloaded)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  ASSERT_OK(jobs().CancelJob(Of<v1::CancelJobRequest>(id)));
  int refused = 0;
  for (auto& watch : watches) {
    const absl::Status ended = watch.get();
    if (ended.ok()) continue;
    ++refused;
    EXPECT_THAT(ended, StatusIs(StatusCode::kResourceExhausted, Reason::kOverloaded));
  }
  EXPECT_EQ(refused, 1);
}

TEST_F(RotationRpcTest, TheBarrierWaitsForALease) {
  v1::CreateKeyRequest key;
  v1::CreateKeyResponse made;
  key.set_tenant("acme");
  key.set_name("leased");
  key.mutable_lease()->mutable_longest()->set_seconds(300);
  key.mutable_lease()->set_most_messages(10);
  ASSERT_EQ(OfKeys(&v1::KeyService::Stub::CreateKey, key, &made), "OK");
  v1::AcquireLeaseRequest acquire;
  acquire.set_tenant("acme");
  acquire.set_key("leased");
  acquire.set_use(v1::LEASE_USE_ENCRYPT_AND_DECRYPT);
  ASSERT_OK_AND_ASSIGN(const v1::AcquireLeaseResponse lease, client_->AcquireLease(acquire));
  ASSERT_EQ(Verdict(RotateKey("acme", "leased")), "OK");
  v1::CreateJobRequest request = Wanted();
  request.mutable_spec()->set_key("leased");
  const std::string id = Created(request).job_id();
  const v1::GetWriteBarrierResponse waits = Barrier(id);
  EXPECT_FALSE(waits.passed());
  EXPECT_EQ(waits.last_lease_end().seconds(), lease.lease().expire_time().seconds());
  EXPECT_GE(waits.passed_by().seconds(), waits.last_lease_end().seconds());
  v1::EndLeaseRequest end;
  end.set_tenant("acme");
  end.set_lease_id(lease.lease().lease_id());
  ASSERT_OK(client_->EndLease(end));
  AwaitBarrier(id);
  EXPECT_FALSE(Barrier(id).has_last_lease_end());
}

TEST_F(RotationRpcTest, TheTrailNamesTheJobAndItsKey) {
  const std::string id = Created(Wanted()).job_id();
  ASSERT_OK(jobs().PauseJob(Of<v1::PauseJobRequest>(id)));
  ASSERT_OK(jobs().ReportJob(Report(id, 1)));
  const auto created = AuditOf("CreateJob");
  ASSERT_EQ(created.size(), 2u);
  EXPECT_EQ(created[0]["kind"], "intent");
  EXPECT_EQ(created[0]["key"], "card");
  EXPECT_EQ(created[1]["kind"], "outcome");
  EXPECT_EQ(created[1]["job"], id);
  EXPECT_EQ(created[1]["key"], "card");
  const auto paused = AuditOf("PauseJob");
  ASSERT_EQ(paused.size(), 2u);
  EXPECT_EQ(paused[0]["job"], id);
  EXPECT_EQ(paused[1]["key"], "card");
  // A beat decides nothing.
  const auto reported = AuditOf("ReportJob");
  ASSERT_EQ(reported.size(), 1u);
  EXPECT_EQ(reported[0]["kind"], "outcome");
}

TEST_F(RotationRpcTest, SchedulesComeAndGo) {
  v1::CreateScheduleRequest request;
  request.set_tenant("acme");
  *request.mutable_schedule()->mutable_spec() = Wanted().spec();
  request.mutable_schedule()->set_cron("0 3 * * sun");
  request.mutable_schedule()->mutable_within()->set_seconds(86'400);
  request.set_request_id("schedule-once");
  ASSERT_OK_AND_ASSIGN(const v1::RotationSchedule made, jobs().CreateSchedule(request));
  EXPECT_EQ(made.tenant(), "acme");
  EXPECT_EQ(made.spec().verify_sample(), 1'000u);
  EXPECT_EQ(made.cron(), "0 3 * * sun");
  EXPECT_EQ(made.within().seconds(), 86'400);
  EXPECT_FALSE(made.has_rotate_after());
  EXPECT_EQ(made.next_run().seconds() % 86'400, 3 * 3'600);
  ASSERT_OK_AND_ASSIGN(const v1::RotationSchedule again, jobs().CreateSchedule(request));
  EXPECT_EQ(again.SerializeAsString(), made.SerializeAsString());

  v1::SuspendScheduleRequest suspend;
  suspend.set_tenant("acme");
  suspend.set_schedule_id(made.schedule_id());
  suspend.set_suspended(true);
  ASSERT_OK_AND_ASSIGN(const v1::RotationSchedule suspended, jobs().SuspendSchedule(suspend));
  EXPECT_TRUE(suspended.suspended());
  EXPECT_FALSE(suspended.has_next_run());
  EXPECT_NE(suspended.etag(), made.etag());
  v1::ListSchedulesRequest list;
  list.set_tenant("acme");
  ASSERT_OK_AND_ASSIGN(const v1::ListSchedulesResponse all, jobs().ListSchedules(list));
  ASSERT_EQ(all.schedules_size(), 1);
  EXPECT_EQ(all.schedules(0).SerializeAsString(), suspended.SerializeAsString());

  v1::DeleteScheduleRequest remove;
  remove.set_tenant("acme");
  remove.set_schedule_id(made.schedule_id());
  ASSERT_OK(jobs().DeleteSchedule(remove));
  EXPECT_THAT(jobs().DeleteSchedule(remove),
              StatusIs(StatusCode::kNotFound, Reason::kScheduleNotFound));
  EXPECT_THAT(jobs().SuspendSchedule(suspend), StatusIs(Reason::kScheduleNotFound));
  const auto created = AuditOf("CreateSchedule");
  ASSERT_EQ(created.size(), 4u);
  EXPECT_EQ(created[1]["job"], made.schedule_id());
  EXPECT_EQ(created[1]["key"], "card");
}

TEST_F(RotationRpcTest, SchedulesAreInPages) {
  v1::CreateScheduleRequest request;
  request.set_tenant("acme");
  *request.mutable_schedule()->mutable_spec() = Wanted().spec();
  for (int i = 0; i < 5; ++i) ASSERT_OK(jobs().CreateSchedule(request));
  v1::ListSchedulesRequest list;
  list.set_tenant("acme");
  list.set_page_size(2);
  std::vector<std::string> ids;
  do {
    ASSERT_OK_AND_ASSIGN(const v1::ListSchedulesResponse page, jobs().ListSchedules(list));
    for (const v1::RotationSchedule& schedule : page.schedules()) {
      ids.push_back(schedule.schedule_id());
    }
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  EXPECT_EQ(ids.size(), 5u);
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
}

TEST_F(RotationRpcTest, BadSchedulesNameTheirField) {
  v1::CreateScheduleRequest request;
  request.set_tenant("acme");
  *request.mutable_schedule()->mutable_spec() = Wanted().spec();
  request.mutable_schedule()->set_cron("0 0 30 2 *");
  EXPECT_EQ(FieldOf(jobs().CreateSchedule(request).status()), "schedule.cron");
  v1::SuspendScheduleRequest suspend;
  suspend.set_tenant("acme");
  suspend.set_schedule_id("x");
  EXPECT_EQ(FieldOf(jobs().SuspendSchedule(suspend).status()), "schedule_id");
}

// The daemon's own caretaker finds it.
TEST_F(RotationRpcTest, AScheduleMakesJobs) {
  daemon_->Terminate();
  StartWith(
      "memory: {lock: preferred}\ncaretaker: {pause: 50ms}\naccess:\n  roles:\n    all:\n"
      "      - actions: [rotation.read, rotation.manage]\n        tenants: [acme]\n"
      "  principals:\n    me:\n      users: " +
      std::to_string(getuid()) + "\n      roles: all\n");
  ConnectClient();
  v1::CreateScheduleRequest request;
  request.set_tenant("acme");
  *request.mutable_schedule()->mutable_spec() = Wanted().spec();
  request.mutable_schedule()->set_cron("* * * * *");
  ASSERT_OK_AND_ASSIGN(const v1::RotationSchedule schedule, jobs().CreateSchedule(request));
  v1::ListJobsRequest list;
  list.set_tenant("acme");
  v1::ListJobsResponse made;
  while (made.jobs_size() == 0) {  // within a minute
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    ASSERT_OK_AND_ASSIGN(made, jobs().ListJobs(list));
  }
  EXPECT_EQ(made.jobs(0).schedule_id(), schedule.schedule_id());
  EXPECT_EQ(made.jobs(0).state(), v1::ROTATION_STATE_RUNNING);
  const auto scheduled = [this] {
    for (const nlohmann::json& line : AuditLines()) {
      if (line.value("method", "") == "Scheduler.CreateJob") return line;
    }
    return nlohmann::json();
  };
  while (scheduled().is_null()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(scheduled()["job"], made.jobs(0).job_id());
  EXPECT_EQ(scheduled()["request_id"], schedule.schedule_id());
  EXPECT_EQ(scheduled()["key"], "card");
}

class RotationRightsTest : public RotationRpcTest {
 protected:
  // The same daemon again, for a caller with these rights.
  void StartAs(const std::string& actions, const std::string& tenants = "[acme]",
               const std::string& more = "") {
    daemon_->Terminate();
    StartWith("memory: {lock: preferred}\naccess:\n  roles:\n    tested:\n      - actions: " +
              actions + "\n        tenants: " + tenants + "\n" + more +
              "  principals:\n    me:\n      users: " + std::to_string(getuid()) +
              "\n      roles: tested\n");
    ConnectClient();
  }
};

TEST_F(RotationRightsTest, EachActionAllowsItsOwn) {
  const std::string id = Created(Wanted()).job_id();
  const auto denied = StatusIs(StatusCode::kPermissionDenied, Reason::kPermissionDenied);
  const auto reads = [&] { return jobs().GetJob(Of<v1::GetJobRequest>(id)); };
  const auto lists = [&] {
    v1::ListJobsRequest request;
    request.set_tenant("acme");
    return jobs().ListJobs(request);
  };
  const auto watches = [&] { return jobs().WatchJob(Of<v1::WatchJobRequest>(id)); };
  const auto creates = [&] { return jobs().CreateJob(Wanted()); };
  const auto starts = [&] { return jobs().StartJob(Of<v1::StartJobRequest>(id)); };
  const auto limits = [&] { return jobs().UpdateJobLimits(Of<v1::UpdateJobLimitsRequest>(id)); };
  const auto reports = [&] { return jobs().ReportJob(Report(id, 1)); };
  const auto barrier = [&] { return jobs().GetWriteBarrier(Of<v1::GetWriteBarrierRequest>(id)); };
  const auto finishes = [&] {
    auto request = Of<v1::FinishJobRequest>(id);
    request.set_error("gave up");
    return jobs().FinishJob(request);
  };

  const auto schedules = [&] {
    v1::CreateScheduleRequest request;
    request.set_tenant("acme");
    *request.mutable_schedule()->mutable_spec() = Wanted().spec();
    return jobs().CreateSchedule(request);
  };
  const auto lists_schedules = [&] {
    v1::ListSchedulesRequest request;
    request.set_tenant("acme");
    return jobs().ListSchedules(request);
  };

  StartAs("[rotation.read]");
  EXPECT_OK(lists_schedules());
  EXPECT_THAT(schedules(), denied);
  EXPECT_OK(reads());
  EXPECT_OK(lists());
  EXPECT_OK(watches());
  EXPECT_THAT(creates(), denied);
  EXPECT_THAT(starts(), denied);
  EXPECT_THAT(limits(), denied);
  EXPECT_THAT(reports(), denied);
  EXPECT_THAT(barrier(), denied);
  EXPECT_THAT(finishes(), denied);

  StartAs("[rotation.manage]");
  EXPECT_OK(schedules());
  EXPECT_THAT(lists_schedules(), denied);
  EXPECT_OK(creates());
  EXPECT_OK(starts());
  EXPECT_OK(limits());
  EXPECT_THAT(reads(), denied);
  EXPECT_THAT(reports(), denied);

  StartAs("[rotation.work]");
  EXPECT_OK(reports());
  EXPECT_OK(barrier());
  EXPECT_OK(finishes());
  EXPECT_THAT(reads(), denied);
  EXPECT_THAT(creates(), denied);

  StartAs("[rotation.read, rotation.manage, rotation.work]", "[other]");
  EXPECT_THAT(reads(), denied);
  EXPECT_THAT(creates(), denied);
  EXPECT_THAT(reports(), denied);
}

TEST_F(RotationRightsTest, ToRotateByAScheduleTakesTheRightToRotate) {
  ASSERT_EQ(SetAlias("current", "card"), "OK");
  v1::CreateScheduleRequest request;
  request.set_tenant("acme");
  *request.mutable_schedule()->mutable_spec() = Wanted().spec();
  request.mutable_schedule()->mutable_spec()->set_key("current");
  request.mutable_schedule()->mutable_rotate_after()->set_seconds(86'400);
  const auto denied = StatusIs(StatusCode::kPermissionDenied, Reason::kPermissionDenied);
  StartAs("[rotation.manage]");
  EXPECT_THAT(jobs().CreateSchedule(request), denied);
  // It is the key's own name that counts.
  StartAs("[rotation.manage, key.rotate]", "[acme]", "        keys: [current]\n");
  EXPECT_THAT(jobs().CreateSchedule(request), denied);
  StartAs("[rotation.manage, key.rotate]", "[acme]", "        keys: [card]\n");
  EXPECT_OK(jobs().CreateSchedule(request));
}

}  // namespace
}  // namespace fieldkms::testing
