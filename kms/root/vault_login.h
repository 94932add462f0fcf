// The ways to get a token from Vault, and to keep it.
#ifndef FIELDKMS_KMS_ROOT_VAULT_LOGIN_H_
#define FIELDKMS_KMS_ROOT_VAULT_LOGIN_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"
#include "kms/clock.h"
#include "kms/root/credential_file.h"
#include "kms/root/vault_api.h"
#include "kms/root/vault_options.h"
#include "kms/root/vault_retry.h"

namespace fieldkms {

// What Vault says of a token's life.
struct TokenLease {
  std::chrono::seconds ttl{0};  // 0: it does not expire
  bool renewable = false;
};

struct VaultToken {
  SecretBytes text;
  std::optional<TokenLease> lease = std::nullopt;  // none: not yet asked for
  FileStamp stamp = {};                            // of a token file
};

// VaultLogin is thread-safe. A login is tried again where that may help, see
// WithRetries; Renew and LookUp are not.
class VaultLogin {
 public:
  // `api` must outlive it.
  VaultLogin(const VaultApi& api, const VaultOptions& options, VaultTime time)
      : api_(api), auth_(options.auth), time_(std::move(time)) {}

  // LogIn gets a token: from the file, or with a request. Errors: those of
  // ReadCredentialFile, HttpClient::Send and VaultError.
  absl::StatusOr<VaultToken> LogIn(Deadline deadline) const;
  // Whether the file that `token` came from has changed since.
  bool Changed(const VaultToken& token) const;
  // Whether LogIn asks Vault, so that it gives a fresh token each time.
  bool AsksVault() const { return !std::holds_alternative<VaultTokenFile>(auth_); }

  // Renew and LookUp return the token's life as of now.
  absl::StatusOr<TokenLease> Renew(const SecretBytes& token, Deadline deadline) const;
  absl::StatusOr<TokenLease> LookUp(const SecretBytes& token, Deadline deadline) const;

 private:
  absl::StatusOr<VaultToken> LogInWith(const VaultTokenFile& file, Deadline deadline) const;
  absl::StatusOr<VaultToken> LogInWith(const VaultAppRole& role, Deadline deadline) const;
  absl::StatusOr<VaultToken> LogInWith(const VaultKubernetes& role, Deadline deadline) const;
  absl::StatusOr<VaultToken> RequestLogin(const std::string& mount, JsonMembers members,
                                          Deadline deadline) const;

  const VaultApi& api_;
  const decltype(VaultOptions::auth) auth_;
  const VaultTime time_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_VAULT_LOGIN_H_
