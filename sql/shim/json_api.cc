#include "sql/shim/json_api.h"

#include <memory>
#include <utility>

#include "clients/cpp/call_timeout.h"
#include "clients/cpp/call_trace.h"
#include "crypto/status.h"
#include "kms/access/action.h"
#include "sql/shim/json_messages.h"
#include "sql/shim/json_routes.h"
#include "sql/shim/router.h"

namespace fieldkms::shim {
namespace {

constexpr size_t kMostBody = 4 << 20;
constexpr std::string_view kJsonType = "application/json";
constexpr std::string_view kOpenApiPath = "/v1/openapi.yaml";

HttpResponse Failure(const absl::Status& status) {
  return HttpResponse(HttpStatusOf(status.code()), kJsonType, WriteStatus(status));
}

absl::Status Unknown() {
  return Error(absl::StatusCode::kUnauthenticated, Reason::kUnauthenticated,
               "the shim knows neither this user nor a token");
}

HttpResponse NoRoute(bool is_path) {
  HttpResponse response = Failure(
      Error(absl::StatusCode::kNotFound, Reason::kRequestMalformed,
            is_path ? "this path is not for this method" : "there is nothing at this path"));
  if (is_path) response.status = 405;
  return response;
}

}  // namespace

void JsonApi::AddTo(Router& router) { router.Add("/v1/", *this); }

HttpAdmission JsonApi::Admit(const HttpHead& head) {
  HttpAdmission admission;
  admission.known = peers_.AskerOf(head) != nullptr;
  if (head.path == kOpenApiPath) return admission;  // open to anybody, and takes no body
  admission.most_body = kMostBody;
  const JsonMatch match = MatchJsonRoute(head.method, head.path);
  if (match.route == nullptr) {
    admission.refusal = NoRoute(match.is_path);
  } else if (!admission.known) {
    peers_.NoteStranger(head);
    admission.refusal = Failure(Unknown());
  }
  return admission;
}

void JsonApi::Handle(HttpRequest request, HttpReply reply) {
  if (request.path == kOpenApiPath) {
    if (request.method != "GET") return reply(NoRoute(true));
    return reply(HttpResponse(200, "application/yaml", std::string(OpenApiDocument())));
  }
  const auto held = std::make_shared<const HttpRequest>(std::move(request));
  const bool queued = backend_.workers().Submit([this, held, reply] { reply(Answer(*held)); });
  if (!queued) reply(Failure(ShimOverloaded()));
}

HttpResponse JsonApi::Answer(const HttpRequest& request) {
  // Both were there when the head was read; tokens may have changed since.
  const JsonMatch match = MatchJsonRoute(request.method, request.path);
  const std::shared_ptr<const Asker> asker = peers_.AskerOf(request);
  if (match.route == nullptr) return NoRoute(match.is_path);
  if (asker == nullptr) return Failure(Unknown());
  const CallTimeout timeout(backend_.config().timeout);
  const CallTrace trace(std::string(request.Header("traceparent")));
  JsonCall call{backend_, *asker, request.body, request.query, match.name};
  absl::StatusOr<std::string> answer = match.route->run(call);
  UseRecord record;
  record.refused = ReasonOf(answer.status()) == Reason::kPermissionDenied;
  record.asker = asker.get();
  record.peer = request.peer;
  record.op = match.route->path;
  record.tenant = call.tenant;
  record.name = match.name;
  record.items = call.items;
  record.SetLocal(call.local);
  record.failed = answer.ok() ? call.failed : call.items;
  if (!answer.ok()) record.reason = ReasonName(PublicReason(ReasonOf(answer.status())));
  const absl::Status audited = backend_.audit().Record(record);
  if (!answer.ok() || !audited.ok()) {
    if (answer.ok()) WipeText(&*answer);
    return Failure(audited.ok() ? answer.status() : audited);
  }
  return HttpResponse(200, kJsonType, *std::move(answer));
}

}  // namespace fieldkms::shim
