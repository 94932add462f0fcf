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

absl::StatusOr<std::string> DrawLeaseId() {
  std::array<uint8_t, 16> bytes;
  FIELDKMS_RETURN_IF_ERROR(RandomBytes(bytes));
  return EncodeHex(bytes);
}

// What the key's policy grants of what is asked for.
absl::Status SetTerms(const KeyRecord& key, const LeaseRequest& request, WallTime now,
                      LeaseRecord* lease) {
  const LeasePolicy& policy = key.lease;
  if (key.purpose != KeyPurpose::kEncrypt) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kKeyPurpose,
                 "the key's purpose is not ENCRYPT", "key");
  }
  if (policy.longest.count() == 0) return Denied("the key allows no leases", "key");
  if (key.audit_per_operation) return Denied("each operation of the key is audited", "key");
  if (request.time.count() < 0 || request.time > policy.longest) {
    return Denied(
        "the key allows leases of " + std::to_string(policy.longest.count()) + " seconds at most",
        "duration");
  }
  if (request.messages > policy.most_messages) {
    return Denied(
        "the key allows " + std::to_string(policy.most_messages) + " messages in a lease at most",
        "max_messages");
  }
  const seconds time =
      request.time.count() != 0 ? request.time : std::min(kDefaultLease, policy.longest);
  lease->expire_time = now + time;
  lease->most_messages = request.messages != 0 ? request.messages : policy.most_messages;
  if (!request.encrypt) lease->most_messages = 0;
  return absl::OkStatus();
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
  if (absl::Status status = Disclose(&granted, deadline); !status.ok()) {
    lease.expire_time = lease.create_time;  // nothing has left
    core_.store.PutLease(lease, deadline).IgnoreError();
    return status;
  }
  return granted;
}

// Reads the key and the material that a lease is of.
absl::Status Leases::Disclose(GrantedLease* granted, Deadline deadline) {
  const LeaseRecord& lease = granted->lease;
  FIELDKMS_ASSIGN_OR_RETURN(granted->key,
                            core_.store.GetKeyById(lease.tenant, lease.key_id, deadline));
  const KeyRecord& key = granted->key;
  FIELDKMS_ASSIGN_OR_RETURN(const KeyVersionRecord version, Openable(key, lease.version, deadline));
  FIELDKMS_ASSIGN_OR_RETURN(const KekCache::KekPtr kek,
                            core_.keks.Get(key.tenant, version.kek_version, deadline));
  FIELDKMS_ASSIGN_OR_RETURN(
      granted->material, UnwrapDek(kek->key, version.wrapped,
                                   DekPlace{key.tenant, key.key_id, version.version, key.purpose}));
  return absl::OkStatus();
}

absl::StatusOr<KeyVersionRecord> Leases::Openable(const KeyRecord& key, uint32_t version,
                                                  Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(KeyVersionRecord record,
                            core_.store.GetKeyVersion(key.tenant, key.key_id, version, deadline));
  FIELDKMS_RETURN_IF_ERROR(MayOpen(key, version, record.state));
  return record;
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
  if (lease.encrypt && found.key.primary_version != lease.version) {
    return Denied("the key has a new primary version: acquire a lease of that");
  }
  LeaseRequest terms;
  terms.encrypt = lease.encrypt;
  terms.time = std::chrono::duration_cast<seconds>(lease.expire_time - lease.create_time);
  // What the request did not say, no field of it is to blame for.
  const absl::Status denied = SetTerms(found.key, terms, now, &lease);
  if (!denied.ok()) return Error(denied.code(), ReasonOf(denied), MessageOf(denied));
  lease.most_messages = std::min(lease.most_messages, before.most_messages);
  lease.create_time = now;
  FIELDKMS_RETURN_IF_ERROR(core_.store.PutLease(lease, deadline));
  // As in Acquire: looked at after it is written. The material is the holder's already.
  const absl::Status state = Openable(found.key, lease.version, deadline).status();
  if (!state.ok()) {
    core_.store.PutLease(before, deadline).IgnoreError();
    return state;
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
