#include "kms/root/vault_login.h"

#include <algorithm>
#include <string>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/status.h"
#include "kms/root/vault_error.h"

namespace fieldkms {
namespace {

using std::chrono::seconds;

// Half a century is as good as any longer time, and sums of it do not overflow.
seconds ToTtl(int64_t number) {
  constexpr seconds kLongest = std::chrono::years(50);
  return seconds(std::clamp<int64_t>(number, 0, kLongest.count()));
}

// A token's life in the `auth` of a reply.
std::optional<TokenLease> LeaseOf(const VaultJson& json) {
  const std::optional<int64_t> ttl = NumberAt(json, {"auth", "lease_duration"});
  if (!ttl) return std::nullopt;
  return TokenLease{ToTtl(*ttl), TrueAt(json, {"auth", "renewable"})};
}

}  // namespace

absl::StatusOr<VaultToken> VaultLogin::LogIn(Deadline deadline) const {
  return std::visit([&](const auto& auth) { return LogInWith(auth, deadline); }, auth_);
}

bool VaultLogin::Changed(const VaultToken& token) const {
  const auto* file = std::get_if<VaultTokenFile>(&auth_);
  if (file == nullptr) return false;
  // A file that is gone is about to come back: what it held is used until then.
  const std::optional<FileStamp> stamp = StampOf(file->path);
  return stamp && *stamp != token.stamp;
}

absl::StatusOr<VaultToken> VaultLogin::LogInWith(const VaultTokenFile& file, Deadline) const {
  FIELDKMS_ASSIGN_OR_RETURN(CredentialFile read,
                            ReadCredentialFile(file.path, CredentialFileMode::kPrivate));
  return VaultToken{std::move(read.text), std::nullopt, read.stamp};
}

absl::StatusOr<VaultToken> VaultLogin::LogInWith(const VaultAppRole& role,
                                                 Deadline deadline) const {
  if (role.secret_id_file.empty()) {
    return RequestLogin(role.mount, {{"role_id", role.role_id}}, deadline);
  }
  FIELDKMS_ASSIGN_OR_RETURN(const CredentialFile secret,
                            ReadCredentialFile(role.secret_id_file, CredentialFileMode::kPrivate));
  return RequestLogin(role.mount,
                      {{"role_id", role.role_id}, {"secret_id", AsText(secret.text.Expose())}},
                      deadline);
}

absl::StatusOr<VaultToken> VaultLogin::LogInWith(const VaultKubernetes& role,
                                                 Deadline deadline) const {
  FIELDKMS_ASSIGN_OR_RETURN(const CredentialFile jwt,
                            ReadCredentialFile(role.jwt_file, CredentialFileMode::kAny));
  return RequestLogin(role.mount, {{"role", role.role}, {"jwt", AsText(jwt.text.Expose())}},
                      deadline);
}

absl::StatusOr<VaultToken> VaultLogin::RequestLogin(const std::string& mount, JsonMembers members,
                                                    Deadline deadline) const {
  const std::string path = "auth/" + mount + "/login";
  const auto send = [&] { return api_.Call(path, SecretBytes(), JsonObject(members), deadline); };
  FIELDKMS_ASSIGN_OR_RETURN(const VaultReply reply, WithRetries(time_, deadline, send));
  if (!reply.ok()) return VaultError(reply, VaultStep::kLogin, path);
  const auto text = TextAt(reply.json, {"auth", "client_token"});
  const auto lease = LeaseOf(reply.json);
  if (!text || text->empty() || !IsPlain(*text) || !lease) return NotVaultsAnswer(path);
  FIELDKMS_ASSIGN_OR_RETURN(SecretBytes token, SecretBytes::CopyOf(AsBytes(*text)));
  return VaultToken{std::move(token), *lease};
}

absl::StatusOr<TokenLease> VaultLogin::Renew(const SecretBytes& token, Deadline deadline) const {
  constexpr std::string_view kPath = "auth/token/renew-self";
  FIELDKMS_ASSIGN_OR_RETURN(const VaultReply reply, api_.Call(kPath, token, "{}", deadline));
  if (!reply.ok()) return VaultError(reply, VaultStep::kToken, kPath);
  const auto lease = LeaseOf(reply.json);
  if (!lease) return NotVaultsAnswer(kPath);
  return *lease;
}

absl::StatusOr<TokenLease> VaultLogin::LookUp(const SecretBytes& token, Deadline deadline) const {
  constexpr std::string_view kPath = "auth/token/lookup-self";
  FIELDKMS_ASSIGN_OR_RETURN(const VaultReply reply, api_.Call(kPath, token, "", deadline));
  if (!reply.ok()) return VaultError(reply, VaultStep::kToken, kPath);
  const auto ttl = NumberAt(reply.json, {"data", "ttl"});
  if (!ttl) return NotVaultsAnswer(kPath);
  return TokenLease{ToTtl(*ttl), TrueAt(reply.json, {"data", "renewable"})};
}

}  // namespace fieldkms
