// Leases: key material given to a client for a short time, so that it seals and opens by
// itself. A lease is disclosure and is treated so: keys deny it unless their policy allows
// it, each lease is in the store before its material leaves, and LastEnd tells who disables
// or destroys a version when the last lease of it ends. LeaseService gives them.
#ifndef FIELDKMS_KMS_KEYRING_LEASES_H_
#define FIELDKMS_KMS_KEYRING_LEASES_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/secret_bytes.h"
#include "kms/keyring/keyring.h"

namespace fieldkms {

inline constexpr std::chrono::seconds kDefaultLease{300};

struct LeaseRequest {
  std::string_view tenant;
  std::string_view key;          // its name or an alias
  bool encrypt = false;          // to seal with the primary version, too; else to open only
  uint32_t version = 0;          // 0: the primary; another only to open
  std::chrono::seconds time{0};  // 0: kDefaultLease, or what the policy allows if that is less
  uint64_t messages = 0;         // to be sealed; 0: what the policy allows
  std::string_view principal;    // who asks
};

// What a holder says of a lease that it has.
struct LeaseReport {
  std::string_view tenant;
  std::string_view lease_id;
  std::string_view principal;  // who says it
  uint64_t used = 0;           // messages sealed so far under the lease, all told
};

// A lease, the key that it is of, and what it discloses.
struct GrantedLease {
  LeaseRecord lease;
  KeyRecord key;
  SecretBytes material;  // 32 bytes from Acquire, else none
};

// Whether the principal may lease the key, with or without sealing: OK, or what to answer
// instead. Asked once the key is found, before anything is written or unwrapped.
using MayLease = std::function<absl::Status(const KeyRecord& key, bool encrypt)>;

// CheckLeaseId returns InvalidField("lease_id") for what is no id: 32 lower-case hex digits.
absl::Status CheckLeaseId(std::string_view id);

// Safe for concurrent use. Errors beside those of MayLease, the store and the root:
// kFailedPrecondition, kLeaseDenied, where the key's policy allows none, or not so much;
// kKeyPurpose; kKeyState; kLeaseNotFound, also for a lease of somebody else;
// kLeaseExpired.
//
// What is granted stands by the key as it is read after the lease was written: a
// change of policy, primary or state that was done before Acquire or Renew, or while it was
// on its way up to there, is in force, and the call refused.
//
// Time is the wall clock's, which steps. No record ends later than its policy's longest
// after the moment in which it was written; a lease that began in what is now the future
// is not renewed.
class Leases {
 public:
  explicit Leases(Keyring& keyring) : core_(keyring.core()) {}

  absl::StatusOr<GrantedLease> Acquire(const LeaseRequest& request, const MayLease& may,
                                       Deadline deadline);

  // Renew gives a lease that has not ended its first length and budget again, from now on.
  // The key's policy must still allow it, and its version be what it was for: enabled, and
  // to seal, primary. If it fails the lease is as it was.
  absl::StatusOr<GrantedLease> Renew(const LeaseReport& report, const MayLease& may,
                                     Deadline deadline);
  // End gives it back. Also after its end: what was used is worth knowing. What was
  // reported before never becomes less.
  absl::StatusOr<GrantedLease> End(const LeaseReport& report, const MayLease& may,
                                   Deadline deadline);

  // When the last lease of a version ends (0: of any version); nullopt: there is none any
  // more.
  absl::StatusOr<std::optional<WallTime>> LastEnd(const KeyRecord& key, uint32_t version,
                                                  bool encrypt_only, Deadline deadline);

 private:
  // The reporter's own lease.
  absl::StatusOr<GrantedLease> Find(const LeaseReport& report, const MayLease& may,
                                    Deadline deadline);
  absl::StatusOr<KeyVersionRecord> Confirm(const LeaseRequest& terms, GrantedLease* granted,
                                           Deadline deadline);
  absl::Status Disclose(const LeaseRequest& terms, GrantedLease* granted, Deadline deadline);

  KeyringCore& core_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_LEASES_H_
