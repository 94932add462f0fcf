#include "kms/keyring/key_admin.h"

#include <array>
#include <functional>
#include <limits>
#include <utility>

#include "crypto/names.h"
#include "crypto/random.h"
#include "crypto/status.h"
#include "kms/keyring/core.h"
#include "kms/keyring/fingerprint.h"
#include "kms/keyring/operations.h"
#include "kms/keyring/wrap.h"

namespace fieldkms {
namespace {

constexpr uint32_t kFirstVersion = 1;
// Ids are 64 random bits: the second attempt is for form.
constexpr int kIdAttempts = 4;
// How often a change that takes the key in any state tries again when others change it at
// the same time. Each round one of them succeeds.
constexpr int kChangeAttempts = 64;
// More versions than this are not destroyed at one go with their key.
constexpr size_t kMostVersionsAtOnce = 10'000;

absl::Status KeyNotFound() {
  return Error(absl::StatusCode::kNotFound, Reason::kKeyNotFound, "the tenant has no such key",
               "name");
}
absl::Status EtagMismatch() {
  return Error(absl::StatusCode::kAborted, Reason::kEtagMismatch,
               "the key has changed since it was read", "etag");
}
absl::Status PrimaryChanged() {
  return Error(absl::StatusCode::kAborted, Reason::kPrimaryChanged,
               "the key has another primary version", "expected_primary");
}

absl::StatusOr<uint64_t> DrawKeyId() {
  while (true) {
    std::array<uint8_t, 8> bytes;
    FIELDKMS_RETURN_IF_ERROR(RandomBytes(bytes));
    if (const uint64_t id = GetU64(bytes.data()); id != 0) return id;
  }
}

absl::StatusOr<Mutation> MutationOf(std::string_view request_id,
                                    std::initializer_list<std::string_view> fields) {
  FIELDKMS_RETURN_IF_ERROR(CheckRequestId(request_id));
  FIELDKMS_ASSIGN_OR_RETURN(std::string fingerprint, FingerprintOf(fields));
  return Mutation{std::string(request_id), std::move(fingerprint)};
}

// A mutation of the service's own, under one id for all replicas and attempts. No caller
// can take that id: theirs have no colon.
absl::StatusOr<Mutation> OwnMutation(std::string_view what, const KeyRecord& key,
                                     uint32_t version) {
  const std::string id =
      std::string(what) + ':' + FormatKeyId(key.key_id) + ':' + std::to_string(version);
  FIELDKMS_ASSIGN_OR_RETURN(std::string fingerprint, FingerprintOf({what, id}));
  return Mutation{id, std::move(fingerprint)};
}

// All of a spec or a patch, for its fingerprint: what differs in a field, differs here.
std::string TextOf(const std::map<std::string, std::string>& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    text += std::to_string(name.size()) + ':' + name + std::to_string(value.size()) + ':' + value;
  }
  return text;
}
std::string TextOf(const LeasePolicy& lease) {
  return std::to_string(lease.longest.count()) + '/' + std::to_string(lease.most_messages);
}
std::string TextOf(const KeySpec& spec) {
  std::string text;
  for (const int64_t number :
       {int64_t{static_cast<uint8_t>(spec.purpose)}, int64_t{static_cast<uint8_t>(spec.origin)},
        int64_t{spec.suite}, int64_t{spec.exportable}, int64_t{spec.audit_per_operation},
        int64_t{spec.rotation_period.count()}}) {
    text += std::to_string(number) + ' ';
  }
  return text + TextOf(spec.lease) + ' ' + TextOf(spec.labels);
}
std::string TextOf(const KeyPatch& patch) {
  std::string text;
  if (patch.rotation_period) text += "p" + std::to_string(patch.rotation_period->count());
  if (patch.min_decrypt_version) text += "m" + std::to_string(*patch.min_decrypt_version);
  if (patch.audit_per_operation) text += *patch.audit_per_operation ? "a1" : "a0";
  if (patch.lease) text += "l" + TextOf(*patch.lease);
  if (patch.labels) text += "L" + TextOf(*patch.labels);
  return text;
}

// A version of `key`, wrapped under its tenant's primary KEK. `material` empty: fresh.
absl::StatusOr<KeyVersionRecord> MakeVersion(KeyringCore& core, const KeyRecord& key,
                                             uint32_t version, const SecretBytes& material,
                                             WallTime now, Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(const TenantRecord tenant, core.store.GetTenant(key.tenant, deadline));
  FIELDKMS_ASSIGN_OR_RETURN(const KekCache::KekPtr kek,
                            core.keks.Get(key.tenant, tenant.primary_kek, deadline));
  SecretBytes fresh;
  if (material.empty()) {
    FIELDKMS_ASSIGN_OR_RETURN(fresh, SecretBytes::Random(kDekSize));
  }
  KeyVersionRecord made;
  made.version = version;
  made.kek_version = tenant.primary_kek;
  made.create_time = now;
  made.origin = material.empty() ? KeyOrigin::kGenerated : KeyOrigin::kImported;
  const DekPlace place{key.tenant, key.key_id, version, key.purpose};
  FIELDKMS_ASSIGN_OR_RETURN(made.wrapped,
                            WrapDek(kek->key, material.empty() ? fresh : material, place));
  return made;
}

// One change of a key that exists: how often it may be tried, and by which rule.
struct Attempt {
  const KeyRef& ref;
  const Mutation& mutation;
  Deadline deadline;
  std::function<absl::StatusOr<KeyChange>(KeyRecord key)> rule;
};

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
absl::StatusOr<KeyRecord> LostRace(KeyringCore& core, const Attempt& attempt,
                                   const absl::Status& status) {
  FIELDKMS_ASSIGN_OR_RETURN(
      std::optional<KeyRecord> record,
      FindOutcome(core, attempt.ref.tenant, attempt.mutation, attempt.deadline));
  if (record) return *std::move(record);
  return status;
}

absl::StatusOr<KeyRecord> ChangeOnce(KeyringCore& core, const Attempt& attempt) {
  const KeyRef& ref = attempt.ref;
  FIELDKMS_ASSIGN_OR_RETURN(KeyRecord key,
                            core.store.GetKey(ref.tenant, ref.name, attempt.deadline));
  if (key.name != ref.name) return KeyNotFound();  // an alias
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

absl::StatusOr<KeyRecord> ChangeKey(KeyringCore& core, const Attempt& attempt) {
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

absl::Status CheckVersion(uint32_t version) {
  return version != 0 ? absl::OkStatus() : InvalidField("version", "is 0");
}

// The version, or with 0 all versions of a key.
absl::StatusOr<std::vector<KeyVersionRecord>> Versions(KeyringCore& core, const KeyRecord& key,
                                                       uint32_t version, Deadline deadline) {
  if (version != 0) {
    FIELDKMS_ASSIGN_OR_RETURN(KeyVersionRecord one,
                              core.store.GetKeyVersion(key.tenant, key.key_id, version, deadline));
    return std::vector<KeyVersionRecord>{std::move(one)};
  }
  FIELDKMS_ASSIGN_OR_RETURN(
      std::vector<KeyVersionRecord> all,
      core.store.ListKeyVersions(key.tenant, key.key_id, 0, kMostVersionsAtOnce + 1, deadline));
  if (all.size() > kMostVersionsAtOnce) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kKeyState,
                 "the key has more than 10,000 versions: destroy old ones first");
  }
  return all;
}

absl::StatusOr<KeyRecord> MakeKey(KeyringCore& core, const KeySpec& spec,
                                  const SecretBytes& material, const Mutation& mutation,
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

}  // namespace

absl::StatusOr<TenantRecord> KeyAdmin::CreateTenant(std::string_view tenant,
                                                    std::string_view request_id,
                                                    Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  FIELDKMS_ASSIGN_OR_RETURN(const Mutation mutation,
                            MutationOf(request_id, {"CreateTenant", tenant}));
  FIELDKMS_RETURN_IF_ERROR(core_.binding.Check(deadline));
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes material, SecretBytes::Random(kKekSize));
  KekRecord kek{kFirstVersion, {}, core_.clock.Now()};
  FIELDKMS_ASSIGN_OR_RETURN(kek.wrapped,
                            core_.root.Wrap(material, KekContext(tenant, kFirstVersion), deadline));
  FIELDKMS_ASSIGN_OR_RETURN(Applied<TenantRecord> applied,
                            core_.store.CreateTenant(tenant, kek, mutation, deadline));
  return std::move(applied.value);
}

