#include "sql/shim/json_routes.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

#include "clients/cpp/audit_client.h"
#include "clients/cpp/rotation_client.h"
#include "clients/cpp/wipe.h"
#include "crypto/status.h"
#include "sql/shim/http_message.h"
#include "sql/shim/json_messages.h"
#include "sql/shim/leased_calls.h"
#include "sql/shim/rewrap_sources.h"

namespace fieldkms::shim {
namespace {

// Puts what stands in the path into the request: a field, a key, or a job.
template <class Request>
absl::Status SetName(const JsonCall& call, Request* request) {
  if constexpr (requires { request->mutable_job_id(); }) {
    return SetOnce("job_id", call.name, request->mutable_job_id());
  } else if constexpr (requires { request->mutable_name(); }) {
    return SetOnce("name", call.name, request->mutable_name());
  } else if constexpr (requires {
                         request->mutable_field();
                         request->field().size();
                       }) {
    return SetOnce("field", call.name, request->mutable_field());
  } else if constexpr (requires { request->mutable_destination_key(); }) {
    return SetOnce("destination_key", call.name, request->mutable_destination_key());
  } else if constexpr (requires {
                         request->mutable_key();
                         request->key().size();
                       }) {
    return SetOnce("key", call.name, request->mutable_key());
  }
  return absl::OkStatus();
}

template <class Request>
std::string NameOf(const Request& request) {
  if constexpr (requires { request.name(); }) {
    return request.name();
  } else if constexpr (requires { request.field().size(); }) {
    return request.field();
  } else if constexpr (requires { request.destination_key(); }) {
    return request.destination_key();
  } else if constexpr (requires { request.key().size(); }) {
    return request.key();
  }
  return {};
}

// Of requests without a body: the query has what is optional.
template <class Request>
absl::Status SetPage(const JsonCall& call, Request* request) {
  if constexpr (requires { request->set_page_size(1); }) {
    const std::string size = QueryParameter(call.query, "pageSize");
    int32_t number = 0;
    const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), number);
    if (!size.empty() && (error != std::errc() || end != size.data() + size.size())) {
      return InvalidField("page_size", "must be a number");
    }
    if (!size.empty()) request->set_page_size(number);
    const std::string token = QueryParameter(call.query, "pageToken");
    if (!token.empty()) request->set_page_token(token);
  }
  return absl::OkStatus();
}

// Of lists with a filter: the query has what it says.
template <class Request>
absl::Status SetFilter(const JsonCall& call, Request* request) {
  if constexpr (requires { request->mutable_filter()->mutable_since(); }) {
    nlohmann::json filter = nlohmann::json::object();
    for (const char* const name :
         {"since", "until", "kind", "method", "principal", "key", "field", "code"}) {
      const std::string value = QueryParameter(call.query, name);
      if (!value.empty()) filter[name] = value;
    }
    constexpr auto kReplace = nlohmann::json::error_handler_t::replace;
    if (!ReadMessage(filter.dump(-1, ' ', false, kReplace), request->mutable_filter()).ok()) {
      return InvalidField("filter", "has a time or a kind that is none");
    }
  }
  return absl::OkStatus();
}

// Of rewraps: see RewrapSources.
template <class Request>
absl::Status CheckSources(const JsonCall& call, const Request& request) {
  FIELDKMS_ASSIGN_OR_RETURN(
      const RewrapSources sources,
      RewrapSources::Of(call.backend, call.asker, request.tenant(), request.destination_key()));
  if constexpr (requires { request.items(); }) {
    for (const auto& item : request.items()) {
      FIELDKMS_RETURN_IF_ERROR(sources.Check(item.ciphertext()));
    }
    return absl::OkStatus();
  } else {
    return sources.Check(request.ciphertext());
  }
}

