#include "sql/shim/vault_json.h"

#include "clients/cpp/wipe.h"
#include "crypto/random_id.h"
#include "crypto/status.h"
#include "crypto/wiped_string.h"

namespace fieldkms::shim {
namespace {

constexpr std::string_view kJsonType = "application/json";

// 32 hex digits in the form of a UUID.
std::string RequestId() {
  const absl::StatusOr<std::string> id = RandomId();
  if (!id.ok()) return "00000000-0000-0000-0000-000000000000";
  return id->substr(0, 8) + "-" + id->substr(8, 4) + "-" + id->substr(12, 4) + "-" +
         id->substr(16, 4) + "-" + id->substr(20);
}

}  // namespace

void WipeJson(Json* json) {
  if (auto* const text = json->get_ptr<Json::string_t*>()) return WipeText(text);
  if (!json->is_structured()) return;
  for (Json& child : *json) WipeJson(&child);
}

void BeginVaultData(JsonWriter* out) { out->Raw(R"({"auth":null,"data":)"); }

HttpResponse EndVaultData(JsonWriter* out, int status, const std::vector<std::string>& warnings) {
  out->Raw(R"(,"lease_duration":0,"lease_id":"","renewable":false,"request_id":)")
      .Text(RequestId())
      .Raw(R"(,"warnings":)")
      .Raw(warnings.empty() ? "null" : Json(warnings).dump())
      .Raw(R"(,"wrap_info":null})");
  return HttpResponse(status, kJsonType, out->Take());
}

HttpResponse VaultData(Json data, int status, const std::vector<std::string>& warnings) {
  WipedString text;
  *text = data.dump();
  WipeJson(&data);
  JsonWriter out(kVaultDataSize + text->size());
  BeginVaultData(&out);
  out.Raw(*text);
  return EndVaultData(&out, status, warnings);
}

HttpResponse VaultEmpty() {
  HttpResponse response;
  response.status = 204;
  return response;
}

HttpResponse VaultErrors(int status, std::string_view message) {
  Json errors = Json::array();
  if (!message.empty()) errors.push_back(message);
  return HttpResponse(status, kJsonType, Json{{"errors", std::move(errors)}}.dump());
}

std::string VaultWords(const absl::Status& status) {
  switch (PublicReason(ReasonOf(status))) {
    case Reason::kDecryptFailed:
      return "cipher: message authentication failed";
    case Reason::kKeyNotFound:
    case Reason::kAliasNotFound:
      return "encryption key not found";
    case Reason::kPermissionDenied:
    case Reason::kUnauthenticated:
      return "permission denied";
    default:
      break;
  }
  // What a library says of a request may hold a piece of it.
  if (!HasReason(status)) return std::string(absl::StatusCodeToString(status.code()));
  return std::string(MessageOf(status));
}

bool IsUserError(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kPermissionDenied:
      return true;
    default:
      return false;
  }
}

HttpResponse VaultFailure(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return VaultErrors(403, "permission denied");
    case absl::StatusCode::kResourceExhausted:
      return VaultErrors(429, VaultWords(status));
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return VaultErrors(503, VaultWords(status));
    default:
      return VaultErrors(IsUserError(status) ? 400 : 500, VaultWords(status));
  }
}

}  // namespace fieldkms::shim
