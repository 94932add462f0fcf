#include "kms/service/tenant_service.h"

#include "kms/service/describe.h"
#include "kms/service/method_call.h"
#include "kms/service/records.h"
#include "kms/service/visible_page.h"

namespace fieldkms {
namespace {

template <class Request>
absl::Status DescribeTenantMutation(const Request& request, CallPlan* plan) {
  FIELDKMS_RETURN_IF_ERROR(DescribeTenant(request, plan));
  return DescribeMutation(request, plan);
}

struct CreateTenantMethod {
  using Request = v1::CreateTenantRequest;
  using Response = v1::CreateTenantResponse;
  static constexpr MethodInfo kInfo{"TenantService.CreateTenant", Action::kTenantCreate,
                                    MethodInfo::Kind::kMutation};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    return DescribeTenantMutation(request, plan);
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(const TenantRecord tenant,
                              context.service.keyring.admin().CreateTenant(
                                  request.tenant(), request.request_id(), context.deadline));
    ToProto(tenant, response->mutable_tenant());
    return RunState::kDone;
  }
};

struct ListTenantsMethod {
  using Request = v1::ListTenantsRequest;
  using Response = v1::ListTenantsResponse;
  static constexpr MethodInfo kInfo{"TenantService.ListTenants", Action::kTenantRead,
                                    MethodInfo::Kind::kRead};
  size_t limit = 0;
  std::string after;

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_ASSIGN_OR_RETURN(limit, PageSize(request.page_size()));
    FIELDKMS_ASSIGN_OR_RETURN(after, ParsePageToken(request.page_token()));
    plan->scope = CallPlan::Scope::kAnywhere;
    return absl::OkStatus();
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request&, Response* response) {
    ServiceContext& service = context.service;
    const ListSource<TenantRecord> tenants = {
        .read =
            [&](std::string_view from, size_t count) {
              return service.keyring.admin().ListTenants(from, count, context.deadline);
            },
        .visible =
            [&](const TenantRecord& tenant) {
              return service.authorizer.Allows(context.who, kInfo.action, tenant.tenant, {});
            },
        .name = &TenantRecord::tenant};
    FIELDKMS_ASSIGN_OR_RETURN(
        VisiblePage<TenantRecord> page,
        ReadVisiblePage(tenants, after, limit, service.clock, context.deadline));
    for (const TenantRecord& tenant : page.records) ToProto(tenant, response->add_tenants());
    response->set_next_page_token(std::move(page.next_page_token));
    return RunState::kDone;
  }
};

struct RotateTenantKekMethod {
  using Request = v1::RotateTenantKekRequest;
  using Response = v1::RotateTenantKekResponse;
  static constexpr MethodInfo kInfo{"TenantService.RotateTenantKek", Action::kTenantRotateKek,
                                    MethodInfo::Kind::kMutation};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    return DescribeTenantMutation(request, plan);
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(const OperationRecord operation,
                              context.service.keyring.admin().RotateKek(
                                  request.tenant(), request.request_id(), context.deadline));
    ToProto(operation, response->mutable_operation());
    return RunState::kDone;
  }
};

}  // namespace

void AddTenantService(Engine& engine, TenantAsyncService& service, ServiceContext& context) {
  using Async = TenantAsyncService;
  engine.AddService(service, v1::TenantService::service_full_name());
  AddMethod<CreateTenantMethod>(engine, service, &Async::RequestCreateTenant, context);
  AddMethod<ListTenantsMethod>(engine, service, &Async::RequestListTenants, context);
  AddMethod<RotateTenantKekMethod>(engine, service, &Async::RequestRotateTenantKek, context);
}

}  // namespace fieldkms
