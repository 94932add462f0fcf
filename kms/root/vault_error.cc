#include "kms/root/vault_error.h"

#include <string>

#include "crypto/status.h"

namespace fieldkms {
namespace {

std::string Named(std::string_view what, std::string_view path, std::string_view rest) {
  return std::string(what) + std::string(path) + std::string(rest);
}

absl::Status Refused(Reason reason, const std::string& message) {
  return Error(absl::StatusCode::kFailedPrecondition, reason, message);
}

absl::Status Transient(int status) {
  std::string why = "Vault answers with status " + std::to_string(status);
  if (status == 503) why = "Vault is sealed or under maintenance";
  if (status == 429) why = "Vault limits the rate of requests";
  if (status == 307 || status == 308 || status == 472 || status == 473) {
    why = "this Vault server is a standby; its address should be that of the whole cluster";
  }
  return Error(absl::StatusCode::kUnavailable, Reason::kRootUnavailable, why);
}

absl::Status Denied(VaultStep step, std::string_view path) {
  if (step == VaultStep::kLogin) {
    return Refused(Reason::kRootDenied, Named("Vault refuses the login at ", path,
                                              ": check role, credentials and mount"));
  }
  return Refused(Reason::kRootDenied,
                 Named("Vault denies access to ", path,
                       ": the token is not valid, or its policies lack that path"));
}

absl::Status BadRequest(const VaultReply& reply, VaultStep step, std::string_view path) {
  if (step == VaultStep::kLogin) return Denied(step, path);
  if (reply.Says("encryption key not found")) {
    return Refused(Reason::kConfigInvalid, Named("Vault has no transit key for ", path, ""));
  }
  if (reply.Says("invalid ciphertext") || reply.Says("message authentication failed") ||
      reply.Says("too old")) {
    return VaultWrongKey();
  }
  return Refused(Reason::kConfigInvalid,
                 Named("Vault refuses the request to ", path,
                       ": the transit key must be of an AES-GCM or ChaCha20 type, not derived and "
                       "not convergent"));
}

}  // namespace

bool IsTransient(int status) {
  switch (status) {
    case 307:
    case 308:
    case 412:
    case 429:
    case 472:
    case 473:
      return true;
    default:
      return status >= 500;
  }
}

absl::Status VaultError(const VaultReply& reply, VaultStep step, std::string_view path) {
  if (IsTransient(reply.status)) return Transient(reply.status);
  switch (reply.status) {
    case 400:
      return BadRequest(reply, step, path);
    case 401:
    case 403:
      return Denied(step, path);
    case 404:
      return Refused(Reason::kConfigInvalid,
                     Named("Vault has nothing at ", path, ": check mount, key and namespace"));
    default:
      return Refused(
          Reason::kConfigInvalid,
          Named("what answers at ", path, " is not Vault: status " + std::to_string(reply.status)));
  }
}

absl::Status NotVaultsAnswer(std::string_view path) {
  return Error(absl::StatusCode::kUnavailable, Reason::kRootUnavailable,
               Named("the answer from ", path, " is not one that Vault gives"));
}

absl::Status VaultWrongKey() {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kRootWrongKey,
               "the transit key did not wrap that key for that use, or no longer opens what its "
               "older versions wrapped (min_decryption_version)");
}

}  // namespace fieldkms