absl::StatusOr<KeyRecord> KeyAdmin::CreateKey(const KeySpec& spec, std::string_view request_id,
                                              Deadline deadline) {
  if (spec.origin != KeyOrigin::kGenerated) return InvalidField("origin", "is not to be given");
  FIELDKMS_ASSIGN_OR_RETURN(
      const Mutation mutation,
      MutationOf(request_id, {"CreateKey", spec.tenant, spec.name, TextOf(spec)}));
  return MakeKey(core_, spec, SecretBytes(), mutation, deadline);
}

absl::StatusOr<KeyRecord> KeyAdmin::ImportKey(const KeySpec& spec, SecretBytes material,
                                              std::string_view request_id, Deadline deadline) {
  if (material.size() != kDekSize) return InvalidField("material", "is not 32 bytes");
  KeySpec imported = spec;
  imported.origin = KeyOrigin::kImported;
  // The material is no part of it: a fingerprint is stored, and outlives a destroyed key.
  FIELDKMS_ASSIGN_OR_RETURN(
      const Mutation mutation,
      MutationOf(request_id, {"ImportKey", spec.tenant, spec.name, TextOf(imported)}));
  return MakeKey(core_, imported, material, mutation, deadline);
}

absl::StatusOr<KeyRecord> KeyAdmin::UpdateKey(const KeyRef& ref, const KeyPatch& patch,
                                              std::string_view request_id, Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(const Mutation mutation,
                            MutationOf(request_id, {"UpdateKey", ref.tenant, ref.name,
                                                    std::to_string(ref.etag), TextOf(patch)}));
  const auto rule = [&](KeyRecord key) -> absl::StatusOr<KeyChange> {
    FIELDKMS_ASSIGN_OR_RETURN(
        const KeyVersionRecord primary,
        core_.store.GetKeyVersion(key.tenant, key.key_id, key.primary_version, deadline));
    return PatchKey(std::move(key), patch, primary);
  };
  return ChangeKey(core_, {ref, mutation, deadline, rule});
}

