#include "kms/keyring/leases.h"

#include <algorithm>
#include <array>
#include <utility>

#include "crypto/hex.h"
#include "crypto/names.h"
#include "crypto/random_id.h"
#include "crypto/status.h"
#include "kms/keyring/core.h"
#include "kms/keyring/wrap.h"

namespace fieldkms {
namespace {

using std::chrono::seconds;

// How far the clocks of replicas may differ before a lease is taken to be of the future.
constexpr seconds kClockSkew{5};

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

// What is asked for, and where nothing is said what the policy gives.
LeaseRequest WithDefaults(LeaseRequest terms, const KeyRecord& key) {
  if (terms.version == 0) terms.version = key.primary_version;
  if (terms.time.count() == 0) terms.time = std::min(kDefaultLease, key.lease.longest);
  if (terms.messages == 0 && terms.encrypt) terms.messages = key.lease.most_messages;
  return terms;
}

// Whether the key's policy grants it.
absl::Status CheckTerms(const KeyRecord& key, const LeaseRequest& terms) {
  const LeasePolicy& policy = key.lease;
  if (key.purpose != KeyPurpose::kEncrypt) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kKeyPurpose,
                 "the key's purpose is not ENCRYPT", "key");
  }
  if (policy.longest.count() == 0) return Denied("the key allows no leases", "key");
  if (key.audit_per_operation) return Denied("each operation of the key is audited", "key");
  if (terms.time.count() < 0 || terms.time > policy.longest) {
    return Denied(
        "the key allows leases of " + std::to_string(policy.longest.count()) + " seconds at most",
        "duration");
  }
  if (terms.messages > policy.most_messages) {
    return Denied(
        "the key allows " + std::to_string(policy.most_messages) + " messages in a lease at most",
        "max_messages");
  }
  return absl::OkStatus();
}

// Whether a lease that was granted on these terms may stand, by the key as it is by now.
absl::Status CheckStands(const KeyRecord& key, const LeaseRequest& terms) {
  if (terms.encrypt && terms.version != key.primary_version) {
    return Denied("the key has a new primary version: acquire a lease of that");
  }
  const absl::Status status = CheckTerms(key, terms);
  // What the request did not say, no field of it is to blame for.
  return status.ok() ? status : Error(status.code(), ReasonOf(status), MessageOf(status));
}

void SetTerms(const LeaseRequest& terms, WallTime now, LeaseRecord* lease) {
  lease->create_time = now;
  lease->expire_time = now + terms.time;
  lease->most_messages = terms.encrypt ? terms.messages : 0;
}

// Whether a lease has not ended at `now`.
absl::Status CheckAlive(const LeaseRecord& lease, WallTime now) {
  const bool ended = now >= lease.expire_time || lease.expire_time - lease.create_time < seconds(1);
  // The clock went back since: nobody knows how long the lease has lasted.
  const bool of_the_future = lease.create_time > now + kClockSkew;
  return ended || of_the_future ? Expired() : absl::OkStatus();
}

}  // namespace

absl::Status CheckLeaseId(std::string_view id) {
  std::array<uint8_t, 16> bytes;
  if (DecodeHex(id, bytes)) return absl::OkStatus();
  return InvalidField("lease_id", "must be 32 lower-case hex digits");
}

absl::StatusOr<GrantedLease> Leases::Acquire(const LeaseRequest& request, const MayLease& may,
                                             Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(request.tenant));
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(request.key, "key"));
  FIELDKMS_ASSIGN_OR_RETURN(const KeyRecord key,
                            core_.store.GetKey(request.tenant, request.key, deadline));
  FIELDKMS_RETURN_IF_ERROR(may(key, request.encrypt));
  const LeaseRequest terms = WithDefaults(request, key);
  FIELDKMS_RETURN_IF_ERROR(CheckTerms(key, terms));
  if (terms.encrypt && terms.version != key.primary_version) {
    return InvalidField("version", "is not the primary one: only that seals");
  }
  GrantedLease granted;
  LeaseRecord& lease = granted.lease;
  lease.tenant = key.tenant;
  lease.key_id = key.key_id;
  lease.version = terms.version;
  lease.encrypt = terms.encrypt;
  lease.principal = terms.principal;
  SetTerms(terms, core_.clock.Now(), &lease);
  FIELDKMS_ASSIGN_OR_RETURN(lease.lease_id, RandomId());
  FIELDKMS_RETURN_IF_ERROR(core_.store.PutLease(lease, deadline));
  if (absl::Status status = Disclose(terms, &granted, deadline); !status.ok()) {
    lease.expire_time = lease.create_time;  // nothing has left
    core_.store.PutLease(lease, deadline).IgnoreError();
    return status;
  }
  return granted;
}

