#include "kms/service/subject_service.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "crypto/base64.h"
#include "crypto/hex.h"
#include "crypto/names.h"
#include "crypto/xaes_gcm.h"
#include "kms/service/method_call.h"
#include "kms/service/records.h"
#include "kms/service/token_reader.h"

namespace fieldkms {
namespace {

absl::Status CheckSubjectId(std::string_view subject) {
  if (subject.empty() || subject.size() > kMaxSubjectId) {
    return InvalidField("subject", "is not 1 to 256 bytes");
  }
  return absl::OkStatus();
}

template <class Request>
absl::Status DescribeSubject(const Request& request, CallPlan* plan) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(request.tenant()));
  FIELDKMS_RETURN_IF_ERROR(CheckSubjectId(request.subject()));
  plan->scope = CallPlan::Scope::kTenant;
  plan->tenant = request.tenant();
  return absl::OkStatus();
}

// Page tokens: "2." and where the page before ended, in base64url: ids of subjects and tokens may
// be any bytes. As PageToken's, they carry no authority.
constexpr std::string_view kBytesPrefix = "2.";
std::string BytesPageToken(std::string_view last) {
  std::string text(Base64Size(Base64::kUrl, last.size()), '\0');
  EncodeBase64(Base64::kUrl, AsBytes(last), AsMutableBytes(text));
  return std::string(kBytesPrefix) + text;
}
absl::StatusOr<std::string> ParseBytesPageToken(std::string_view token) {
  if (token.empty()) return std::string();
  const auto invalid = [] {
    return InvalidField("page_token", "is not one that this service gave");
  };
  if (!token.starts_with(kBytesPrefix) || token.size() > 4 * kMaxTokenBytes) return invalid();
  token.remove_prefix(kBytesPrefix.size());
  std::string bytes(MaxBase64Bytes(token.size()), '\0');
  const auto size = DecodeBase64(Base64::kUrl, AsBytes(token), AsMutableBytes(bytes));
  if (!size) return invalid();
  bytes.resize(*size);
  return bytes;
}

void FillSubject(std::string_view tenant, const SubjectRecord& record, v1::Subject* out) {
  out->set_tenant(std::string(tenant));
  out->set_subject(record.subject);
  out->set_handle(EncodeHex(AsBytes(record.handle)));
  ToProto(record.create_time, out->mutable_create_time());
  if (!record.hold) return;
  out->mutable_hold()->set_reason(record.hold->reason);
  ToProto(record.hold->time, out->mutable_hold()->mutable_time());
}

// The fields of a tenant by their ids: those that a subject has are few, but are known by id only.
using FieldsById = std::map<uint64_t, FieldRecord>;
absl::StatusOr<FieldsById> ReadFields(RunContext& context, std::string_view tenant) {
  constexpr size_t kPage = 1'000;
  FieldsById fields;
  std::string after;
  while (true) {
    FIELDKMS_ASSIGN_OR_RETURN(
        std::vector<FieldRecord> page,
        context.service.field_admin.List(tenant, after, kPage, context.deadline));
    for (FieldRecord& field : page) {
      after = field.name;
      fields.emplace(field.field_id, std::move(field));
    }
    if (page.size() < kPage) return fields;
  }
}

// Finds a subject and notes it for the audit trail.
absl::StatusOr<SubjectRecord> Find(RunContext& context, std::string_view tenant,
                                   std::string_view subject) {
  FIELDKMS_ASSIGN_OR_RETURN(SubjectRecord record, context.service.subjects.FindSubject(
                                                      tenant, subject, context.deadline));
  context.outcome.subject = EncodeHex(AsBytes(record.handle));
  return record;
}

// Adds the names of fields; one that is known no more is left out.
void AddFieldNames(const FieldsById& fields, const std::vector<uint64_t>& ids, v1::Subject* out) {
  for (const uint64_t id : ids) {
    const auto field = fields.find(id);
    if (field != fields.end()) out->add_fields(field->second.name);
  }
  std::sort(out->mutable_fields()->begin(), out->mutable_fields()->end());
}