template <class Request>
absl::Status Prepare(JsonCall& call, Action action, Request* request) {
  FIELDKMS_RETURN_IF_ERROR(ReadMessage(call.body, request));
  if constexpr (requires { request->mutable_tenant(); }) {
    FIELDKMS_RETURN_IF_ERROR(
        SetOnce("tenant", QueryParameter(call.query, "tenant"), request->mutable_tenant()));
    call.tenant = request->tenant();
  }
  FIELDKMS_RETURN_IF_ERROR(SetName(call, request));
  FIELDKMS_RETURN_IF_ERROR(SetPage(call, request));
  FIELDKMS_RETURN_IF_ERROR(SetFilter(call, request));
  const std::string name = NameOf(*request);
  if constexpr (requires { request->items(); }) {
    call.items = static_cast<uint64_t>(request->items_size());
    FIELDKMS_RETURN_IF_ERROR(CheckItems(*request, name));
  }
  // A list shows what may be read of it.
  const bool lists = requires { request->page_token(); }
  &&name.empty();
  if (lists ? !call.asker.rules.AllowsSome(action, call.tenant)
            : !call.asker.rules.Allows(action, call.tenant, name)) {
    return JsonDenied();
  }
  if constexpr (requires { request->destination_key(); }) {
    FIELDKMS_RETURN_IF_ERROR(CheckSources(call, *request));
  }
  if constexpr (requires { request->view(); }) {
    FIELDKMS_RETURN_IF_ERROR(SetView(call, action, name, request));
  }
  return absl::OkStatus();
}

template <class Items, class May>
void KeepAllowed(Items* items, May may) {
  for (int i = items->size(); i-- > 0;) {
    if (!may(items->Get(i).name())) items->DeleteSubrange(i, 1);
  }
}

// What the rules do not let the caller read is not on a list.
template <class Response>
void Filter(const JsonCall& call, Action action, Response* response) {
  const auto may = [&](const std::string& name) {
    return call.asker.rules.Allows(action, call.tenant, name);
  };
  if constexpr (requires { response->mutable_keys(); }) KeepAllowed(response->mutable_keys(), may);
  if constexpr (requires {
                  response->mutable_fields();
                  response->next_page_token();
                }) {
    KeepAllowed(response->mutable_fields(), may);
  }
}

// One call: `send` gets the request as it may be sent.
template <class Request, class Send>
absl::StatusOr<std::string> Run(JsonCall& call, Action action, Send send) {
  Request request;
  const WipeGuard wipe(&request);
  FIELDKMS_RETURN_IF_ERROR(Prepare(call, action, &request));
  auto response = send(std::as_const(request));
  FIELDKMS_RETURN_IF_ERROR(response.status());
  const WipeGuard guard(&*response);
  if constexpr (requires { response->failed_count(); }) call.failed = response->failed_count();
  Filter(call, action, &*response);
  return WriteMessage(*response);
}

// Routes that are a method of Client, FieldClient or RotationClient.
template <Action kAction, class Request, auto kMethod>
absl::StatusOr<std::string> OfClient(JsonCall& call) {
  return Run<Request>(call, kAction, [&](const Request& request) {
    return (call.backend.client().*kMethod)(request);
  });
}

template <Action kAction, class Request, auto kMethod>
absl::StatusOr<std::string> OfFields(JsonCall& call) {
  return Run<Request>(call, kAction, [&](const Request& request) {
    return (call.backend.fields().*kMethod)(request);
  });
}

template <Action kAction, class Request, auto kMethod>
absl::StatusOr<std::string> OfRotations(JsonCall& call) {
  return Run<Request>(call, kAction, [&](const Request& request) {
    return (RotationClient(call.backend.client()).*kMethod)(request);
  });
}

template <Action kAction, class Request, auto kMethod>
absl::StatusOr<std::string> OfAudit(JsonCall& call) {
  return Run<Request>(call, kAction, [&](const Request& request) {
    return (AuditClient(call.backend.client()).*kMethod)(request);
  });
}

// With leases, as far as there are any.
template <Action kAction, class Request, auto kMethod>
absl::StatusOr<std::string> OfLeases(JsonCall& call) {
  return Run<Request>(call, kAction, [&](const Request& request) {
    return (LeasedCalls(call.backend, &call.local).*kMethod)(request);
  });
}