// Reads the key, and the material that a lease is of.
absl::Status Leases::Disclose(const LeaseRequest& terms, GrantedLease* granted, Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(const KeyVersionRecord version, Confirm(terms, granted, deadline));
  const KeyRecord& key = granted->key;
  FIELDKMS_ASSIGN_OR_RETURN(const KekCache::KekPtr kek,
                            core_.keks.Get(key.tenant, version.kek_version, deadline));
  FIELDKMS_ASSIGN_OR_RETURN(
      granted->material, UnwrapDek(kek->key, version.wrapped,
                                   DekPlace{key.tenant, key.key_id, version.version, key.purpose}));
  return absl::OkStatus();
}

// Once the lease is written, all that it was granted on is looked at again: whoever changes
// policy, primary or state before that look is obeyed, and who disables the version later
// finds the lease, and is told of it.
absl::StatusOr<KeyVersionRecord> Leases::Confirm(const LeaseRequest& terms, GrantedLease* granted,
                                                 Deadline deadline) {
  const LeaseRecord& lease = granted->lease;
  FIELDKMS_ASSIGN_OR_RETURN(granted->key,
                            core_.store.GetKeyById(lease.tenant, lease.key_id, deadline));
  FIELDKMS_RETURN_IF_ERROR(CheckStands(granted->key, terms));
  FIELDKMS_ASSIGN_OR_RETURN(
      KeyVersionRecord version,
      core_.store.GetKeyVersion(lease.tenant, lease.key_id, lease.version, deadline));
  FIELDKMS_RETURN_IF_ERROR(MayOpen(granted->key, lease.version, version.state));
  return version;
}

absl::StatusOr<GrantedLease> Leases::Find(const LeaseReport& report, const MayLease& may,
                                          Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(report.tenant));
  FIELDKMS_RETURN_IF_ERROR(CheckLeaseId(report.lease_id));
  GrantedLease found;
  FIELDKMS_ASSIGN_OR_RETURN(found.lease,
                            core_.store.GetLease(report.tenant, report.lease_id, deadline));
  if (found.lease.principal != report.principal) return NotFound();
  FIELDKMS_ASSIGN_OR_RETURN(found.key,
                            core_.store.GetKeyById(report.tenant, found.lease.key_id, deadline));
  FIELDKMS_RETURN_IF_ERROR(may(found.key, found.lease.encrypt));
  found.lease.used_messages = std::max(found.lease.used_messages, report.used);
  return found;
}

absl::StatusOr<GrantedLease> Leases::Renew(const LeaseReport& report, const MayLease& may,
                                           Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(GrantedLease found, Find(report, may, deadline));
  LeaseRecord& lease = found.lease;
  const LeaseRecord before = lease;
  const WallTime now = core_.clock.Now();
  FIELDKMS_RETURN_IF_ERROR(CheckAlive(lease, now));
  LeaseRequest terms;
  terms.encrypt = lease.encrypt;
  terms.version = lease.version;
  terms.time = std::chrono::duration_cast<seconds>(lease.expire_time - lease.create_time);
  terms.messages = std::min(lease.most_messages, found.key.lease.most_messages);
  FIELDKMS_RETURN_IF_ERROR(CheckStands(found.key, terms));
  SetTerms(terms, now, &lease);
  FIELDKMS_RETURN_IF_ERROR(core_.store.PutLease(lease, deadline));
  // The material is the holder's already.
  if (absl::Status status = Confirm(terms, &found, deadline).status(); !status.ok()) {
    core_.store.PutLease(before, deadline).IgnoreError();
    return status;
  }
  return found;
}

absl::StatusOr<GrantedLease> Leases::End(const LeaseReport& report, const MayLease& may,
                                         Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(GrantedLease found, Find(report, may, deadline));
  found.lease.expire_time = std::min(found.lease.expire_time, core_.clock.Now());
  FIELDKMS_RETURN_IF_ERROR(core_.store.PutLease(found.lease, deadline));
  return found;
}

absl::StatusOr<std::optional<WallTime>> Leases::LastEnd(const KeyRecord& key, uint32_t version,
                                                        bool encrypt_only, Deadline deadline) {
  return core_.store.LastLeaseEnd(key.tenant, key.key_id, version, encrypt_only, core_.clock.Now(),
                                  deadline);
}

}  // namespace fieldkms