absl::StatusOr<KeyRecord> KeyAdmin::RotateKey(std::string_view tenant, std::string_view name,
                                              uint32_t expected_primary,
                                              std::string_view request_id, Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(
      const Mutation mutation,
      MutationOf(request_id, {"RotateKey", tenant, name, std::to_string(expected_primary)}));
  const auto rule = [&](KeyRecord key) -> absl::StatusOr<KeyChange> {
    if (expected_primary != 0 && key.primary_version != expected_primary) return PrimaryChanged();
    return NextVersion(std::move(key), SecretBytes(), deadline);
  };
  return ChangeKey(core_, {{tenant, name}, mutation, deadline, rule});
}

absl::StatusOr<KeyRecord> KeyAdmin::RotateDue(const KeyRecord& due, Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(const Mutation mutation,
                            OwnMutation("rotate", due, due.primary_version));
  const auto rule = [&](KeyRecord key) -> absl::StatusOr<KeyChange> {
    if (key.primary_version != due.primary_version) return PrimaryChanged();
    return NextVersion(std::move(key), SecretBytes(), deadline);
  };
  return ChangeKey(core_, {{due.tenant, due.name}, mutation, deadline, rule});
}

absl::StatusOr<KeyRecord> KeyAdmin::ImportKeyVersion(const KeyRef& ref, SecretBytes material,
                                                     std::string_view request_id,
                                                     Deadline deadline) {
  if (material.size() != kDekSize) return InvalidField("material", "is not 32 bytes");
  FIELDKMS_ASSIGN_OR_RETURN(
      const Mutation mutation,
      MutationOf(request_id, {"ImportKeyVersion", ref.tenant, ref.name, std::to_string(ref.etag)}));
  const auto rule = [&](KeyRecord key) { return NextVersion(std::move(key), material, deadline); };
  return ChangeKey(core_, {ref, mutation, deadline, rule});
}

// `material` empty: fresh.
absl::StatusOr<KeyChange> KeyAdmin::NextVersion(KeyRecord key, const SecretBytes& material,
                                                Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(
      const KeyVersionRecord primary,
      core_.store.GetKeyVersion(key.tenant, key.key_id, key.primary_version, deadline));
  // Asked first with no material: what may not be is not made.
  KeyVersionRecord next;
  next.version = key.primary_version + 1;
  next.origin = material.empty() ? KeyOrigin::kGenerated : KeyOrigin::kImported;
  const WallTime now = core_.clock.Now();
  FIELDKMS_RETURN_IF_ERROR(AddVersion(key, primary, next, now).status());
  FIELDKMS_ASSIGN_OR_RETURN(next, MakeVersion(core_, key, next.version, material, now, deadline));
  return AddVersion(std::move(key), primary, std::move(next), now);
}

absl::StatusOr<KeyRecord> KeyAdmin::EnableVersion(const KeyRef& ref, uint32_t version,
                                                  std::string_view request_id, Deadline deadline) {
  return SetState(ref, version, {"EnableVersion", Enable}, request_id, deadline);
}

