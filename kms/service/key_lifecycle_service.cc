// UpdateKey, and the states of key versions.
#include "crypto/status.h"
#include "kms/keyring/leases.h"
#include "kms/service/describe.h"
#include "kms/service/key_service.h"
#include "kms/service/method_call.h"
#include "kms/service/records.h"

namespace fieldkms {
namespace {

constexpr char kCopiesNotice[] =
    "copies of the store made before then (backups, replicas, archived write-ahead logs) hold the "
    "wrapped key until they are deleted";

// The domain's reason for a version that is not there is one of a failed decryption,
// which callers never see: here they named it themselves.
absl::Status ToCaller(const absl::Status& status) {
  if (ReasonOf(status) != Reason::kKeyVersionUnknown) return status;
  return Error(absl::StatusCode::kNotFound, Reason::kKeyNotFound, "the key has no such version",
               "version");
}

// Says until when clients hold `version` (0: any of the key's) by themselves. Looked up
// after the change: a lease that is given later has seen it.
template <class Response>
absl::Status AddLastLeaseEnd(RunContext& context, const KeyRecord& key, uint32_t version,
                             Response* response) {
  FIELDKMS_ASSIGN_OR_RETURN(
      const std::optional<WallTime> end,
      Leases(context.service.keyring).LastEnd(key, version, false, context.deadline));
  if (end) ToProto(*end, response->mutable_last_lease_end_time());
  return absl::OkStatus();
}

// What is common of mutations of a key that may carry its etag.
template <class RequestType, class ResponseType>
struct KeyMutation {
  using Request = RequestType;
  using Response = ResponseType;
  uint64_t etag = 0;

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(DescribeKeyMutation(request, plan));
    FIELDKMS_ASSIGN_OR_RETURN(etag, ParseEtag(request.etag()));
    return absl::OkStatus();
  }
  KeyRef Ref(const Request& request) const { return {request.tenant(), request.name(), etag}; }
  static absl::StatusOr<RunState> Answer(const absl::StatusOr<KeyRecord>& key, Response* response) {
    if (!key.ok()) return ToCaller(key.status());
    ToProto(*key, response->mutable_key());
    return RunState::kDone;
  }
};

// Of these, one that is about a version: `kNeedsOne`, or with 0 all of them.
template <class RequestType, class ResponseType, bool kNeedsOne>
struct VersionMutation : KeyMutation<RequestType, ResponseType> {
  absl::Status Describe(const RequestType& request, CallPlan* plan) {
    if (kNeedsOne && request.version() == 0) return InvalidField("version", "is required");
    plan->key_version = request.version();
    return KeyMutation<RequestType, ResponseType>::Describe(request, plan);
  }
};

struct UpdateKeyMethod : KeyMutation<v1::UpdateKeyRequest, v1::UpdateKeyResponse> {
  static constexpr MethodInfo kInfo{"KeyService.UpdateKey", Action::kKeyUpdate,
                                    MethodInfo::Kind::kMutation};
  KeyPatch patch;

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(KeyMutation::Describe(request, plan));
    FIELDKMS_ASSIGN_OR_RETURN(patch, FromProto(request));
    return absl::OkStatus();
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    return Answer(context.service.keyring.admin().UpdateKey(Ref(request), patch,
                                                            request.request_id(), context.deadline),
                  response);
  }
};

struct EnableKeyVersionMethod
    : VersionMutation<v1::EnableKeyVersionRequest, v1::EnableKeyVersionResponse, true> {
  static constexpr MethodInfo kInfo{"KeyService.EnableKeyVersion", Action::kKeyDisable,
                                    MethodInfo::Kind::kMutation};
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    return Answer(context.service.keyring.admin().EnableVersion(
                      Ref(request), request.version(), request.request_id(), context.deadline),
                  response);
  }
};

struct DisableKeyVersionMethod
    : VersionMutation<v1::DisableKeyVersionRequest, v1::DisableKeyVersionResponse, true> {
  static constexpr MethodInfo kInfo{"KeyService.DisableKeyVersion", Action::kKeyDisable,
                                    MethodInfo::Kind::kMutation};
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    const absl::StatusOr<KeyRecord> key = context.service.keyring.admin().DisableVersion(
        Ref(request), request.version(), request.request_id(), context.deadline);
    if (!key.ok()) return ToCaller(key.status());
    FIELDKMS_RETURN_IF_ERROR(AddLastLeaseEnd(context, *key, request.version(), response));
    return Answer(key, response);
  }
};

struct ScheduleKeyVersionDestroyMethod
    : VersionMutation<v1::ScheduleKeyVersionDestroyRequest, v1::ScheduleKeyVersionDestroyResponse,
                      false> {
  static constexpr MethodInfo kInfo{"KeyService.ScheduleKeyVersionDestroy", Action::kKeyDestroy,
                                    MethodInfo::Kind::kMutation};

  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    KeyAdmin& admin = context.service.keyring.admin();
    const std::chrono::days waiting = request.waiting_days() == 0
                                          ? kDefaultDestroyWaiting
                                          : std::chrono::days(request.waiting_days());
    const absl::StatusOr<KeyRecord> key = admin.ScheduleDestroy(
        Ref(request), request.version(), waiting, request.request_id(), context.deadline);
    if (!key.ok()) return ToCaller(key.status());
    // Of the whole key, the primary version is one that waits.
    const uint32_t version = request.version() == 0 ? key->primary_version : request.version();
    FIELDKMS_ASSIGN_OR_RETURN(
        const std::vector<KeyVersionRecord> found,
        admin.ListKeyVersions(key->tenant, key->name, version + 1, 1, context.deadline));
    if (!found.empty() && found[0].version == version && found[0].destroy_time) {
      ToProto(*found[0].destroy_time, response->mutable_destroy_time());
    }
    response->set_copies_notice(kCopiesNotice);
    FIELDKMS_RETURN_IF_ERROR(AddLastLeaseEnd(context, *key, request.version(), response));
    return Answer(key, response);
  }
};

struct CancelKeyVersionDestroyMethod : VersionMutation<v1::CancelKeyVersionDestroyRequest,
                                                       v1::CancelKeyVersionDestroyResponse, false> {
  static constexpr MethodInfo kInfo{"KeyService.CancelKeyVersionDestroy", Action::kKeyDestroy,
                                    MethodInfo::Kind::kMutation};
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    return Answer(context.service.keyring.admin().CancelDestroy(
                      Ref(request), request.version(), request.request_id(), context.deadline),
                  response);
  }
};

}  // namespace

void AddKeyLifecycleMethods(Engine& engine, KeyAsyncService& service, ServiceContext& context) {
  using Async = KeyAsyncService;
  AddMethod<UpdateKeyMethod>(engine, service, &Async::RequestUpdateKey, context);
  AddMethod<EnableKeyVersionMethod>(engine, service, &Async::RequestEnableKeyVersion, context);
  AddMethod<DisableKeyVersionMethod>(engine, service, &Async::RequestDisableKeyVersion, context);
  AddMethod<ScheduleKeyVersionDestroyMethod>(engine, service,
                                             &Async::RequestScheduleKeyVersionDestroy, context);
  AddMethod<CancelKeyVersionDestroyMethod>(engine, service, &Async::RequestCancelKeyVersionDestroy,
                                           context);
}

}  // namespace fieldkms
