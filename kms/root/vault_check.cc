#include "kms/root/vault_check.h"

#include <string>
#include <string_view>

#include "crypto/status.h"
#include "kms/root/vault_json.h"

namespace fieldkms {
namespace {

absl::Status Bad(std::string_view option, std::string_view rule) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::kConfigInvalid,
               "Vault's " + std::string(option) + " " + std::string(rule), option);
}

absl::Status CheckName(std::string_view option, std::string_view text) {
  if (text.empty()) return Bad(option, "is missing");
  // A path of Vault is put together from these: none may leave its place in it.
  if (!IsPlain(text) || text.front() == '/' || text.back() == '/' ||
      ("/" + std::string(text) + "/").find("/../") != std::string::npos) {
    return Bad(option,
               "must be printable ASCII without spaces, quotes, \\ ? # %, a / at its ends or ..");
  }
  return absl::OkStatus();
}

absl::Status CheckAddress(std::string_view address) {
  const size_t scheme = address.starts_with("https://")  ? 8
                        : address.starts_with("http://") ? 7
                                                         : 0;
  if (scheme == 0) return Bad("address", "must begin with https:// or http://");
  const std::string_view host = address.substr(scheme);
  if (host.empty() || !IsPlain(host) || host.find('@') != std::string_view::npos ||
      host.back() == '/') {
    return Bad("address", "must be a scheme, a host and a port, without a / at its end");
  }
  return absl::OkStatus();
}

absl::Status CheckAuth(const VaultTokenFile& file) {
  return file.path.empty() ? Bad("token file", "is missing") : absl::OkStatus();
}

absl::Status CheckAuth(const VaultAppRole& role) {
  FIELDKMS_RETURN_IF_ERROR(CheckName("AppRole mount", role.mount));
  return CheckName("role id", role.role_id);
}

absl::Status CheckAuth(const VaultKubernetes& role) {
  FIELDKMS_RETURN_IF_ERROR(CheckName("Kubernetes mount", role.mount));
  FIELDKMS_RETURN_IF_ERROR(CheckName("Kubernetes role", role.role));
  return role.jwt_file.empty() ? Bad("JWT file", "is missing") : absl::OkStatus();
}

}  // namespace

absl::Status CheckVaultOptions(const VaultOptions& options) {
  FIELDKMS_RETURN_IF_ERROR(CheckAddress(options.address));
  FIELDKMS_RETURN_IF_ERROR(CheckName("mount", options.mount));
  FIELDKMS_RETURN_IF_ERROR(CheckName("key", options.key));
  if (options.key.find('/') != std::string::npos) return Bad("key", "must not contain a /");
  if (!options.name_space.empty() && !IsPlain(options.name_space)) {
    return Bad("namespace", "must be printable ASCII");
  }
  return std::visit([](const auto& auth) { return CheckAuth(auth); }, options.auth);
}

}  // namespace fieldkms
