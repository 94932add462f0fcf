#include "kms/root/vault_api.h"

#include <charconv>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

// Leaves no token or key behind.
struct WipedRequest : HttpRequest {
  WipedRequest() = default;
  WipedRequest(const WipedRequest&) = delete;
  WipedRequest& operator=(const WipedRequest&) = delete;
  ~WipedRequest() {
    for (auto& [name, value] : headers) WipeString(&value);
    WipeString(&body);
  }
};

// In seconds; the other form, a date, is not one that Vault sends.
std::optional<std::chrono::seconds> RetryAfter(const HttpResponse& response) {
  const std::string* value = FindHeader(response, "Retry-After");
  uint32_t seconds = 0;
  if (value == nullptr ||
      std::from_chars(value->data(), value->data() + value->size(), seconds).ec != std::errc()) {
    return std::nullopt;
  }
  return std::chrono::seconds(seconds);
}

}  // namespace

bool VaultReply::Says(std::string_view text) const {
  if (!json.is_object()) return false;
  const auto errors = json.find("errors");
  if (errors == json.end() || !errors->is_array()) return false;
  for (const VaultJson& error : *errors) {
    if (!error.is_string()) continue;
    if (std::string_view(error.get_ref<const WipedText&>()).find(text) != std::string_view::npos) {
      return true;
    }
  }
  return false;
}

absl::StatusOr<VaultReply> VaultApi::Call(std::string_view path, const SecretBytes& token,
                                          std::string body, Deadline deadline) const {
  WipedRequest request;
  request.method = body.empty() ? "GET" : "POST";
  request.url = address_ + "/v1/" + std::string(path);
  request.body = std::move(body);
  request.headers.reserve(4);  // a header that moves would leave a token behind
  request.headers.emplace_back("X-Vault-Request", "true");
  request.headers.emplace_back("Content-Type", "application/json");
  if (!name_space_.empty()) request.headers.emplace_back("X-Vault-Namespace", name_space_);
  if (!token.empty()) {
    request.headers.emplace_back("X-Vault-Token", AsText(token.Expose()));
  }
  FIELDKMS_ASSIGN_OR_RETURN(HttpResponse response, http_->Send(request, deadline));
  VaultReply reply{response.status, ParseVaultJson(response.body), RetryAfter(response)};
  WipeString(&response.body);
  return reply;
}

}  // namespace fieldkms
