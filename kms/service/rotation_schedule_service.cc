// Schedules of rotation jobs.
#include <string>

#include "kms/rotations/schedules.h"
#include "kms/service/large_page.h"
#include "kms/service/method_call.h"
#include "kms/service/records.h"
#include "kms/service/rotation_calls.h"
#include "kms/service/rotation_service.h"

namespace fieldkms {
namespace {

// A request about one schedule.
template <class Request>
absl::Status DescribeSchedule(const Request& request, CallPlan* plan) {
  FIELDKMS_RETURN_IF_ERROR(CheckRecordId(request.schedule_id(), "schedule_id"));
  FIELDKMS_RETURN_IF_ERROR(DescribeTenant(request, plan));
  plan->job = request.schedule_id();
  return absl::OkStatus();
}

template <class Request>
ScheduleRef ScheduleOf(const Request& request) {
  return {request.tenant(), request.schedule_id()};
}

// Answers with the schedule as it is then.
template <class Response>
absl::StatusOr<RunState> AnswerSchedule(RunContext& context,
                                        const absl::StatusOr<RotationSchedule>& schedule,
                                        Response* response) {
  FIELDKMS_RETURN_IF_ERROR(schedule.status());
  context.outcome.job = schedule->record.schedule_id;
  context.outcome.keys.Note(schedule->details.spec().key());
  ToProto(*schedule, response->mutable_schedule());
  return RunState::kDone;
}

// What a schedule does by itself takes the right of who makes it: on the key's own name.
absl::Status MayRotate(RunContext& context, const v1::CreateScheduleRequest& request) {
  if (!request.schedule().has_rotate_after()) return absl::OkStatus();
  const auto key = context.service.keyring.admin().GetKey(
      request.tenant(), request.schedule().spec().key(), context.deadline);
  // Of a key that is not there, making the schedule tells.
  if (ReasonOf(key.status()) == Reason::kKeyNotFound) return absl::OkStatus();
  FIELDKMS_RETURN_IF_ERROR(key.status());
  const Authorizer& authorizer = context.service.authorizer;
  return authorizer.Allows(context.who, Action::kKeyRotate, key->tenant, key->name)
             ? absl::OkStatus()
             : PermissionDenied();
}

struct CreateScheduleMethod {
  using Request = v1::CreateScheduleRequest;
  using Response = v1::CreateScheduleResponse;
  static constexpr MethodInfo kInfo{"RotationService.CreateSchedule", Action::kRotationManage,
                                    MethodInfo::Kind::kMutation};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(DescribeTenant(request, plan));
    FIELDKMS_RETURN_IF_ERROR(CheckSchedule(request.schedule()));
    plan->key = request.schedule().spec().key();
    return DescribeMutation(request, plan);
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_RETURN_IF_ERROR(MayRotate(context, request));
    return AnswerSchedule(context,
                          context.service.schedules.Create(request.tenant(), request.schedule(),
                                                           request.request_id(), context.deadline),
                          response);
  }
};

struct ListSchedulesMethod {
  using Request = v1::ListSchedulesRequest;
  using Response = v1::ListSchedulesResponse;
  static constexpr MethodInfo kInfo{"RotationService.ListSchedules", Action::kRotationRead,
                                    MethodInfo::Kind::kRead};
  size_t limit = 0;
  std::string after;

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(DescribeTenant(request, plan));
    FIELDKMS_ASSIGN_OR_RETURN(limit, PageSize(request.page_size()));
    FIELDKMS_ASSIGN_OR_RETURN(after, ParsePageToken(request.page_token()));
    return absl::OkStatus();
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    // Of a tenant that is not there the store finds nothing.
    FIELDKMS_RETURN_IF_ERROR(
        context.service.keyring.admin().GetTenant(request.tenant(), context.deadline).status());
    const LargeListSource<RotationSchedule, Response> schedules = {
        .read =
            [&](std::string_view last, size_t count) {
              return context.service.schedules.List(request.tenant(), last, count,
                                                    context.deadline);
            },
        .id = [](const RotationSchedule& schedule) { return schedule.record.schedule_id; },
        .add = [](const RotationSchedule& schedule,
                  Response* page) { ToProto(schedule, page->add_schedules()); },
        .take_back = [](Response* page) { page->mutable_schedules()->RemoveLast(); }};
    FIELDKMS_RETURN_IF_ERROR(FillLargePage(schedules, after, limit, response));
    return RunState::kDone;
  }
};

struct SuspendScheduleMethod {
  using Request = v1::SuspendScheduleRequest;
  using Response = v1::SuspendScheduleResponse;
  static constexpr MethodInfo kInfo{"RotationService.SuspendSchedule", Action::kRotationManage,
                                    MethodInfo::Kind::kMutation};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    return DescribeSchedule(request, plan);
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    return AnswerSchedule(context,
                          context.service.schedules.Suspend(ScheduleOf(request),
                                                            request.suspended(), context.deadline),
                          response);
  }
};

struct DeleteScheduleMethod {
  using Request = v1::DeleteScheduleRequest;
  using Response = v1::DeleteScheduleResponse;
  static constexpr MethodInfo kInfo{"RotationService.DeleteSchedule", Action::kRotationManage,
                                    MethodInfo::Kind::kMutation};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    return DescribeSchedule(request, plan);
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response*) {
    FIELDKMS_RETURN_IF_ERROR(
        context.service.schedules.Delete(ScheduleOf(request), context.deadline));
    return RunState::kDone;
  }
};

}  // namespace

void AddRotationScheduleMethods(Engine& engine, RotationAsyncService& service,
                                ServiceContext& context) {
  using Async = RotationAsyncService;
  AddMethod<CreateScheduleMethod>(engine, service, &Async::RequestCreateSchedule, context);
  AddMethod<ListSchedulesMethod>(engine, service, &Async::RequestListSchedules, context);
  AddMethod<SuspendScheduleMethod>(engine, service, &Async::RequestSuspendSchedule, context);
  AddMethod<DeleteScheduleMethod>(engine, service, &Async::RequestDeleteSchedule, context);
}

}  // namespace fieldkms
