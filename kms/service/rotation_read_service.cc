// Jobs as people look at them.
#include <algorithm>
#include <string>
#include <vector>

#include "kms/rotations/rotation_spec.h"
#include "kms/service/large_page.h"
#include "kms/service/method_call.h"
#include "kms/service/records.h"
#include "kms/service/rotation_calls.h"
#include "kms/service/rotation_service.h"

namespace fieldkms {
namespace {

struct GetJobMethod {
  using Request = v1::GetJobRequest;
  using Response = v1::GetJobResponse;
  static constexpr MethodInfo kInfo{"RotationService.GetJob", Action::kRotationRead,
                                    MethodInfo::Kind::kRead};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    return DescribeJob(request, plan);
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    return AnswerJob(context, context.service.rotations.Get(JobOf(request), context.deadline),
                     response);
  }
};

struct ListJobsMethod {
  using Request = v1::ListJobsRequest;
  using Response = v1::ListJobsResponse;
  static constexpr MethodInfo kInfo{"RotationService.ListJobs", Action::kRotationRead,
                                    MethodInfo::Kind::kRead};
  size_t limit = 0;
  std::string after;
  RotationJobFilter filter;

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(DescribeTenant(request, plan));
    FIELDKMS_ASSIGN_OR_RETURN(limit, PageSize(request.page_size()));
    FIELDKMS_ASSIGN_OR_RETURN(after, ParsePageToken(request.page_token()));
    filter.open_only = request.open_only();
    if (request.data_source().empty()) return absl::OkStatus();
    filter.data_source = request.data_source();
    return CheckDataSource(request.data_source(), "data_source");
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    // Of a tenant that is not there the store finds nothing.
    FIELDKMS_RETURN_IF_ERROR(
        context.service.keyring.admin().GetTenant(request.tenant(), context.deadline).status());
    const LargeListSource<RotationJob, Response> jobs = {
        .read = [&](std::string_view last,
                    size_t count) { return Read(context, request.tenant(), last, count); },
        .id = [](const RotationJob& job) { return job.record.job_id; },
        .add =
            [&](const RotationJob& job, Response* page) {
              v1::RotationJob* const added = page->add_jobs();
              ToProto(job, context.service.clock.Now(), added);
              added->mutable_progress()->clear_tables();
            },
        .take_back = [](Response* page) { page->mutable_jobs()->RemoveLast(); }};
    FIELDKMS_RETURN_IF_ERROR(FillLargePage(jobs, after, limit, response));
    return RunState::kDone;
  }

 private:
  absl::StatusOr<std::vector<RotationJob>> Read(RunContext& context, std::string_view tenant,
                                                std::string_view last, size_t count) {
    filter.before_job_id = last;
    auto jobs = context.service.rotations.List(tenant, filter, count, context.deadline);
    if (ReasonOf(jobs.status()) == Reason::kRotationNotFound) {
      return InvalidField("page_token", "is not one that this service gave");
    }
    return jobs;
  }
};

// It holds no thread while it waits (ParkedCalls), and is one line in the audit trail, whenever
// it is answered.
struct WatchJobMethod {
  using Request = v1::WatchJobRequest;
  using Response = v1::WatchJobResponse;
  static constexpr MethodInfo kInfo{"RotationService.WatchJob", Action::kRotationRead,
                                    MethodInfo::Kind::kRead};
  static constexpr std::chrono::seconds kLongest{30};
  // For the answer to arrive in time.
  static constexpr std::chrono::milliseconds kBeforeDeadline{500};
  uint64_t seen = 0;
  std::chrono::microseconds wait = kLongest;
  Deadline until;  // of the first run on

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(DescribeJob(request, plan));
    FIELDKMS_ASSIGN_OR_RETURN(seen, ParseEtag(request.seen(), "seen"));
    if (!request.has_wait()) return absl::OkStatus();
    FIELDKMS_ASSIGN_OR_RETURN(wait, Microseconds(request.wait(), "wait"));
    return wait <= kLongest ? absl::OkStatus() : InvalidField("wait", "is more than 30 s");
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    if (until == Deadline()) until = std::min(context.now + wait, LatestAnswer(context.deadline));
    // Asked for before the job is read, so that no change falls in between.
    const uint64_t newest = context.service.keyring.Change();
    const auto job = context.service.rotations.Get(JobOf(request), context.deadline);
    const bool waits = job.ok() && job->record.change == seen && context.now < until &&
                       !context.service.draining.load(std::memory_order_relaxed);
    if (waits) {
      context.wait = {newest, until};
      return RunState::kWaits;
    }
    if (job.ok()) response->set_seen(Etag(job->record.change));
    return AnswerJob(context, job, response);
  }

 private:
  static Deadline LatestAnswer(Deadline deadline) {
    return deadline == kNoDeadline ? deadline : deadline - kBeforeDeadline;
  }
};

}  // namespace

void AddRotationReadMethods(Engine& engine, RotationAsyncService& service,
                            ServiceContext& context) {
  using Async = RotationAsyncService;
  AddMethod<GetJobMethod>(engine, service, &Async::RequestGetJob, context);
  AddMethod<ListJobsMethod>(engine, service, &Async::RequestListJobs, context);
  AddMethod<WatchJobMethod>(engine, service, &Async::RequestWatchJob, context);
}

}  // namespace fieldkms
