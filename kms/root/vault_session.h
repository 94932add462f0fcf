// The token that calls to Vault carry: got when needed, kept alive, replaced.
#ifndef FIELDKMS_KMS_ROOT_VAULT_SESSION_H_
#define FIELDKMS_KMS_ROOT_VAULT_SESSION_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/root/vault_login.h"
#include "kms/single_flight.h"

namespace fieldkms {

// SessionToken is a token in use. Immutable.
struct SessionToken {
  VaultToken token;
  uint64_t login = 0;                 // counts logins: a renewal keeps it
  std::chrono::seconds first_ttl{0};  // what this login was granted first
  Deadline issued;                    // at this login
  Deadline due;                       // when Maintain has something to do
  Deadline expires;
};
using SessionTokenPtr = std::shared_ptr<const SessionToken>;

// A token is renewed when 80 % of its life is over. Up to three attempts are spread over
// what is left; where Vault refuses, or grants less than half of what it did at first
// (its maximum is near), a login follows. Thread-safe.
class VaultSession {
 public:
  // A token younger than this is not replaced on a 403: a missing policy must not turn
  // each call into a login, every one of which Vault keeps a lease for.
  static constexpr std::chrono::seconds kMinAge{10};

  // Both must outlive it.
  VaultSession(const VaultLogin& login, const Clock& clock)
      : login_(login), clock_(clock), logins_(clock) {}

  // Get returns the token; where there is none, it has expired or its file has changed,
  // after a login, which callers share. Errors: as VaultLogin::LogIn; kDeadlineExceeded.
  absl::StatusOr<SessionTokenPtr> Get(Deadline deadline);

  // Replace returns another token than `refused`, which Vault did not take, or `refused`
  // itself if there is none better.
  absl::StatusOr<SessionTokenPtr> Replace(const SessionTokenPtr& refused, Deadline deadline);

  // Maintain does what is due and returns when to call it again.
  Deadline Maintain();

  // Run calls Maintain whenever it is due, until Stop. A request that is under way is
  // waited for: up to the time-outs of the HTTP client.
  void Run();
  void Stop();

 private:
  SessionTokenPtr Current() const;
  // Logs in unless there is a later login than `seen`.
  absl::Status LogIn(uint64_t seen, Deadline deadline);
  void Publish(SessionTokenPtr token);
  // Takes note of `lease` for the token, unless it was replaced meanwhile.
  absl::Status Prolong(const SessionToken& old, const TokenLease& lease);
  absl::Status KeepAlive(const SessionToken& token, Deadline deadline);
  // After a failure of Maintain: when to try again.
  Deadline NextTry(const SessionToken& token);

  const VaultLogin& login_;
  const Clock& clock_;
  SingleFlight<absl::Status> logins_;
  int failures_ = 0;  // of Maintain in a row; Maintain's only

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  SessionTokenPtr current_;
  bool stopped_ = false;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ROOT_VAULT_SESSION_H_
