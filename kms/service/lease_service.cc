#include "kms/service/lease_service.h"

#include <string>
#include <string_view>

#include "crypto/status.h"
#include "kms/keyring/leases.h"
#include "kms/service/describe.h"
#include "kms/service/method_call.h"
#include "kms/service/records.h"

namespace fieldkms {
namespace {

bool Allows(const RunContext& context, Action action, std::string_view tenant,
            std::string_view name) {
  return context.service.authorizer.Allows(context.who, action, tenant, name);
}

// To lease a key takes the right to lease it and to do what it is leased for: each on the
// key's own name, whatever name the caller gave. It may have been withdrawn since.
MayLease AsAllowed(RunContext& context) {
  return [&context](const KeyRecord& key, bool encrypt) {
    const auto allows = [&](Action action) {
      return Allows(context, action, key.tenant, key.name);
    };
    context.outcome.keys.Note(key.name);
    const bool allowed = allows(Action::kLeaseAcquire) && allows(Action::kDecrypt) &&
                         (!encrypt || allows(Action::kEncrypt));
    return allowed ? absl::OkStatus() : PermissionDenied();
  };
}

// To give a lease back takes the right to lease alone.
MayLease ToGiveBack(RunContext& context) {
  return [&context](const KeyRecord& key, bool) {
    context.outcome.keys.Note(key.name);
    return Allows(context, Action::kLeaseAcquire, key.tenant, key.name) ? absl::OkStatus()
                                                                        : PermissionDenied();
  };
}

absl::StatusOr<bool> ToSeal(v1::LeaseUse use) {
  switch (use) {
    case v1::LEASE_USE_DECRYPT:
      return false;
    case v1::LEASE_USE_ENCRYPT_AND_DECRYPT:
      return true;
    default:
      return InvalidField("use", "must be DECRYPT or ENCRYPT_AND_DECRYPT");
  }
}

struct AcquireLeaseMethod {
  using Request = v1::AcquireLeaseRequest;
  using Response = v1::AcquireLeaseResponse;
  static constexpr MethodInfo kInfo{"LeaseService.AcquireLease", Action::kLeaseAcquire,
                                    MethodInfo::Kind::kMutation};
  LeaseRequest lease;

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(DescribeKeyUse(request, plan));
    plan->key_version = request.version();
    FIELDKMS_ASSIGN_OR_RETURN(lease.encrypt, ToSeal(request.use()));
    FIELDKMS_ASSIGN_OR_RETURN(lease.time, WholeSeconds(request.duration(), "duration"));
    lease.tenant = request.tenant();
    lease.key = request.key();
    lease.version = request.version();
    lease.messages = request.max_messages();
    return absl::OkStatus();
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    lease.principal = context.who.name;
    const absl::StatusOr<GrantedLease> granted =
        Leases(context.service.keyring).Acquire(lease, AsAllowed(context), context.deadline);
    if (!granted.ok()) return Refused(context, request, granted.status());
    context.outcome.key_version = granted->lease.version;
    context.outcome.lease_id = granted->lease.lease_id;
    ToProto(granted->lease, granted->key, response->mutable_lease());
    ToProto(granted->lease.expire_time - granted->lease.create_time,
            response->mutable_lease()->mutable_remaining());
    const std::string_view material = AsText(granted->material.Expose());
    response->set_material(material.data(), material.size());
    return RunState::kDone;
  }
  static void WipeResponse(Response* response) {
    if (!response->material().empty()) WipeString(response->mutable_material());
  }

 private:
  // In the API's words; and to who may not use a name, whether it is one says nothing.
  absl::Status Refused(RunContext& context, const Request& request, const absl::Status& status) {
    const Reason reason = ReasonOf(status);
    if (reason == Reason::kKeyNotFound) {
      const bool may_know = Allows(context, Action::kLeaseAcquire, request.tenant(), request.key());
      return may_know ? Error(status.code(), reason, MessageOf(status), "key") : PermissionDenied();
    }
    if (reason == Reason::kKeyVersionUnknown) {
      return Error(absl::StatusCode::kNotFound, Reason::kKeyNotFound, "the key has no such version",
                   "version");
    }
    return status;
  }
};

// What renewing and ending share: they name a lease, and say what was used of it.
template <class RequestType, class ResponseType>
struct LeaseMutation {
  using Request = RequestType;
  using Response = ResponseType;

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(CheckTenantId(request.tenant()));
    FIELDKMS_RETURN_IF_ERROR(CheckLeaseId(request.lease_id()));
    plan->scope = CallPlan::Scope::kSomeKey;
    plan->tenant = request.tenant();
    plan->lease_id = request.lease_id();
    plan->used_messages = request.used_messages();
    return absl::OkStatus();
  }
  static LeaseReport Report(const RunContext& context, const Request& request) {
    return {request.tenant(), request.lease_id(), context.who.name, request.used_messages()};
  }
  static void Answer(RunContext& context, const GrantedLease& granted, Response* response) {
    context.outcome.key_version = granted.lease.version;
    ToProto(granted.lease, granted.key, response->mutable_lease());
  }
};

struct RenewLeaseMethod : LeaseMutation<v1::RenewLeaseRequest, v1::RenewLeaseResponse> {
  static constexpr MethodInfo kInfo{"LeaseService.RenewLease", Action::kLeaseAcquire,
                                    MethodInfo::Kind::kMutation};
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(
        const GrantedLease renewed,
        Leases(context.service.keyring)
            .Renew(Report(context, request), AsAllowed(context), context.deadline));
    Answer(context, renewed, response);
    ToProto(renewed.lease.expire_time - renewed.lease.create_time,
            response->mutable_lease()->mutable_remaining());
    return RunState::kDone;
  }
};

struct EndLeaseMethod : LeaseMutation<v1::EndLeaseRequest, v1::EndLeaseResponse> {
  static constexpr MethodInfo kInfo{"LeaseService.EndLease", Action::kLeaseAcquire,
                                    MethodInfo::Kind::kMutation};
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(
        const GrantedLease ended,
        Leases(context.service.keyring)
            .End(Report(context, request), ToGiveBack(context), context.deadline));
    Answer(context, ended, response);
    return RunState::kDone;
  }
};

}  // namespace

void AddLeaseService(Engine& engine, LeaseAsyncService& service, ServiceContext& context) {
  using Async = LeaseAsyncService;
  engine.AddService(service, v1::LeaseService::service_full_name());
  AddMethod<AcquireLeaseMethod>(engine, service, &Async::RequestAcquireLease, context);
  AddMethod<RenewLeaseMethod>(engine, service, &Async::RequestRenewLease, context);
  AddMethod<EndLeaseMethod>(engine, service, &Async::RequestEndLease, context);
}

}  // namespace fieldkms