absl::StatusOr<std::string> Detokenize(JsonCall& call) {
  return Run<v1::DetokenizeRequest>(call, Action::kFieldDetokenize, [&](const auto& request) {
    return call.backend.fields().Detokenize(request);
  });
}

absl::StatusOr<std::string> BatchDetokenize(JsonCall& call) {
  return Run<v1::BatchDetokenizeRequest>(call, Action::kFieldDetokenize, [&](const auto& request) {
    return call.backend.fields().BatchDetokenize(request);
  });
}

absl::StatusOr<std::string> Status(JsonCall& call) {
  return Run<v1::GetStatusRequest>(call, Action::kSystemRead, [&](const v1::GetStatusRequest&) {
    return call.backend.client().GetStatus();
  });
}

#define FIELDKMS_ROUTE(method, path, of, action, call)                                           \
  JsonRoute {                                                                                    \
    method, path, Action::action, of<Action::action, v1::call##Request, &FIELDKMS_OF_##of::call> \
  }
#define FIELDKMS_OF_OfAudit AuditClient
#define FIELDKMS_OF_OfClient Client
#define FIELDKMS_OF_OfFields FieldClient
#define FIELDKMS_OF_OfLeases LeasedCalls
#define FIELDKMS_OF_OfRotations RotationClient