struct GetSubjectMethod {
  using Request = v1::GetSubjectRequest;
  using Response = v1::GetSubjectResponse;
  static constexpr MethodInfo kInfo{"SubjectService.GetSubject", Action::kSubjectRead,
                                    MethodInfo::Kind::kRead};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    return DescribeSubject(request, plan);
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(const SubjectRecord record,
                              Find(context, request.tenant(), request.subject()));
    FillSubject(request.tenant(), record, response->mutable_subject());
    FIELDKMS_ASSIGN_OR_RETURN(const std::vector<uint64_t> ids,
                              context.service.subjects.ListSubjectFields(
                                  request.tenant(), record.handle, context.deadline));
    FIELDKMS_ASSIGN_OR_RETURN(const FieldsById fields, ReadFields(context, request.tenant()));
    AddFieldNames(fields, ids, response->mutable_subject());
    return RunState::kDone;
  }
};

struct ListSubjectsMethod {
  using Request = v1::ListSubjectsRequest;
  using Response = v1::ListSubjectsResponse;
  static constexpr MethodInfo kInfo{"SubjectService.ListSubjects", Action::kSubjectRead,
                                    MethodInfo::Kind::kRead};
  size_t limit = 0;
  std::string after;

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(CheckTenantId(request.tenant()));
    FIELDKMS_ASSIGN_OR_RETURN(limit, PageSize(request.page_size()));
    FIELDKMS_ASSIGN_OR_RETURN(after, ParseBytesPageToken(request.page_token()));
    plan->scope = CallPlan::Scope::kTenant;
    plan->tenant = request.tenant();
    return absl::OkStatus();
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(const std::vector<SubjectRecord> records,
                              context.service.subjects.ListSubjects(request.tenant(), after,
                                                                    limit + 1, context.deadline));
    for (size_t i = 0; i < std::min(records.size(), limit); ++i) {
      FillSubject(request.tenant(), records[i], response->add_subjects());
    }
    if (records.size() > limit) {
      response->set_next_page_token(BytesPageToken(records[limit - 1].subject));
    }
    return RunState::kDone;
  }
};

// A page of tokens ends at a field and a token.
std::string PlaceText(uint64_t field_id, std::string_view token) {
  return FormatKeyId(field_id) + std::string(token);
}

absl::StatusOr<TokenPlace> ParsePlace(std::string_view text) {
  TokenPlace place;
  if (text.empty()) return place;
  constexpr size_t kIdDigits = 16;
  const std::string_view id = text.substr(0, kIdDigits);
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), place.field_id, 16);
  if (error != std::errc() || end != id.data() + kIdDigits) {
    return InvalidField("page_token", "is not one that this method gave");
  }
  place.token = text.substr(kIdDigits);
  return place;
}

struct ListSubjectTokensMethod {
  using Request = v1::ListSubjectTokensRequest;
  using Response = v1::ListSubjectTokensResponse;
  static constexpr MethodInfo kInfo{"SubjectService.ListSubjectTokens", Action::kSubjectRead,
                                    MethodInfo::Kind::kRead};
  size_t limit = 0;
  TokenPlace after;

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_RETURN_IF_ERROR(DescribeSubject(request, plan));
    FIELDKMS_ASSIGN_OR_RETURN(limit, PageSize(request.page_size()));
    FIELDKMS_ASSIGN_OR_RETURN(const std::string place, ParseBytesPageToken(request.page_token()));
    FIELDKMS_ASSIGN_OR_RETURN(after, ParsePlace(place));
    return absl::OkStatus();
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(const SubjectRecord record,
                              Find(context, request.tenant(), request.subject()));
    FIELDKMS_ASSIGN_OR_RETURN(const FieldsById fields, ReadFields(context, request.tenant()));
    FIELDKMS_ASSIGN_OR_RETURN(const auto tokens,
                              context.service.subjects.ListSubjectTokens(
                                  request.tenant(), record.handle, after, limit + 1,
                                  context.service.clock.Now(), context.deadline));
    for (size_t i = 0; i < std::min(tokens.size(), limit); ++i) {
      const auto& [field_id, token] = tokens[i];
      const auto field = fields.find(field_id);
      if (field == fields.end()) continue;
      FIELDKMS_RETURN_IF_ERROR(Add(field->second.name, token, response->add_tokens()));
    }
    if (tokens.size() > limit) {
      const auto& [field_id, token] = tokens[limit - 1];
      response->set_next_page_token(BytesPageToken(PlaceText(field_id, token.token)));
    }
    return RunState::kDone;
  }

 private:
  static absl::Status Add(const std::string& field, const TokenRecord& token,
                          v1::SubjectToken* out) {
    out->set_field(field);
    out->set_token(token.token);
    ToProto(token.create_time, out->mutable_create_time());
    if (token.expire_time) ToProto(*token.expire_time, out->mutable_expire_time());
    out->set_single_use(token.single_use);
    return DecodeMetadata(token.metadata, out->mutable_metadata());
  }
};