absl::StatusOr<KeyRecord> KeyAdmin::DisableVersion(const KeyRef& ref, uint32_t version,
                                                   std::string_view request_id, Deadline deadline) {
  return SetState(ref, version, {"DisableVersion", Disable}, request_id, deadline);
}

absl::StatusOr<KeyRecord> KeyAdmin::SetState(const KeyRef& ref, uint32_t version,
                                             const StateRule& state, std::string_view request_id,
                                             Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckVersion(version));
  FIELDKMS_ASSIGN_OR_RETURN(
      const Mutation mutation,
      MutationOf(request_id, {state.name, ref.tenant, ref.name, std::to_string(version),
                              std::to_string(ref.etag)}));
  const auto rule = [&](KeyRecord key) -> absl::StatusOr<KeyChange> {
    FIELDKMS_ASSIGN_OR_RETURN(KeyVersionRecord record,
                              core_.store.GetKeyVersion(key.tenant, key.key_id, version, deadline));
    return state.rule(std::move(key), std::move(record));
  };
  return ChangeKey(core_, {ref, mutation, deadline, rule});
}

absl::StatusOr<KeyRecord> KeyAdmin::ScheduleDestroy(const KeyRef& ref, uint32_t version,
                                                    std::chrono::days waiting,
                                                    std::string_view request_id,
                                                    Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(
      const Mutation mutation,
      MutationOf(request_id, {"ScheduleDestroy", ref.tenant, ref.name, std::to_string(version),
                              std::to_string(waiting.count()), std::to_string(ref.etag)}));
  const auto rule = [&](KeyRecord key) -> absl::StatusOr<KeyChange> {
    FIELDKMS_ASSIGN_OR_RETURN(const std::vector<KeyVersionRecord> versions,
                              Versions(core_, key, version, deadline));
    return fieldkms::ScheduleDestroy(std::move(key), versions, version == 0, waiting,
                                     core_.clock.Now());
  };
  return ChangeKey(core_, {ref, mutation, deadline, rule});
}

absl::StatusOr<KeyRecord> KeyAdmin::CancelDestroy(const KeyRef& ref, uint32_t version,
                                                  std::string_view request_id, Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(
      const Mutation mutation,
      MutationOf(request_id, {"CancelDestroy", ref.tenant, ref.name, std::to_string(version),
                              std::to_string(ref.etag)}));
  const auto rule = [&](KeyRecord key) -> absl::StatusOr<KeyChange> {
    FIELDKMS_ASSIGN_OR_RETURN(const std::vector<KeyVersionRecord> versions,
                              Versions(core_, key, version, deadline));
    return fieldkms::CancelDestroy(std::move(key), versions);
  };
  return ChangeKey(core_, {ref, mutation, deadline, rule});
}

absl::Status KeyAdmin::DestroyDue(const KeyAndVersion& due, Deadline deadline) {
  const KeyRef ref{due.key.tenant, due.key.name};
  FIELDKMS_ASSIGN_OR_RETURN(const Mutation mutation,
                            OwnMutation("destroy", due.key, due.version.version));
  const auto rule = [&](KeyRecord key) -> absl::StatusOr<KeyChange> {
    FIELDKMS_ASSIGN_OR_RETURN(
        KeyVersionRecord record,
        core_.store.GetKeyVersion(key.tenant, key.key_id, due.version.version, deadline));
    return Destroy(std::move(key), std::move(record), core_.clock.Now());
  };
  return ChangeKey(core_, {ref, mutation, deadline, rule}).status();
}

absl::StatusOr<AliasRecord> KeyAdmin::SetAlias(std::string_view tenant, std::string_view alias,
                                               std::string_view key, uint64_t etag,
                                               std::string_view request_id, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(alias, "alias"));
  AliasRecord record{std::string(tenant), std::string(alias), 0, etag};
  if (!key.empty()) {
    FIELDKMS_RETURN_IF_ERROR(CheckKeyName(key, "key"));
    FIELDKMS_ASSIGN_OR_RETURN(const KeyRecord found, core_.store.GetKey(tenant, key, deadline));
    if (found.name != key) return KeyNotFound();  // aliases of aliases there are none
    record.key_id = found.key_id;
  }
  FIELDKMS_ASSIGN_OR_RETURN(
      const Mutation mutation,
      MutationOf(request_id, {"SetAlias", tenant, alias, key, std::to_string(etag)}));
  FIELDKMS_ASSIGN_OR_RETURN(Applied<AliasRecord> applied,
                            core_.store.SetAlias(record, mutation, deadline));
  core_.loader.HearOfAlias(tenant, alias);
  return std::move(applied.value);
}

