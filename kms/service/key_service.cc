#include "kms/service/key_service.h"

#include <charconv>

#include "crypto/names.h"
#include "kms/service/describe.h"
#include "kms/service/method_call.h"
#include "kms/service/records.h"
#include "kms/service/visible_page.h"

namespace fieldkms {
namespace {

// An alias is not taken here: rights were asked for on the name as it stands.
absl::StatusOr<KeyRecord> GetOwnKey(RunContext& context, const std::string& tenant,
                                    const std::string& name) {
  FIELDKMS_ASSIGN_OR_RETURN(KeyRecord key,
                            context.service.keyring.admin().GetKey(tenant, name, context.deadline));
  if (key.name == name) return key;
  return Error(absl::StatusCode::kNotFound, Reason::kKeyNotFound, "the tenant has no such key",
               "name");
}

struct CreateKeyMethod {
  using Request = v1::CreateKeyRequest;
  using Response = v1::CreateKeyResponse;
  static constexpr MethodInfo kInfo{"KeyService.CreateKey", Action::kKeyCreate,
                                    MethodInfo::Kind::kMutation};
  KeySpec spec;

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(DescribeKeyMutation(request, plan));
    FIELDKMS_ASSIGN_OR_RETURN(spec, FromProto(request));
    return absl::OkStatus();
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(
        const KeyRecord key,
        context.service.keyring.admin().CreateKey(spec, request.request_id(), context.deadline));
    ToProto(key, response->mutable_key());
    return RunState::kDone;
  }
};

struct GetKeyMethod {
  using Request = v1::GetKeyRequest;
  using Response = v1::GetKeyResponse;
  static constexpr MethodInfo kInfo{"KeyService.GetKey", Action::kKeyRead, MethodInfo::Kind::kRead};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    return DescribeKey(request, plan);
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(const KeyRecord key,
                              GetOwnKey(context, request.tenant(), request.name()));
    ToProto(key, response->mutable_key());
    return RunState::kDone;
  }
};

struct ListKeysMethod {
  using Request = v1::ListKeysRequest;
  using Response = v1::ListKeysResponse;
  static constexpr MethodInfo kInfo{"KeyService.ListKeys", Action::kKeyRead,
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
    const ListSource<KeyRecord> keys = {.read =
                                            [&](std::string_view from, size_t count) {
                                              return service.keyring.admin().ListKeys(
                                                  request.tenant(), from, count, context.deadline);
                                            },
                                        .visible =
                                            [&](const KeyRecord& key) {
                                              return service.authorizer.Allows(
                                                  context.who, kInfo.action, key.tenant, key.name);
                                            },
                                        .name = &KeyRecord::name};
    FIELDKMS_ASSIGN_OR_RETURN(VisiblePage<KeyRecord> page,
                              ReadVisiblePage(keys, after, limit, service.clock, context.deadline));
    for (const KeyRecord& key : page.records) ToProto(key, response->add_keys());
    response->set_next_page_token(std::move(page.next_page_token));
    return RunState::kDone;
  }
};

struct RotateKeyMethod {
  using Request = v1::RotateKeyRequest;
  using Response = v1::RotateKeyResponse;
  static constexpr MethodInfo kInfo{"KeyService.RotateKey", Action::kKeyRotate,
                                    MethodInfo::Kind::kMutation};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    return DescribeKeyMutation(request, plan);
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(const KeyRecord key,
                              context.service.keyring.admin().RotateKey(
                                  request.tenant(), request.name(), request.expected_primary(),
                                  request.request_id(), context.deadline));
    ToProto(key, response->mutable_key());
    return RunState::kDone;
  }
};

struct ListKeyVersionsMethod {
  using Request = v1::ListKeyVersionsRequest;
  using Response = v1::ListKeyVersionsResponse;
  static constexpr MethodInfo kInfo{"KeyService.ListKeyVersions", Action::kKeyRead,
                                    MethodInfo::Kind::kRead};
  size_t limit = 0;
  uint32_t before = 0;  // 0: from the newest

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(DescribeKey(request, plan));
    FIELDKMS_ASSIGN_OR_RETURN(limit, PageSize(request.page_size()));
    FIELDKMS_ASSIGN_OR_RETURN(const std::string last, ParsePageToken(request.page_token()));
    if (last.empty()) return absl::OkStatus();
    const auto [end, error] = std::from_chars(last.data(), last.data() + last.size(), before);
    if (error != std::errc() || end != last.data() + last.size() || before == 0) {
      return InvalidField("page_token", "is not one that this service gave");
    }
    return absl::OkStatus();
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(const KeyRecord key,
                              GetOwnKey(context, request.tenant(), request.name()));
    FIELDKMS_ASSIGN_OR_RETURN(
        std::vector<KeyVersionRecord> versions,
        context.service.keyring.admin().ListKeyVersions(request.tenant(), request.name(), before,
                                                        limit + 1, context.deadline));
    if (versions.size() > limit) {
      versions.resize(limit);
      response->set_next_page_token(PageToken(std::to_string(versions.back().version)));
    }
    for (const KeyVersionRecord& version : versions) {
      ToProto(version, key.primary_version, response->add_versions());
    }
    return RunState::kDone;
  }
};

}  // namespace

void AddKeyService(Engine& engine, KeyAsyncService& service, ServiceContext& context) {
  using Async = KeyAsyncService;
  engine.AddService(service, v1::KeyService::service_full_name());
  AddMethod<CreateKeyMethod>(engine, service, &Async::RequestCreateKey, context);
  AddMethod<GetKeyMethod>(engine, service, &Async::RequestGetKey, context);
  AddMethod<ListKeysMethod>(engine, service, &Async::RequestListKeys, context);
  AddMethod<RotateKeyMethod>(engine, service, &Async::RequestRotateKey, context);
  AddMethod<ListKeyVersionsMethod>(engine, service, &Async::RequestListKeyVersions, context);
  AddKeyLifecycleMethods(engine, service, context);
  AddKeyTransferMethods(engine, service, context);
  AddAliasMethods(engine, service, context);
}

}  // namespace fieldkms
