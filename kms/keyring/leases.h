// Leases: key material given to a client for a short time, so that it seals and opens by
// itself. A lease is disclosure and is treated so: keys deny it unless their policy allows
// it, each lease is in the store before its material leaves, and LastEnd tells who disables
// or destroys a version when the last lease of it ends. No call of this release gives one.
#ifndef FIELDKMS_KMS_KEYRING_LEASES_H_
#define FIELDKMS_KMS_KEYRING_LEASES_H_

#include <chrono>
#include <cstdint>
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

// A lease and what it discloses.
struct GrantedLease {
  LeaseRecord lease;
  KeyRecord key;
  SecretBytes material;  // 32 bytes
};

// Safe for concurrent use. Errors beside those of the store and the root:
// kFailedPrecondition, kLeaseDenied, where the key's policy allows none, or not so much;
// kKeyState; kLeaseNotFound, also for a lease of somebody else; kLeaseExpired.
class Leases {
 public:
  explicit Leases(Keyring& keyring) : core_(keyring.core()) {}

  absl::StatusOr<GrantedLease> Acquire(const LeaseRequest& request, Deadline deadline);

  // Renew gives a lease that has not ended its first length and budget again, from now on;
  // `used`: messages sealed so far under it, all told. Material is not sent again. The
  // key's version must still be what it was for: enabled, and to seal, primary.
  absl::StatusOr<LeaseRecord> Renew(std::string_view tenant, std::string_view lease_id,
                                    std::string_view principal, uint64_t used, Deadline deadline);
  // End gives it back. Also after its end: what was used is worth knowing.
  absl::StatusOr<LeaseRecord> End(std::string_view tenant, std::string_view lease_id,
                                  std::string_view principal, uint64_t used, Deadline deadline);

  // When the last lease of a version ends; nullopt: there is none any more.
  absl::StatusOr<std::optional<WallTime>> LastEnd(const KeyRecord& key, uint32_t version,
                                                  bool encrypt_only, Deadline deadline);

 private:
  absl::StatusOr<LeaseRecord> Find(std::string_view tenant, std::string_view lease_id,
                                   std::string_view principal, Deadline deadline);
  absl::StatusOr<SecretBytes> Material(const KeyRecord& key, const LeaseRecord& lease,
                                       Deadline deadline);

  KeyringCore& core_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_KEYRING_LEASES_H_