absl::StatusOr<OperationRecord> KeyAdmin::RotateKek(std::string_view tenant,
                                                    std::string_view request_id,
                                                    Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  FIELDKMS_ASSIGN_OR_RETURN(const Mutation mutation, MutationOf(request_id, {"RotateKek", tenant}));
  FIELDKMS_ASSIGN_OR_RETURN(OperationRecord operation,
                            NewOperation(OperationKind::kRotateKek, tenant, mutation, core_.clock));
  FIELDKMS_ASSIGN_OR_RETURN(const std::optional<OperationRecord> before,
                            FindOperation(core_.store, operation, deadline));
  if (before) return *before;
  FIELDKMS_RETURN_IF_ERROR(core_.binding.Check(deadline));
  FIELDKMS_ASSIGN_OR_RETURN(const TenantRecord record, core_.store.GetTenant(tenant, deadline));
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes material, SecretBytes::Random(kKekSize));
  KekRecord kek{record.primary_kek + 1, {}, core_.clock.Now()};
  FIELDKMS_ASSIGN_OR_RETURN(kek.wrapped,
                            core_.root.Wrap(material, KekContext(tenant, kek.version), deadline));
  FIELDKMS_ASSIGN_OR_RETURN(const Applied<TenantRecord> applied,
                            core_.store.AddKek(tenant, kek, mutation, deadline));
  FIELDKMS_ASSIGN_OR_RETURN(operation.total, core_.store.CountVersionsBelowKek(
                                                 tenant, applied.value.primary_kek, deadline));
  return PutNewOperation(core_.store, operation, deadline);
}

absl::StatusOr<OperationRecord> KeyAdmin::RotateRoot(std::string_view request_id,
                                                     Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(const Mutation mutation, MutationOf(request_id, {"RotateRoot"}));
  FIELDKMS_ASSIGN_OR_RETURN(OperationRecord operation,
                            NewOperation(OperationKind::kRotateRoot, "", mutation, core_.clock));
  FIELDKMS_ASSIGN_OR_RETURN(const std::optional<OperationRecord> before,
                            FindOperation(core_.store, operation, deadline));
  if (before) return *before;
  FIELDKMS_RETURN_IF_ERROR(core_.binding.Check(deadline));
  return PutNewOperation(core_.store, operation, deadline);
}

absl::StatusOr<TenantRecord> KeyAdmin::GetTenant(std::string_view tenant, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  return core_.store.GetTenant(tenant, deadline);
}

absl::StatusOr<std::vector<TenantRecord>> KeyAdmin::ListTenants(std::string_view after,
                                                                size_t limit, Deadline deadline) {
  return core_.store.ListTenants(after, limit, deadline);
}

absl::StatusOr<KeyRecord> KeyAdmin::GetKey(std::string_view tenant, std::string_view name,
                                           Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(name));
  return core_.store.GetKey(tenant, name, deadline);
}

absl::StatusOr<std::vector<KeyRecord>> KeyAdmin::ListKeys(std::string_view tenant,
                                                          std::string_view after_name, size_t limit,
                                                          Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  return core_.store.ListKeys(tenant, after_name, limit, deadline);
}

absl::StatusOr<std::vector<KeyVersionRecord>> KeyAdmin::ListKeyVersions(std::string_view tenant,
                                                                        std::string_view name,
                                                                        uint32_t before,
                                                                        size_t limit,
                                                                        Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(const KeyRecord key, GetKey(tenant, name, deadline));
  return core_.store.ListKeyVersions(tenant, key.key_id, before, limit, deadline);
}

absl::StatusOr<std::vector<AliasRecord>> KeyAdmin::ListAliases(std::string_view tenant,
                                                               std::string_view after, size_t limit,
                                                               Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  FIELDKMS_RETURN_IF_ERROR(core_.store.GetTenant(tenant, deadline).status());
  return core_.store.ListAliases(tenant, after, limit, deadline);
}

absl::StatusOr<OperationRecord> KeyAdmin::GetOperation(std::string_view operation_id,
                                                       Deadline deadline) {
  return core_.store.GetOperation(operation_id, deadline);
}

absl::StatusOr<std::vector<OperationRecord>> KeyAdmin::ListOperations(bool running_only,
                                                                      size_t limit,
                                                                      Deadline deadline) {
  return core_.store.ListOperations(running_only, limit, deadline);
}

}  // namespace fieldkms
