// CreateField, GetField, UpdateField, ListFields.
#include <map>

#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/service/describe.h"
#include "kms/service/field_records.h"
#include "kms/service/field_service.h"
#include "kms/service/method_call.h"
#include "kms/service/records.h"
#include "kms/service/visible_page.h"

namespace fieldkms {
namespace {

template <class Request>
absl::Status DescribeField(const Request& request, CallPlan* plan) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(request.tenant()));
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(request.name()));
  plan->scope = CallPlan::Scope::kField;
  plan->tenant = request.tenant();
  plan->field = request.name();
  return absl::OkStatus();
}

struct CreateFieldMethod {
  using Request = v1::CreateFieldRequest;
  using Response = v1::CreateFieldResponse;
  static constexpr MethodInfo kInfo{"FieldService.CreateField", Action::kFieldCreate,
                                    MethodInfo::Kind::kMutation};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(DescribeField(request, plan));
    return DescribeMutation(request, plan);
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(FieldSpec spec, FromProto(request));
    FIELDKMS_ASSIGN_OR_RETURN(const FieldRecord field,
                              context.service.field_admin.Create(
                                  std::move(spec), request.request_id(), context.deadline));
    FIELDKMS_RETURN_IF_ERROR(ToProto(field, response->mutable_field()));
    return RunState::kDone;
  }
};

struct GetFieldMethod {
  using Request = v1::GetFieldRequest;
  using Response = v1::GetFieldResponse;
  static constexpr MethodInfo kInfo{"FieldService.GetField", Action::kFieldRead,
                                    MethodInfo::Kind::kRead};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    return DescribeField(request, plan);
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(
        const FieldRecord field,
        context.service.field_admin.Get(request.tenant(), request.name(), context.deadline));
    FIELDKMS_RETURN_IF_ERROR(ToProto(field, response->mutable_field()));
    return RunState::kDone;
  }
};

struct UpdateFieldMethod {
  using Request = v1::UpdateFieldRequest;
  using Response = v1::UpdateFieldResponse;
  static constexpr MethodInfo kInfo{"FieldService.UpdateField", Action::kFieldUpdate,
                                    MethodInfo::Kind::kMutation};
  uint64_t etag = 0;

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(DescribeField(request, plan));
    FIELDKMS_RETURN_IF_ERROR(DescribeMutation(request, plan));
    FIELDKMS_ASSIGN_OR_RETURN(etag, ParseEtag(request.etag()));
    return absl::OkStatus();
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(const FieldPatch patch, FromProto(request));
    FIELDKMS_ASSIGN_OR_RETURN(
        const FieldRecord field,
        context.service.field_admin.Update(request.tenant(), request.name(), etag, patch,
                                           request.request_id(), context.deadline));
    FIELDKMS_RETURN_IF_ERROR(ToProto(field, response->mutable_field()));
    return RunState::kDone;
  }
};

struct ListFieldsMethod {
  using Request = v1::ListFieldsRequest;
  using Response = v1::ListFieldsResponse;
  static constexpr MethodInfo kInfo{"FieldService.ListFields", Action::kFieldRead,
                                    MethodInfo::Kind::kRead};
  size_t limit = 0;
  std::string after;

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(CheckTenantId(request.tenant()));
    FIELDKMS_ASSIGN_OR_RETURN(limit, PageSize(request.page_size()));
    FIELDKMS_ASSIGN_OR_RETURN(after, ParsePageToken(request.page_token()));
    plan->scope = CallPlan::Scope::kSomeKey;
    plan->tenant = request.tenant();
    return absl::OkStatus();
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    ServiceContext& service = context.service;
    const ListSource<FieldRecord> fields = {
        .read =
            [&](std::string_view from, size_t count) {
              return service.field_admin.List(request.tenant(), from, count, context.deadline);
            },
        .visible =
            [&](const FieldRecord& field) {
              return service.authorizer.Allows(context.who, kInfo.action, request.tenant(),
                                               field.name);
            },
        .name = &FieldRecord::name};
    FIELDKMS_ASSIGN_OR_RETURN(
        VisiblePage<FieldRecord> page,
        ReadVisiblePage(fields, after, limit, service.clock, context.deadline));
    for (const FieldRecord& field : page.records) {
      FIELDKMS_RETURN_IF_ERROR(ToProto(field, response->add_fields()));
    }
    response->set_next_page_token(std::move(page.next_page_token));
    return RunState::kDone;
  }
};

}  // namespace

void AddFieldAdminMethods(Engine& engine, FieldAsyncService& service, ServiceContext& context) {
  using Async = FieldAsyncService;
  AddMethod<CreateFieldMethod>(engine, service, &Async::RequestCreateField, context);
  AddMethod<GetFieldMethod>(engine, service, &Async::RequestGetField, context);
  AddMethod<UpdateFieldMethod>(engine, service, &Async::RequestUpdateField, context);
  AddMethod<ListFieldsMethod>(engine, service, &Async::RequestListFields, context);
}

}  // namespace fieldkms
