#include "kms/keyring/leases.h"

#include <algorithm>
#include <array>
#include <utility>

#include "crypto/hex.h"
#include "crypto/names.h"
#include "crypto/random.h"
#include "crypto/status.h"
#include "kms/keyring/core.h"
#include "kms/keyring/wrap.h"

namespace fieldkms {
namespace {

using std::chrono::seconds;

absl::Status Denied(std::string_view message, std::string_view field = {}) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kLeaseDenied, message, field);
}
absl::Status NotFound() {
  return Error(absl::StatusCode::kNotFound, Reason::kLeaseNotFound, "there is no such lease",
               "lease_id");
}
absl::Status Expired() {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kLeaseExpired,
               "the lease has ended: acquire a new one", "lease_id");
}

absl::StatusOr<std::string> DrawLeaseId() {
  std::array<uint8_t, 16> bytes;
  FIELDKMS_RETURN_IF_ERROR(RandomBytes(bytes));
  return EncodeHex(bytes);
}

// What the key's policy grants of what is asked for.
absl::Status SetTerms(const KeyRecord& key, const LeaseRequest& request, WallTime now,
                      LeaseRecord* lease) {
  const LeasePolicy& policy = key.lease;
  if (policy.longest.count() == 0) return Denied("the key allows no leases", "key");
  if (key.audit_per_operation) return Denied("each operation of the key is audited", "key");
  if (request.time.count() < 0 || request.time > policy.longest) {
    return Denied(
        "the key allows leases of " + std::to_string(policy.longest.count()) + " seconds at most",
        "time");
  }
  if (request.messages > policy.most_messages) {
    return Denied(
        "the key allows " + std::to_string(policy.most_messages) + " messages in a lease at most",
        "messages");
  }
  const seconds time =
      request.time.count() != 0 ? request.time : std::min(kDefaultLease, policy.longest);
  lease->expire_time = now + time;
  lease->most_messages = request.messages != 0 ? request.messages : policy.most_messages;
  if (!request.encrypt) lease->most_messages = 0;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<GrantedLease> Leases::Acquire(const LeaseRequest& request, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(request.tenant));
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(request.key, "key"));
  FIELDKMS_ASSIGN_OR_RETURN(const KeyRecord key,
                            core_.store.GetKey(request.tenant, request.key, deadline));
  GrantedLease granted;
  LeaseRecord& lease = granted.lease;
  lease.tenant = key.tenant;
  lease.key_id = key.key_id;
  lease.version = request.version != 0 ? request.version : key.primary_version;
  lease.encrypt = request.encrypt;
  lease.principal = request.principal;
  lease.create_time = core_.clock.Now();
  FIELDKMS_RETURN_IF_ERROR(SetTerms(key, request, lease.create_time, &lease));
  if (lease.encrypt && lease.version != key.primary_version) {
    return InvalidField("version", "is not the primary one: only that seals");
  }
  FIELDKMS_ASSIGN_OR_RETURN(lease.lease_id, DrawLeaseId());
  // Written before the state is looked at: whoever disables the version later than that
  // look finds the lease, and is told of it.
  FIELDKMS_RETURN_IF_ERROR(core_.store.PutLease(lease, deadline));
  FIELDKMS_ASSIGN_OR_RETURN(granted.key, core_.store.GetKeyById(key.tenant, key.key_id, deadline));
  FIELDKMS_ASSIGN_OR_RETURN(granted.material, Material(granted.key, lease, deadline));
  return granted;
}

absl::StatusOr<SecretBytes> Leases::Material(const KeyRecord& key, const LeaseRecord& lease,
                                             Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(
      const KeyVersionRecord version,
      core_.store.GetKeyVersion(key.tenant, key.key_id, lease.version, deadline));
  FIELDKMS_RETURN_IF_ERROR(MayOpen(key, version.version, version.state));
  FIELDKMS_ASSIGN_OR_RETURN(const KekCache::KekPtr kek,
                            core_.keks.Get(key.tenant, version.kek_version, deadline));
  return UnwrapDek(kek->key, version.wrapped,
                   DekPlace{key.tenant, key.key_id, version.version, key.purpose});
}

absl::StatusOr<LeaseRecord> Leases::Find(std::string_view tenant, std::string_view lease_id,
                                         std::string_view principal, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  std::array<uint8_t, 16> bytes;
  if (!DecodeHex(lease_id, bytes)) return InvalidField("lease_id", "is not 32 hex digits");
  FIELDKMS_ASSIGN_OR_RETURN(LeaseRecord lease, core_.store.GetLease(tenant, lease_id, deadline));
  if (lease.principal != principal) return NotFound();
  return lease;
}

absl::StatusOr<LeaseRecord> Leases::Renew(std::string_view tenant, std::string_view lease_id,
                                          std::string_view principal, uint64_t used,
                                          Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(LeaseRecord lease, Find(tenant, lease_id, principal, deadline));
  const WallTime now = core_.clock.Now();
  if (now >= lease.expire_time) return Expired();
  FIELDKMS_ASSIGN_OR_RETURN(const KeyRecord key,
                            core_.store.GetKeyById(tenant, lease.key_id, deadline));
  if (lease.encrypt && key.primary_version != lease.version) {
    return Denied("the key has a new primary version: acquire a lease of that");
  }
  const LeaseRequest terms{
      tenant,
      key.name,
      lease.encrypt,
      lease.version,
      std::chrono::duration_cast<seconds>(lease.expire_time - lease.create_time),
      0,
      principal};
  const uint64_t budget = lease.most_messages;
  FIELDKMS_RETURN_IF_ERROR(SetTerms(key, terms, now, &lease));
  lease.most_messages = std::min(lease.most_messages, budget);
  lease.create_time = now;
  lease.used_messages = used;
  FIELDKMS_RETURN_IF_ERROR(core_.store.PutLease(lease, deadline));
  // As in Acquire: looked at after it is written. The material is the holder's already.
  FIELDKMS_ASSIGN_OR_RETURN(
      const KeyVersionRecord version,
      core_.store.GetKeyVersion(tenant, lease.key_id, lease.version, deadline));
  FIELDKMS_RETURN_IF_ERROR(MayOpen(key, version.version, version.state));
  return lease;
}

absl::StatusOr<LeaseRecord> Leases::End(std::string_view tenant, std::string_view lease_id,
                                        std::string_view principal, uint64_t used,
                                        Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(LeaseRecord lease, Find(tenant, lease_id, principal, deadline));
  lease.used_messages = std::max(lease.used_messages, used);
  lease.expire_time = std::min(lease.expire_time, core_.clock.Now());
  FIELDKMS_RETURN_IF_ERROR(core_.store.PutLease(lease, deadline));
  return lease;
}

absl::StatusOr<std::optional<WallTime>> Leases::LastEnd(const KeyRecord& key, uint32_t version,
                                                        bool encrypt_only, Deadline deadline) {
  return core_.store.LastLeaseEnd(key.tenant, key.key_id, version, encrypt_only, core_.clock.Now(),
                                  deadline);
}

}  // namespace fieldkms
