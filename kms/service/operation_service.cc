#include "kms/service/operation_service.h"

#include "crypto/status.h"
#include "kms/service/describe.h"
#include "kms/service/method_call.h"
#include "kms/service/records.h"

namespace fieldkms {
namespace {

constexpr size_t kMostOperations = 1'000;

bool MayRead(const RunContext& context, const OperationRecord& operation) {
  return context.service.authorizer.Allows(context.who, Action::kOperationRead, operation.tenant,
                                           {});
}

struct GetOperationMethod {
  using Request = v1::GetOperationRequest;
  using Response = v1::GetOperationResponse;
  static constexpr MethodInfo kInfo{"OperationService.GetOperation", Action::kOperationRead,
                                    MethodInfo::Kind::kRead};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    plan->scope = CallPlan::Scope::kAnywhere;
    return CheckRecordId(request.operation_id(), "operation_id");
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(
        const OperationRecord operation,
        context.service.keyring.admin().GetOperation(request.operation_id(), context.deadline));
    if (!MayRead(context, operation)) {
      return Error(absl::StatusCode::kNotFound, Reason::kOperationNotFound,
                   "there is no such operation", "operation_id");
    }
    ToProto(operation, response->mutable_operation());
    return RunState::kDone;
  }
};

struct ListOperationsMethod {
  using Request = v1::ListOperationsRequest;
  using Response = v1::ListOperationsResponse;
  static constexpr MethodInfo kInfo{"OperationService.ListOperations", Action::kOperationRead,
                                    MethodInfo::Kind::kRead};
  size_t limit = 0;

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_ASSIGN_OR_RETURN(limit, PageSize(request.page_size()));
    plan->scope = CallPlan::Scope::kAnywhere;
    return absl::OkStatus();
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(const std::vector<OperationRecord> operations,
                              context.service.keyring.admin().ListOperations(
                                  request.running_only(), kMostOperations, context.deadline));
    for (const OperationRecord& operation : operations) {
      if (static_cast<size_t>(response->operations_size()) == limit) break;
      if (MayRead(context, operation)) ToProto(operation, response->add_operations());
    }
    return RunState::kDone;
  }
};

// Of no tenant: so it takes a rule for all of them.
struct RotateRootMethod {
  using Request = v1::RotateRootRequest;
  using Response = v1::RotateRootResponse;
  static constexpr MethodInfo kInfo{"OperationService.RotateRoot", Action::kRootRotate,
                                    MethodInfo::Kind::kMutation};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    plan->scope = CallPlan::Scope::kTenant;
    return DescribeMutation(request, plan);
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(
        const OperationRecord operation,
        context.service.keyring.admin().RotateRoot(request.request_id(), context.deadline));
    ToProto(operation, response->mutable_operation());
    return RunState::kDone;
  }
};

}  // namespace

void AddOperationService(Engine& engine, OperationAsyncService& service, ServiceContext& context) {
  using Async = OperationAsyncService;
  engine.AddService(service, v1::OperationService::service_full_name());
  AddMethod<GetOperationMethod>(engine, service, &Async::RequestGetOperation, context);
  AddMethod<ListOperationsMethod>(engine, service, &Async::RequestListOperations, context);
  AddMethod<RotateRootMethod>(engine, service, &Async::RequestRotateRoot, context);
}

}  // namespace fieldkms
