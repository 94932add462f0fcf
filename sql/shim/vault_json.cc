#include "sql/shim/vault_json.h"

#include <charconv>

#include "clients/cpp/wipe.h"
#include "crypto/random_id.h"
#include "crypto/status.h"

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

bool IsShallowJson(std::string_view text) {
  constexpr int kDeepest = 16;
  int depth = 0;
  bool in_text = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\') ++i;
      in_text = c != '"';
    } else if (c == '"') {
      in_text = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kDeepest) return false;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return true;
}

void WipeJson(Json* json) {
  if (auto* const text = json->get_ptr<Json::string_t*>()) return WipeText(text);
  if (!json->is_structured()) return;
  for (Json& child : *json) WipeJson(&child);
}

HttpResponse VaultData(Json data, int status, std::vector<std::string> warnings) {
  Json body = {{"request_id", RequestId()}, {"lease_id", ""},  {"renewable", false},
               {"lease_duration", 0},       {"data", nullptr}, {"wrap_info", nullptr},
               {"warnings", nullptr},       {"auth", nullptr}};
  if (!warnings.empty()) body["warnings"] = std::move(warnings);
  body["data"] = std::move(data);
  const JsonGuard guard(&body);
  return HttpResponse(status, kJsonType, body.dump());
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

std::string TextOf(const Json& object, const char* name, bool* ok) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return {};
  if (found->is_string()) return found->get<std::string>();
  *ok = false;
  return {};
}

int64_t NumberOf(const Json& object, const char* name, int64_t otherwise, bool* ok) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return otherwise;
  if (found->is_number_integer()) return found->get<int64_t>();
  // Vault takes numbers in quotation marks, too.
  if (const auto* const text = found->get_ptr<const std::string*>()) {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error == std::errc() && end == text->data() + text->size()) return value;
  }
  *ok = false;
  return otherwise;
}

bool FlagOf(const Json& object, const char* name, bool otherwise, bool* ok) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return otherwise;
  if (found->is_boolean()) return found->get<bool>();
  if (*found == "true" || *found == "false") return *found == "true";
  *ok = false;
  return otherwise;
}

}  // namespace fieldkms::shim
