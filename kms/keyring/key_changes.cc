#include "kms/keyring/key_changes.h"

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "crypto/bytes.h"
#include "crypto/names.h"
#include "crypto/random.h"
#include "crypto/status.h"
#include "kms/keyring/core.h"
#include "kms/keyring/wrap.h"

namespace fieldkms {
namespace {

constexpr uint32_t kFirstVersion = 1;
// Ids are 64 random bits: the second attempt is for form.
constexpr int kIdAttempts = 4;
// How often a change that takes the key in any state tries again when others change it at
// the same time. Each round one of them succeeds.
constexpr int kChangeAttempts = 64;

absl::Status EtagMismatch() {
  return Error(absl::StatusCode::kAborted, Reason::kEtagMismatch,
               "the key has changed since it was read", "etag");
}

absl::StatusOr<uint64_t> DrawKeyId() {
  while (true) {
    std::array<uint8_t, 8> bytes;
    FIELDKMS_RETURN_IF_ERROR(RandomBytes(bytes));
    if (const uint64_t id = GetU64(bytes.data()); id != 0) return id;
  }
}

// A version of `key`, wrapped under its tenant's primary KEK.
absl::StatusOr<KeyVersionRecord> MakeVersion(KeyringCore& core, const KeyRecord& key,
                                             uint32_t version, const MaterialSource& source,
                                             WallTime now, Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(const TenantRecord tenant, core.store.GetTenant(key.tenant, deadline));
  FIELDKMS_ASSIGN_OR_RETURN(const KekCache::KekPtr kek,
                            core.keks.Get(key.tenant, tenant.primary_kek, deadline));
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes material, source.make());
  KeyVersionRecord made;
  made.version = version;
  made.kek_version = tenant.primary_kek;
  made.create_time = now;
  made.origin = source.origin;
  const DekPlace place{key.tenant, key.key_id, version, key.purpose};
  FIELDKMS_ASSIGN_OR_RETURN(made.wrapped, WrapDek(kek->key, material, place));
  return made;
}

// The outcome of a mutation that ran before, if it did, in force on this replica.
absl::StatusOr<std::optional<KeyRecord>> FindOutcome(KeyringCore& core, std::string_view tenant,
                                                     const Mutation& mutation, Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(std::optional<KeyRecord> record,
                            core.store.FindKeyMutation(tenant, mutation, deadline));
  if (record) FIELDKMS_RETURN_IF_ERROR(core.loader.HearOfKey(tenant, record->key_id, deadline));
  return record;
}

// The key is not as the caller expects: this very request may have changed it, in an
// attempt that ran at the same time.
absl::StatusOr<KeyRecord> LostRace(KeyringCore& core, const KeyAttempt& attempt,
                                   const absl::Status& status) {
  FIELDKMS_ASSIGN_OR_RETURN(
      std::optional<KeyRecord> record,
      FindOutcome(core, attempt.ref.tenant, attempt.mutation, attempt.deadline));
  if (record) return *std::move(record);
  return status;
}

absl::StatusOr<KeyRecord> ChangeOnce(KeyringCore& core, const KeyAttempt& attempt) {
  const KeyRef& ref = attempt.ref;
  FIELDKMS_ASSIGN_OR_RETURN(KeyRecord key,
                            core.store.GetKey(ref.tenant, ref.name, attempt.deadline));
  if (key.name != ref.name) return NoSuchKey();  // an alias
  if (ref.etag != 0 && key.change != ref.etag) return LostRace(core, attempt, EtagMismatch());
  absl::StatusOr<KeyChange> change = attempt.rule(std::move(key));
  if (ReasonOf(change.status()) == Reason::kPrimaryChanged) {
    return LostRace(core, attempt, change.status());
  }
  FIELDKMS_RETURN_IF_ERROR(change.status());
  FIELDKMS_ASSIGN_OR_RETURN(Applied<KeyRecord> applied,
                            core.store.ChangeKey(*change, attempt.mutation, attempt.deadline));
  // The change is durable, whatever comes: what cannot be read now is dropped from the
  // snapshot, and loaded when it is asked for.
  (void)core.loader.HearOfKey(applied.value.tenant, applied.value.key_id, attempt.deadline);
  return std::move(applied.value);
}

}  // namespace

MaterialSource FreshMaterial() {
  return {KeyOrigin::kGenerated, [] { return SecretBytes::Random(kDekSize); }};
}

absl::Status NoSuchKey() {
  return Error(absl::StatusCode::kNotFound, Reason::kKeyNotFound, "the tenant has no such key",
               "name");
}

absl::StatusOr<KeyRecord> MakeKey(KeyringCore& core, const KeySpec& spec,
                                  const MaterialSource& material, const Mutation& mutation,
                                  Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(KeyRecord key, NewKey(spec, core.clock.Now()));
  FIELDKMS_ASSIGN_OR_RETURN(std::optional<KeyRecord> before,
                            FindOutcome(core, spec.tenant, mutation, deadline));
  if (before) return *std::move(before);
  for (int attempt = 0; attempt < kIdAttempts; ++attempt) {
    FIELDKMS_ASSIGN_OR_RETURN(key.key_id, DrawKeyId());
    FIELDKMS_ASSIGN_OR_RETURN(
        const KeyVersionRecord first,
        MakeVersion(core, key, kFirstVersion, material, key.create_time, deadline));
    absl::StatusOr<Applied<KeyRecord>> applied =
        core.store.CreateKey(key, first, mutation, deadline);
    if (absl::IsAborted(applied.status())) continue;  // the id is taken
    FIELDKMS_RETURN_IF_ERROR(applied.status());
    return std::move(applied->value);
  }
  return Error(absl::StatusCode::kInternal, Reason::kInternal, "no free key id was found");
}

absl::StatusOr<KeyRecord> ChangeKey(KeyringCore& core, const KeyAttempt& attempt) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(attempt.ref.tenant));
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(attempt.ref.name));
  FIELDKMS_ASSIGN_OR_RETURN(
      std::optional<KeyRecord> before,
      FindOutcome(core, attempt.ref.tenant, attempt.mutation, attempt.deadline));
  if (before) return *std::move(before);
  for (int i = 0; i < kChangeAttempts; ++i) {
    absl::StatusOr<KeyRecord> changed = ChangeOnce(core, attempt);
    const bool beaten = ReasonOf(changed.status()) == Reason::kEtagMismatch;
    if (!beaten || attempt.ref.etag != 0) return changed;
  }
  return EtagMismatch();
}

absl::StatusOr<KeyChange> NextVersion(KeyringCore& core, KeyRecord key,
                                      const MaterialSource& material, Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(
      const KeyVersionRecord primary,
      core.store.GetKeyVersion(key.tenant, key.key_id, key.primary_version, deadline));
  // Asked first with no material: what may not be is not made.
  KeyVersionRecord next;
  next.version = key.primary_version + 1;
  next.origin = material.origin;
  const WallTime now = core.clock.Now();
  FIELDKMS_RETURN_IF_ERROR(AddVersion(key, primary, next, now).status());
  FIELDKMS_ASSIGN_OR_RETURN(next, MakeVersion(core, key, next.version, material, now, deadline));
  return AddVersion(std::move(key), primary, std::move(next), now);
}

}  // namespace fieldkms
