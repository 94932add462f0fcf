// Jobs as people manage them.
#include "kms/service/rotation_service.h"

#include "kms/rotations/rotation_spec.h"
#include "kms/service/method_call.h"
#include "kms/service/records.h"
#include "kms/service/rotation_calls.h"

namespace fieldkms {
namespace {

NewRotation NewJobOf(const v1::CreateJobRequest& request) {
  return {request.tenant(), request.spec(), request.start(), request.request_id()};
}

struct CreateJobMethod {
  using Request = v1::CreateJobRequest;
  using Response = v1::CreateJobResponse;
  static constexpr MethodInfo kInfo{"RotationService.CreateJob", Action::kRotationManage,
                                    MethodInfo::Kind::kMutation};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(DescribeTenant(request, plan));
    FIELDKMS_RETURN_IF_ERROR(CheckRotationSpec(request.spec(), "spec"));
    plan->key = request.spec().key();
    return DescribeMutation(request, plan);
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    return AnswerJob(context, context.service.rotations.Create(NewJobOf(request), context.deadline),
                     response);
  }
};

// A method that changes the state of a job by `kChange`, and asks for nothing else.
template <class RequestType, class ResponseType,
          absl::StatusOr<RotationJob> (Rotations::*kChange)(const JobRef&, Deadline)>
struct StateMethod {
  using Request = RequestType;
  using Response = ResponseType;
  absl::Status Describe(const Request& request, CallPlan* plan) {
    return DescribeJob(request, plan);
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    Rotations& rotations = context.service.rotations;
    return AnswerJob(context, (rotations.*kChange)(JobOf(request), context.deadline), response);
  }
};

struct StartJobMethod : StateMethod<v1::StartJobRequest, v1::StartJobResponse, &Rotations::Start> {
  static constexpr MethodInfo kInfo{"RotationService.StartJob", Action::kRotationManage,
                                    MethodInfo::Kind::kMutation};
};

struct PauseJobMethod : StateMethod<v1::PauseJobRequest, v1::PauseJobResponse, &Rotations::Pause> {
  static constexpr MethodInfo kInfo{"RotationService.PauseJob", Action::kRotationManage,
                                    MethodInfo::Kind::kMutation};
};

struct ResumeJobMethod
    : StateMethod<v1::ResumeJobRequest, v1::ResumeJobResponse, &Rotations::Resume> {
  static constexpr MethodInfo kInfo{"RotationService.ResumeJob", Action::kRotationManage,
                                    MethodInfo::Kind::kMutation};
};

struct CancelJobMethod
    : StateMethod<v1::CancelJobRequest, v1::CancelJobResponse, &Rotations::Cancel> {
  static constexpr MethodInfo kInfo{"RotationService.CancelJob", Action::kRotationManage,
                                    MethodInfo::Kind::kMutation};
};

struct UpdateJobLimitsMethod {
  using Request = v1::UpdateJobLimitsRequest;
  using Response = v1::UpdateJobLimitsResponse;
  static constexpr MethodInfo kInfo{"RotationService.UpdateJobLimits", Action::kRotationManage,
                                    MethodInfo::Kind::kMutation};
  uint64_t edition = 0;

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(DescribeJob(request, plan));
    FIELDKMS_RETURN_IF_ERROR(CheckRotationLimits(request.limits(), "limits"));
    FIELDKMS_ASSIGN_OR_RETURN(edition, ParseEtag(request.etag()));
    return absl::OkStatus();
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    return AnswerJob(context,
                     context.service.rotations.UpdateLimits(JobOf(request), request.limits(),
                                                            edition, context.deadline),
                     response);
  }
};

}  // namespace

void AddRotationService(Engine& engine, RotationAsyncService& service, ServiceContext& context) {
  using Async = RotationAsyncService;
  engine.AddService(service, v1::RotationService::service_full_name());
  AddMethod<CreateJobMethod>(engine, service, &Async::RequestCreateJob, context);
  AddMethod<StartJobMethod>(engine, service, &Async::RequestStartJob, context);
  AddMethod<PauseJobMethod>(engine, service, &Async::RequestPauseJob, context);
  AddMethod<ResumeJobMethod>(engine, service, &Async::RequestResumeJob, context);
  AddMethod<CancelJobMethod>(engine, service, &Async::RequestCancelJob, context);
  AddMethod<UpdateJobLimitsMethod>(engine, service, &Async::RequestUpdateJobLimits, context);
  AddRotationReadMethods(engine, service, context);
  AddRotationWorkMethods(engine, service, context);
  AddRotationScheduleMethods(engine, service, context);
}

}  // namespace fieldkms
