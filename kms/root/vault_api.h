// One request to Vault and its reply.
#ifndef FIELDKMS_KMS_ROOT_VAULT_API_H_
#define FIELDKMS_KMS_ROOT_VAULT_API_H_

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"
#include "kms/clock.h"
#include "kms/root/http_client.h"
#include "kms/root/vault_json.h"

namespace fieldkms {

// VaultReply is a reply of any status.
struct VaultReply {
  int status = 0;
  VaultJson json;  // null where the body is none
  std::optional<std::chrono::seconds> retry_after = std::nullopt;

  bool ok() const { return status == 200 || status == 204; }
  // Whether one of `errors` contains `text`.
  bool Says(std::string_view text) const;
};

// VaultApi adds address, namespace and token to requests. Thread-safe.
class VaultApi {
 public:
  VaultApi(std::string address, std::string name_space, std::unique_ptr<HttpClient> http)
      : address_(std::move(address)), name_space_(std::move(name_space)), http_(std::move(http)) {}

  // Call sends a POST with `body`, which it wipes, or a GET where that is empty, to
  // "/v1/" ‖ path; without a token where that is empty. Errors: as HttpClient::Send.
  absl::StatusOr<VaultReply> Call(std::string_view path, const SecretBytes& token, std::string body,
                                  Deadline deadline) const;

 private:
  const std::string address_;
  const std::string name_space_;
  const std::unique_ptr<HttpClient> http_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_VAULT_API_H_