constexpr JsonRoute kRoutes[] = {
    FIELDKMS_ROUTE("GET", "/v1/audit/records", OfAudit, kAuditRead, ListAuditRecords),
    FIELDKMS_ROUTE("GET", "/v1/audit/checkpoint", OfAudit, kAuditRead, GetAuditCheckpoint),
    FIELDKMS_ROUTE("POST", "/v1/audit/records:prove", OfAudit, kAuditRead, ProveAuditRecord),
    FIELDKMS_ROUTE("POST", "/v1/audit/checkpoint:continue", OfAudit, kAuditRead,
                   ProveAuditContinuation),
    FIELDKMS_ROUTE("GET", "/v1/fields", OfFields, kFieldRead, ListFields),
    FIELDKMS_ROUTE("POST", "/v1/fields", OfFields, kFieldCreate, CreateField),
    FIELDKMS_ROUTE("GET", "/v1/fields/{name}", OfFields, kFieldRead, GetField),
    FIELDKMS_ROUTE("POST", "/v1/fields/{name}:protect", OfFields, kFieldProtect, Protect),
    FIELDKMS_ROUTE("POST", "/v1/fields/{name}:batchProtect", OfFields, kFieldProtect, BatchProtect),
    FIELDKMS_ROUTE("POST", "/v1/fields/{name}:reveal", OfFields, kFieldReveal, Reveal),
    FIELDKMS_ROUTE("POST", "/v1/fields/{name}:batchReveal", OfFields, kFieldReveal, BatchReveal),
    FIELDKMS_ROUTE("POST", "/v1/fields/{name}:mask", OfFields, kFieldMask, Mask),
    FIELDKMS_ROUTE("POST", "/v1/fields/{name}:batchMask", OfFields, kFieldMask, BatchMask),
    FIELDKMS_ROUTE("POST", "/v1/fields/{name}:tokenize", OfFields, kFieldTokenize, Tokenize),
    FIELDKMS_ROUTE("POST", "/v1/fields/{name}:batchTokenize", OfFields, kFieldTokenize,
                   BatchTokenize),
    JsonRoute{"POST", "/v1/fields/{name}:detokenize", Action::kFieldDetokenize, Detokenize},
    JsonRoute{"POST", "/v1/fields/{name}:batchDetokenize", Action::kFieldDetokenize,
              BatchDetokenize},
    FIELDKMS_ROUTE("POST", "/v1/fields/{name}:blindIndex", OfFields, kFieldIndex, BlindIndex),
    FIELDKMS_ROUTE("POST", "/v1/fields/{name}:batchBlindIndex", OfFields, kFieldIndex,
                   BatchBlindIndex),
    FIELDKMS_ROUTE("POST", "/v1/fields/{name}:validate", OfFields, kFieldValidate, Validate),
    FIELDKMS_ROUTE("POST", "/v1/fields/{name}:batchValidate", OfFields, kFieldValidate,
                   BatchValidate),
    FIELDKMS_ROUTE("GET", "/v1/keys", OfClient, kKeyRead, ListKeys),
    FIELDKMS_ROUTE("POST", "/v1/keys", OfClient, kKeyCreate, CreateKey),
    FIELDKMS_ROUTE("GET", "/v1/keys/{name}", OfClient, kKeyRead, GetKey),
    FIELDKMS_ROUTE("GET", "/v1/keys/{name}/versions", OfClient, kKeyRead, ListKeyVersions),
    FIELDKMS_ROUTE("POST", "/v1/keys/{name}:rotate", OfClient, kKeyRotate, RotateKey),
    FIELDKMS_ROUTE("POST", "/v1/keys/{name}:encrypt", OfLeases, kEncrypt, Encrypt),
    FIELDKMS_ROUTE("POST", "/v1/keys/{name}:batchEncrypt", OfLeases, kEncrypt, BatchEncrypt),
    FIELDKMS_ROUTE("POST", "/v1/keys/{name}:decrypt", OfLeases, kDecrypt, Decrypt),
    FIELDKMS_ROUTE("POST", "/v1/keys/{name}:batchDecrypt", OfLeases, kDecrypt, BatchDecrypt),
    FIELDKMS_ROUTE("POST", "/v1/keys/{name}:rewrap", OfClient, kRewrap, Rewrap),
    FIELDKMS_ROUTE("POST", "/v1/keys/{name}:batchRewrap", OfClient, kRewrap, BatchRewrap),
    FIELDKMS_ROUTE("GET", "/v1/rotations", OfRotations, kRotationRead, ListJobs),
    FIELDKMS_ROUTE("POST", "/v1/rotations", OfRotations, kRotationManage, CreateJob),
    FIELDKMS_ROUTE("GET", "/v1/rotations/{id}", OfRotations, kRotationRead, GetJob),
    FIELDKMS_ROUTE("POST", "/v1/rotations/{id}:start", OfRotations, kRotationManage, StartJob),
    FIELDKMS_ROUTE("POST", "/v1/rotations/{id}:pause", OfRotations, kRotationManage, PauseJob),
    FIELDKMS_ROUTE("POST", "/v1/rotations/{id}:resume", OfRotations, kRotationManage, ResumeJob),
    FIELDKMS_ROUTE("POST", "/v1/rotations/{id}:cancel", OfRotations, kRotationManage, CancelJob),
    JsonRoute{"GET", "/v1/status", Action::kSystemRead, Status},
};

// Whether `path` fits a route's; what stands for its name goes to `name`.
bool Fits(std::string_view pattern, std::string_view path, std::string* name) {
  const size_t open = pattern.find('{');
  if (open == std::string_view::npos) return path == pattern;
  const std::string_view before = pattern.substr(0, open);
  const std::string_view after = pattern.substr(pattern.find('}') + 1);
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) ||
      !path.ends_with(after)) {
    return false;
  }
  const std::string_view part =
      path.substr(before.size(), path.size() - before.size() - after.size());
  // A name has neither; "%3A" is a name's, ":" a verb's.
  if (part.find_first_of("/:") != std::string_view::npos) return false;
  return PercentDecode(part, false, name);
}

}  // namespace

std::span<const JsonRoute> JsonRoutes() { return kRoutes; }

JsonMatch MatchJsonRoute(std::string_view method, std::string_view path) {
  JsonMatch match;
  for (const JsonRoute& route : kRoutes) {
    std::string name;
    if (!Fits(route.path, path, &name)) continue;
    match.is_path = true;
    if (route.method != method) continue;
    match.route = &route;
    match.name = std::move(name);
  }
  return match;
}

}  // namespace fieldkms::shim
