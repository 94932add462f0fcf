#include "kms/identity/identities.h"

#include <algorithm>
#include <string>

#include "crypto/sha256.h"
#include "crypto/status.h"
#include "kms/identity/signed_token.h"

namespace fieldkms {
namespace {

constexpr size_t kMaxChainSize = 32 << 10;

absl::Status Unknown(std::string_view message) {
  return Error(absl::StatusCode::kUnauthenticated, Reason::kUnauthenticated, message);
}

}  // namespace

absl::StatusOr<const Principal*> Identities::Authenticate(const Caller& caller) const {
  const Principal* owner = nullptr;
  if (!caller.certificate.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(owner, OwnerOf(caller.certificate));
  }
  if (!caller.token.empty()) return ByToken(caller.token);
  if (owner != nullptr) return owner;
  if (!caller.certificate.empty()) {
    return Unknown("no principal is configured for the names of the client's certificate, or two");
  }
  if (caller.address.empty()) return access_.Authenticate(caller);
  return Unknown("this connection shows no certificate, and the call no token");
}

absl::StatusOr<const Principal*> Identities::OwnerOf(std::string_view chain) const {
  // Some kilobytes; a client could send other certificates along each time, and have them kept.
  if (chain.size() > kMaxChainSize)
    return Unknown("the client's chain of certificates is too long");
  FIELDKMS_ASSIGN_OR_RETURN(const auto digest, Sha256(AsBytes(chain)));
  const std::string_view key = AsText(digest);
  const IdentityView& view = sources_.View();
  const WallTime now = clock_.Now();
  if (const auto known = certificates_.Find(key, view.generation, now)) return *known;
  if (refused_.Find(key, view.generation, now)) {
    return Unknown("the client's certificate is refused, as it was just now");
  }
  if (view.certificates == nullptr) return Unknown("certificates of clients are not believed");
  const absl::StatusOr<VerifiedCertificate> certificate = view.certificates->Verify(chain, now);
  if (!certificate.ok()) {
    refused_.Put(key, view.generation, now + kRefusalLife, nullptr);
    return certificate.status();
  }
  const Principal* const owner = Named(*certificate);
  certificates_.Put(key, view.generation, std::min(certificate->expires, now + kVerdictLife),
                    owner);
  return owner;
}

const Principal* Identities::Named(const VerifiedCertificate& certificate) const {
  const Principal* found = nullptr;
  for (const std::string& name : certificate.names) {
    const Principal* const one = access_.FindCertificate(name);
    if (one == nullptr) continue;
    if (found != nullptr && found != one) return nullptr;
    found = one;
  }
  return found;
}

absl::StatusOr<const Principal*> Identities::ByToken(std::string_view token) const {
  if (token.size() > kMaxTokenSize) return Unknown("the token is not valid");
  FIELDKMS_ASSIGN_OR_RETURN(const auto digest, Sha256(AsBytes(token)));
  const std::string_view key = AsText(digest);
  const IdentityView& view = sources_.View();
  const WallTime now = clock_.Now();
  if (const auto known = tokens_.Find(key, view.generation, now)) return *known;
  const auto issuer = view.issuers.find(ClaimedIssuer(token));
  if (issuer == view.issuers.end()) return Unknown("the token is not valid");
  const TokenIssuerOptions& options = *issuer->second.options;
  const absl::StatusOr<TokenClaims> claims = CheckToken(token, options, *issuer->second.keys, now);
  if (!claims.ok()) {
    if (!HasKeyOf(token, *issuer->second.keys)) sources_.AskForKeys();
    return claims.status();
  }
  const Principal* const principal = access_.FindToken(options.name, claims->subject);
  if (principal == nullptr) return Unknown("no principal is configured for the token's subject");
  tokens_.Put(key, view.generation, std::min(claims->expires, now + kVerdictLife), principal);
  return principal;
}

}  // namespace fieldkms
