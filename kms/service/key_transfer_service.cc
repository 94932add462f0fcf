// Import and export of keys.
#include "crypto/status.h"
#include "kms/service/describe.h"
#include "kms/service/key_service.h"
#include "kms/service/method_call.h"
#include "kms/service/records.h"

namespace fieldkms {
namespace {

// Five times what a public key of 4,096 bits takes: all of it is parsed.
constexpr size_t kMaxPublicKeySize = 4'096;

template <class Request>
absl::Status DescribeImport(const Request& request, CallPlan* plan) {
  FIELDKMS_RETURN_IF_ERROR(DescribeKeyMutation(request, plan));
  if (request.import_token().empty()) return InvalidField("import_token", "is required");
  if (request.wrapped_key().empty()) return InvalidField("wrapped_key", "is required");
  return absl::OkStatus();
}

template <class Request>
BroughtKey BroughtBy(const Request& request) {
  return {request.import_token(), request.wrapped_key()};
}

template <class Response>
absl::StatusOr<RunState> AnswerImport(const absl::StatusOr<KeyRecord>& key, RunContext& context,
                                      Response* response) {
  if (!key.ok()) return key.status();
  context.outcome.key_version = key->primary_version;
  ToProto(*key, response->mutable_key());
  return RunState::kDone;
}

// A read as far as the store is concerned: nothing of it stays.
struct GetImportParametersMethod {
  using Request = v1::GetImportParametersRequest;
  using Response = v1::GetImportParametersResponse;
  static constexpr MethodInfo kInfo{"KeyService.GetImportParameters", Action::kKeyImport,
                                    MethodInfo::Kind::kRead};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(CheckTenantId(request.tenant()));
    plan->scope = CallPlan::Scope::kSomeKey;
    plan->tenant = request.tenant();
    return absl::OkStatus();
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(ImportParameters parameters,
                              context.service.keyring.transfer().MakeImportParameters(
                                  request.tenant(), context.deadline));
    response->set_public_key(std::move(parameters.public_pem));
    response->set_import_token(std::move(parameters.token));
    ToProto(parameters.end, response->mutable_expire_time());
    return RunState::kDone;
  }
};

struct ImportKeyMethod {
  using Request = v1::ImportKeyRequest;
  using Response = v1::ImportKeyResponse;
  static constexpr MethodInfo kInfo{"KeyService.ImportKey", Action::kKeyImport,
                                    MethodInfo::Kind::kMutation};
  KeySpec spec;

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(DescribeImport(request, plan));
    FIELDKMS_ASSIGN_OR_RETURN(spec, FromProto(request));
    return absl::OkStatus();
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    return AnswerImport(context.service.keyring.transfer().ImportKey(
                            spec, BroughtBy(request), request.request_id(), context.deadline),
                        context, response);
  }
};

struct ImportKeyVersionMethod {
  using Request = v1::ImportKeyVersionRequest;
  using Response = v1::ImportKeyVersionResponse;
  static constexpr MethodInfo kInfo{"KeyService.ImportKeyVersion", Action::kKeyImport,
                                    MethodInfo::Kind::kMutation};
  uint64_t etag = 0;

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(DescribeImport(request, plan));
    FIELDKMS_ASSIGN_OR_RETURN(etag, ParseEtag(request.etag()));
    return absl::OkStatus();
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    const KeyRef ref{request.tenant(), request.name(), etag};
    return AnswerImport(context.service.keyring.transfer().ImportKeyVersion(
                            ref, BroughtBy(request), request.request_id(), context.deadline),
                        context, response);
  }
};

// Changes nothing, and is a mutation all the same: that a key is about to leave is on
// record before it can.
struct ExportKeyVersionMethod {
  using Request = v1::ExportKeyVersionRequest;
  using Response = v1::ExportKeyVersionResponse;
  static constexpr MethodInfo kInfo{"KeyService.ExportKeyVersion", Action::kKeyExport,
                                    MethodInfo::Kind::kMutation};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(DescribeKey(request, plan));
    plan->key_version = request.version();
    if (request.recipient_public_key().empty()) {
      return InvalidField("recipient_public_key", "is required");
    }
    if (request.recipient_public_key().size() > kMaxPublicKeySize) {
      return InvalidField("recipient_public_key", "must not have more than 4,096 bytes");
    }
    return absl::OkStatus();
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(ExportedVersion exported,
                              context.service.keyring.transfer().ExportVersion(
                                  request.tenant(), request.name(), request.version(),
                                  request.recipient_public_key(), context.deadline));
    context.outcome.key_version = exported.version;
    context.outcome.recipient = std::move(exported.recipient);
    response->set_wrapped_key(std::move(exported.wrapped));
    response->set_version(exported.version);
    return RunState::kDone;
  }
};

}  // namespace

void AddKeyTransferMethods(Engine& engine, KeyAsyncService& service, ServiceContext& context) {
  using Async = KeyAsyncService;
  AddMethod<GetImportParametersMethod>(engine, service, &Async::RequestGetImportParameters,
                                       context);
  AddMethod<ImportKeyMethod>(engine, service, &Async::RequestImportKey, context);
  AddMethod<ImportKeyVersionMethod>(engine, service, &Async::RequestImportKeyVersion, context);
  AddMethod<ExportKeyVersionMethod>(engine, service, &Async::RequestExportKeyVersion, context);
}

}  // namespace fieldkms
