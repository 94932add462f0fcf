#include "clients/cli/audit_calls.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>

#include "clients/cli/base64_text.h"
#include "clients/cpp/audit_client.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

using google::protobuf::util::TimeUtil;

constexpr size_t kMostOfAPage = 1'000;

// A beginning, such as "2026-11-27", is the first time that begins so.
absl::Status SetTime(const char* name, const std::string& text,
                     google::protobuf::Timestamp* (v1::AuditFilter::*member)(),
                     v1::AuditFilter* filter) {
  constexpr std::string_view kFirst = "0000-01-01T00:00:00";
  if (text.empty()) return absl::OkStatus();
  std::string whole = text;
  if (whole.size() < kFirst.size()) whole += kFirst.substr(whole.size());
  if (TimeUtil::FromString(whole + "Z", (filter->*member)())) return absl::OkStatus();
  return InvalidField(name, "it must be a time in UTC, such as 2026-11-27T14:00:00");
}

absl::Status SetKind(const std::string& text, v1::AuditFilter* filter) {
  if (text.empty()) return absl::OkStatus();
  std::string name = "AUDIT_RECORD_KIND_" + text;
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  v1::AuditRecordKind kind;
  if (!v1::AuditRecordKind_Parse(name, &kind)) return InvalidField("kind", "is not known");
  filter->set_kind(kind);
  return absl::OkStatus();
}

template <class Request>
absl::Status SetFilter(const RecordFilter& filter, Request* request) {
  FIELDKMS_RETURN_IF_ERROR(CheckFilter(filter));
  v1::AuditFilter* const out = request->mutable_filter();
  FIELDKMS_RETURN_IF_ERROR(SetTime("since", filter.since, &v1::AuditFilter::mutable_since, out));
  FIELDKMS_RETURN_IF_ERROR(SetTime("until", filter.until, &v1::AuditFilter::mutable_until, out));
  FIELDKMS_RETURN_IF_ERROR(SetKind(filter.kind, out));
  out->set_method(filter.method);
  out->set_principal(filter.principal);
  out->set_key(filter.key);
  out->set_field(filter.field);
  out->set_code(filter.code);
  request->set_tenant(filter.tenant);
  request->set_with_lines(true);
  return absl::OkStatus();
}

Json HashesJson(const google::protobuf::RepeatedPtrField<std::string>& proof) {
  Json json = Json::array();
  for (const std::string& hash : proof) json.push_back(Base64Text(hash));
  return json;
}

}  // namespace

absl::StatusOr<ToldRecords> ListByService(Session* session, const RecordFilter& filter, size_t most,
                                          const std::string& page_token) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  v1::ListAuditRecordsRequest request;
  FIELDKMS_RETURN_IF_ERROR(SetFilter(filter, &request));
  request.set_page_token(page_token);
  ToldRecords told;
  do {
    request.set_page_size(static_cast<int>(std::min(most - told.records.size(), kMostOfAPage)));
    FIELDKMS_ASSIGN_OR_RETURN(const v1::ListAuditRecordsResponse page,
                              AuditClient(*client).ListAuditRecords(request));
    for (const auto& record : page.records()) {
      told.records.push_back({record.index(), record.line()});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && told.records.size() < most);
  told.next_page_token = request.page_token();
  told.end = request.page_token().empty();
  return told;
}

absl::Status WatchByService(Session* session, const RecordFilter& filter,
                            const std::function<bool(const FoundRecord&)>& on_record) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  v1::WatchAuditRecordsRequest request;
  FIELDKMS_RETURN_IF_ERROR(SetFilter(filter, &request));
  request.set_page_size(static_cast<int>(kMostOfAPage));
  while (true) {
    FIELDKMS_ASSIGN_OR_RETURN(const v1::WatchAuditRecordsResponse page,
                              AuditClient(*client).WatchAuditRecords(request));
    for (const auto& record : page.records()) {
      if (!on_record({record.index(), record.line()})) return absl::OkStatus();
    }
    request.set_resume_token(page.resume_token());
  }
}

absl::StatusOr<Json> ProveByService(Session* session, const std::string& tenant, uint64_t index) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  v1::ProveAuditRecordRequest request;
  request.set_tenant(tenant);
  request.set_index(index);
  FIELDKMS_ASSIGN_OR_RETURN(const v1::ProveAuditRecordResponse proved,
                            AuditClient(*client).ProveAuditRecord(request));
  return Json{{"record", index},
              {"line", proved.line()},
              {"proof", HashesJson(proved.proof())},
              {"checkpoint", proved.checkpoint()}};
}

absl::StatusOr<Json> ContinueByService(Session* session, const std::string& tenant,
                                       uint64_t first_size, const std::string& since) {
  FIELDKMS_ASSIGN_OR_RETURN(Client* const client, session->Connect());
  v1::ProveAuditContinuationRequest request;
  request.set_tenant(tenant);
  request.set_first_size(first_size);
  FIELDKMS_ASSIGN_OR_RETURN(const v1::ProveAuditContinuationResponse proved,
                            AuditClient(*client).ProveAuditContinuation(request));
  return Json{
      {"since", since}, {"proof", HashesJson(proved.proof())}, {"checkpoint", proved.checkpoint()}};
}

}  // namespace fieldkms