struct SetLegalHoldMethod {
  using Request = v1::SetLegalHoldRequest;
  using Response = v1::SetLegalHoldResponse;
  static constexpr MethodInfo kInfo{"SubjectService.SetLegalHold", Action::kSubjectHold,
                                    MethodInfo::Kind::kMutation};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    if (request.reason().size() > kMaxHoldReason) {
      return InvalidField("reason", "is longer than 1,024 bytes");
    }
    return DescribeSubject(request, plan);
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    std::optional<LegalHold> hold;
    if (!request.reason().empty()) {
      hold = LegalHold{request.reason(), context.service.clock.Now()};
    }
    FIELDKMS_ASSIGN_OR_RETURN(const SubjectRecord record,
                              context.service.subjects.SetHold(request.tenant(), request.subject(),
                                                               hold, context.deadline));
    context.outcome.subject = EncodeHex(AsBytes(record.handle));
    FillSubject(request.tenant(), record, response->mutable_subject());
    return RunState::kDone;
  }
};

struct EraseSubjectMethod {
  using Request = v1::EraseSubjectRequest;
  using Response = v1::EraseSubjectResponse;
  static constexpr MethodInfo kInfo{"SubjectService.EraseSubject", Action::kSubjectErase,
                                    MethodInfo::Kind::kMutation};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    return DescribeSubject(request, plan);
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    // Read first, so that nothing fails for want of it when the subject is gone.
    FIELDKMS_ASSIGN_OR_RETURN(const FieldsById fields, ReadFields(context, request.tenant()));
    const absl::StatusOr<SubjectErasure> erasure = context.service.erasures.EraseSubject(
        request.tenant(), request.subject(), context.deadline);
    if (!erasure.ok()) {
      // One that is there, and was not to be erased, is noted by its handle.
      (void)Find(context, request.tenant(), request.subject());
      return erasure.status();
    }
    ForgetDerivedKeys();
    const ErasedSubject& erased = erasure->erased;
    context.outcome.subject = EncodeHex(AsBytes(erased.subject.handle));
    FillSubject(request.tenant(), erased.subject, response->mutable_subject());
    AddFieldNames(fields, erased.field_ids, response->mutable_subject());
    ToProto(erasure->time, response->mutable_erase_time());
    ToProto(erasure->effective_at_latest, response->mutable_effective_at_latest());
    response->set_erased_token_count(erased.tokens);
    response->set_erasure_number(erasure->log_number);
    return AddIndexed(fields, erased.field_ids, response);
  }

 private:
  static absl::StatusOr<RunState> AddIndexed(const FieldsById& fields,
                                             const std::vector<uint64_t>& ids, Response* response) {
    for (const uint64_t id : ids) {
      const auto field = fields.find(id);
      if (field == fields.end()) continue;
      const auto policy = PolicyFromJson(field->second.policy);
      // One that cannot be read may have an index: better one too many.
      if (!policy.ok() || policy->index) response->add_indexed_fields(field->second.name);
    }
    return RunState::kDone;
  }
};

}  // namespace

void AddSubjectService(Engine& engine, SubjectAsyncService& service, ServiceContext& context) {
  using Async = SubjectAsyncService;
  engine.AddService(service, v1::SubjectService::service_full_name());
  AddMethod<GetSubjectMethod>(engine, service, &Async::RequestGetSubject, context);
  AddMethod<ListSubjectsMethod>(engine, service, &Async::RequestListSubjects, context);
  AddMethod<ListSubjectTokensMethod>(engine, service, &Async::RequestListSubjectTokens, context);
  AddMethod<SetLegalHoldMethod>(engine, service, &Async::RequestSetLegalHold, context);
  AddMethod<EraseSubjectMethod>(engine, service, &Async::RequestEraseSubject, context);
}

}  // namespace fieldkms
