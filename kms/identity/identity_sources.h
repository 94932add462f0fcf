// IdentitySources: where it is written whom to believe: authorities, revocation lists, the keys of
// issuers. Files and URLs, read again while the service runs.
#ifndef FIELDKMS_KMS_IDENTITY_IDENTITY_SOURCES_H_
#define FIELDKMS_KMS_IDENTITY_IDENTITY_SOURCES_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/identity/certificate_verifier.h"
#include "kms/identity/identity_options.h"
#include "kms/identity/key_set.h"
#include "kms/identity/token_issuer.h"
#include "kms/root/http_client.h"
#include "kms/snapshot_cell.h"

namespace fieldkms {

// What is believed at one time.
struct IdentityView {
  struct Issuer {
    const TokenIssuerOptions* options = nullptr;
    std::shared_ptr<const KeySet> keys;  // empty while they could never be had
  };
  uint64_t generation = 0;  // of this content
  std::shared_ptr<const CertificateVerifier> certificates;
  std::map<std::string, Issuer, std::less<>> issuers;  // by "iss"
};

class IdentitySources {
 public:
  // Open reads everything for the first time. Errors: kInvalidArgument, kConfigInvalid, for a file
  // that is not what it should be, and two issuers with one "iss". A URL that cannot be had is
  // tried again: until then nobody with its tokens is believed. `clock` must outlive it.
  static absl::StatusOr<std::unique_ptr<IdentitySources>> Open(IdentityOptions options,
                                                               const Clock& clock);

  // Refresh reads again what may have changed. What cannot be read, or is no longer right, is
  // logged once, and what was known before stays. One thread at a time. It waits for URLs until
  // `deadline`.
  void Refresh(Deadline deadline);
  // A token names a key that its issuer's set has not: its URL is looked at in the next Refresh, if
  // it was not within the last ten seconds. Thread-safe.
  void AskForKeys() { asked_.store(true, std::memory_order_relaxed); }

  // Valid until the thread's next View of any. Thread-safe.
  const IdentityView& View() const { return view_.ThreadView(); }

 private:
  IdentitySources(IdentityOptions options, const Clock& clock);
  struct IssuerState {
    std::string text;
    std::shared_ptr<const KeySet> keys = std::make_shared<const KeySet>();
    std::unique_ptr<HttpClient> http;
    Deadline looked{};  // last time, of URLs
    bool good = false;  // then
  };

  absl::Status Prepare();
  // Each reads one source, and says whether it differs from what it was.
  absl::StatusOr<bool> LoadCertificates();
  absl::StatusOr<bool> LoadKeys(const IssuerSource& source, IssuerState* state, Deadline deadline);
  absl::StatusOr<std::string> Fetch(const IssuerSource& source, IssuerState* state,
                                    Deadline deadline) const;
  bool IsDue(const IssuerState& state, bool asked) const;
  // Logs a trouble when it begins, and its end.
  void Note(const std::string& what, const absl::Status& status);
  void Publish();

  const IdentityOptions options_;
  const Clock& clock_;
  SnapshotCell<IdentityView> view_;
  std::atomic<bool> asked_{false};
  // Of the thread that refreshes:
  std::string certificate_text_;
  std::shared_ptr<const CertificateVerifier> certificates_;
  std::vector<IssuerState> issuers_;
  size_t first_ = 0;                             // of the issuers, in the next Refresh
  std::map<std::string, std::string> troubles_;  // logged, by what they are about
  uint64_t generation_ = 0;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_IDENTITY_IDENTITY_SOURCES_H_
