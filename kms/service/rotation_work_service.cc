// Jobs as workers work on them.
#include "kms/proto/times.h"
#include "kms/service/method_call.h"
#include "kms/service/records.h"
#include "kms/service/rotation_calls.h"
#include "kms/service/rotation_service.h"

namespace fieldkms {
namespace {

RotationReport ReportOf(const v1::ReportJobRequest& request) {
  RotationReport report{request.worker(), request.progress(), request.leaving()};
  if (request.has_start_time()) report.start = FromProto(request.start_time());
  return report;
}

RotationEnd EndOf(const v1::FinishJobRequest& request) {
  RotationEnd end{request.error(), request.outcome(), request.progress()};
  if (request.has_start_time()) end.start = FromProto(request.start_time());
  return end;
}

// A read as far as the audit trail is concerned: a beat every few seconds decides nothing, and
// gets one line, without an intent. What workers do in between is on record batch by batch.
struct ReportJobMethod {
  using Request = v1::ReportJobRequest;
  using Response = v1::ReportJobResponse;
  static constexpr MethodInfo kInfo{"RotationService.ReportJob", Action::kRotationWork,
                                    MethodInfo::Kind::kRead};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(DescribeJob(request, plan));
    return CheckReport(ReportOf(request));
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    return AnswerJob(context,
                     context.service.rotations.ReportProgress(JobOf(request), ReportOf(request),
                                                              context.deadline),
                     response);
  }
};

struct FinishJobMethod {
  using Request = v1::FinishJobRequest;
  using Response = v1::FinishJobResponse;
  static constexpr MethodInfo kInfo{"RotationService.FinishJob", Action::kRotationWork,
                                    MethodInfo::Kind::kMutation};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(DescribeJob(request, plan));
    return CheckEnd(EndOf(request));
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    return AnswerJob(
        context, context.service.rotations.Finish(JobOf(request), EndOf(request), context.deadline),
        response);
  }
};

// Keeps what it finds; a read nevertheless, as ReportJob: nobody decided anything.
struct GetWriteBarrierMethod {
  using Request = v1::GetWriteBarrierRequest;
  using Response = v1::GetWriteBarrierResponse;
  static constexpr MethodInfo kInfo{"RotationService.GetWriteBarrier", Action::kRotationWork,
                                    MethodInfo::Kind::kRead};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    return DescribeJob(request, plan);
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(const BarrierView view,
                              context.service.rotations.Barrier(JobOf(request), context.deadline));
    response->set_passed(view.passed);
    response->set_silent_replicas(view.silent_replicas);
    if (view.passed_by) ToProto(*view.passed_by, response->mutable_passed_by());
    if (view.last_lease_end) ToProto(*view.last_lease_end, response->mutable_last_lease_end());
    return RunState::kDone;
  }
};

}  // namespace

void AddRotationWorkMethods(Engine& engine, RotationAsyncService& service,
                            ServiceContext& context) {
  using Async = RotationAsyncService;
  AddMethod<ReportJobMethod>(engine, service, &Async::RequestReportJob, context);
  AddMethod<FinishJobMethod>(engine, service, &Async::RequestFinishJob, context);
  AddMethod<GetWriteBarrierMethod>(engine, service, &Async::RequestGetWriteBarrier, context);
}

}  // namespace fieldkms
