// Identities: who a caller is, by what it shows: a token, a certificate, or the user of its socket.
#ifndef FIELDKMS_KMS_IDENTITY_IDENTITIES_H_
#define FIELDKMS_KMS_IDENTITY_IDENTITIES_H_

#include <chrono>
#include <string_view>

#include "absl/status/statusor.h"
#include "kms/access/access.h"
#include "kms/access/static_access.h"
#include "kms/clock.h"
#include "kms/identity/identity_sources.h"
#include "kms/identity/verdict_cache.h"

namespace fieldkms {

// A caller is one principal:
//   - with a token: the one with the token's issuer and subject; a token that is not believed is
//     refused, whatever else the caller shows. A certificate that comes with it must be a good one.
//   - else with a certificate: the one with any of its names. Refused are certificates that name
//     none, and two that differ.
//   - else the one of the Unix socket's user.
// Verdicts are kept for kVerdictLife at most, never beyond the end of what was shown, and not once
// a source has changed. Thread-safe.
class Identities final : public Authenticator {
 public:
  static constexpr std::chrono::seconds kVerdictLife{60};
  // Of certificates that are refused: verifying one takes long where lists of revocations are.
  static constexpr std::chrono::seconds kRefusalLife{5};

  // All must outlive it.
  Identities(IdentitySources& sources, const StaticAccess& access, const Clock& clock)
      : sources_(sources), access_(access), clock_(clock) {}

  absl::StatusOr<const Principal*> Authenticate(const Caller& caller) const override;

 private:
  // The principal of a good certificate; null: its names are nobody's, or two principals'.
  absl::StatusOr<const Principal*> OwnerOf(std::string_view chain) const;
  const Principal* Named(const VerifiedCertificate& certificate) const;
  absl::StatusOr<const Principal*> ByToken(std::string_view token) const;

  IdentitySources& sources_;
  const StaticAccess& access_;
  const Clock& clock_;
  // By SHA-256: no token is kept, and of a chain no more than that.
  mutable VerdictCache certificates_;
  mutable VerdictCache refused_;
  mutable VerdictCache tokens_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_IDENTITY_IDENTITIES_H_
