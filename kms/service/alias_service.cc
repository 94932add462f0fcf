// SetAlias, DeleteAlias, ListAliases.
#include <optional>
#include <utility>

#include "crypto/status.h"
#include "kms/service/describe.h"
#include "kms/service/key_service.h"
#include "kms/service/method_call.h"
#include "kms/service/records.h"
#include "kms/service/visible_page.h"

namespace fieldkms {
namespace {

// The part of Describe that both mutations share.
template <class Request>
absl::StatusOr<uint64_t> DescribeAlias(const Request& request, CallPlan* plan) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(request.tenant()));
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(request.alias(), "alias"));
  FIELDKMS_RETURN_IF_ERROR(DescribeMutation(request, plan));
  plan->scope = CallPlan::Scope::kAlias;
  plan->tenant = request.tenant();
  plan->alias = request.alias();
  return ParseEtag(request.etag());
}

struct SetAliasMethod {
  using Request = v1::SetAliasRequest;
  using Response = v1::SetAliasResponse;
  static constexpr MethodInfo kInfo{"KeyService.SetAlias", Action::kAliasSet,
                                    MethodInfo::Kind::kMutation};
  uint64_t etag = 0;

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_ASSIGN_OR_RETURN(etag, DescribeAlias(request, plan));
    FIELDKMS_RETURN_IF_ERROR(CheckKeyName(request.key(), "key"));
    plan->key = request.key();
    return absl::OkStatus();
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    const absl::StatusOr<AliasRecord> alias =
        context.service.keyring.admin().SetAlias(request.tenant(), request.alias(), request.key(),
                                                 etag, request.request_id(), context.deadline);
    // The store's fields are `name`.
    if (ReasonOf(alias.status()) == Reason::kKeyNotFound) {
      return Error(alias.status().code(), Reason::kKeyNotFound, MessageOf(alias.status()), "key");
    }
    if (!alias.ok()) return alias.status();
    ToProto(*alias, request.key(), response->mutable_alias());
    return RunState::kDone;
  }
};

struct DeleteAliasMethod {
  using Request = v1::DeleteAliasRequest;
  using Response = v1::DeleteAliasResponse;
  static constexpr MethodInfo kInfo{"KeyService.DeleteAlias", Action::kAliasSet,
                                    MethodInfo::Kind::kMutation};
  uint64_t etag = 0;

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_ASSIGN_OR_RETURN(etag, DescribeAlias(request, plan));
    return etag != 0 ? absl::OkStatus() : InvalidField("etag", "is required");
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response*) {
    FIELDKMS_RETURN_IF_ERROR(context.service.keyring.admin()
                                 .SetAlias(request.tenant(), request.alias(), {}, etag,
                                           request.request_id(), context.deadline)
                                 .status());
    return RunState::kDone;
  }
};

// An alias with the own name of its key.
struct NamedAlias {
  AliasRecord record;
  std::string alias, key;
};

// Reads aliases, and then the key of each; all again where one was deleted or pointed
// elsewhere in between.
class AliasReader {
 public:
  AliasReader(RunContext& context, const std::string& tenant)
      : admin_(context.service.keyring.admin()), deadline_(context.deadline), tenant_(tenant) {}

  absl::StatusOr<std::vector<NamedAlias>> Read(std::string_view after, size_t limit) {
    constexpr int kMostReads = 8;
    for (int reads = 0; reads < kMostReads; ++reads) {
      FIELDKMS_ASSIGN_OR_RETURN(const std::vector<AliasRecord> records,
                                admin_.ListAliases(tenant_, after, limit, deadline_));
      FIELDKMS_ASSIGN_OR_RETURN(auto named, NameAll(records));
      if (named) return *std::move(named);
    }
    return Error(absl::StatusCode::kUnavailable, Reason::kOverloaded,
                 "the aliases change faster than they can be read");
  }

 private:
  // nullopt: one is gone, or points elsewhere by now.
  absl::StatusOr<std::optional<std::vector<NamedAlias>>> NameAll(
      const std::vector<AliasRecord>& records) {
    std::vector<NamedAlias> named;
    for (const AliasRecord& record : records) {
      const auto key = admin_.GetKey(tenant_, record.alias, deadline_);
      if (!key.ok() && key.status().code() != absl::StatusCode::kNotFound) return key.status();
      if (!key.ok() || key->key_id != record.key_id) return std::nullopt;
      named.push_back({record, record.alias, key->name});
    }
    return named;
  }

  KeyAdmin& admin_;
  const Deadline deadline_;
  const std::string& tenant_;
};

struct ListAliasesMethod {
  using Request = v1::ListAliasesRequest;
  using Response = v1::ListAliasesResponse;
  static constexpr MethodInfo kInfo{"KeyService.ListAliases", Action::kKeyRead,
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
    AliasReader reader(context, request.tenant());
    const ListSource<NamedAlias> aliases = {
        .read = [&](std::string_view from, size_t count) { return reader.Read(from, count); },
        .visible =
            [&](const NamedAlias& alias) {
              return service.authorizer.Allows(context.who, kInfo.action, request.tenant(),
                                               alias.key);
            },
        .name = &NamedAlias::alias};
    FIELDKMS_ASSIGN_OR_RETURN(
        VisiblePage<NamedAlias> page,
        ReadVisiblePage(aliases, after, limit, service.clock, context.deadline));
    for (const NamedAlias& alias : page.records) {
      ToProto(alias.record, alias.key, response->add_aliases());
    }
    response->set_next_page_token(std::move(page.next_page_token));
    return RunState::kDone;
  }
};

}  // namespace

void AddAliasMethods(Engine& engine, KeyAsyncService& service, ServiceContext& context) {
  using Async = KeyAsyncService;
  AddMethod<SetAliasMethod>(engine, service, &Async::RequestSetAlias, context);
  AddMethod<DeleteAliasMethod>(engine, service, &Async::RequestDeleteAlias, context);
  AddMethod<ListAliasesMethod>(engine, service, &Async::RequestListAliases, context);
}

}  // namespace fieldkms
