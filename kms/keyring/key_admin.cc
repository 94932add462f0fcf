#include "kms/keyring/key_admin.h"

#include <utility>

#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/keyring/core.h"
#include "kms/keyring/fingerprint.h"
#include "kms/keyring/key_changes.h"
#include "kms/keyring/operations.h"
#include "kms/keyring/wrap.h"

namespace fieldkms {
namespace {

constexpr uint32_t kFirstVersion = 1;
// More versions than this are not destroyed at one go with their key.
constexpr size_t kMostVersionsAtOnce = 10'000;

absl::Status PrimaryChanged() {
  return Error(absl::StatusCode::kAborted, Reason::kPrimaryChanged,
               "the key has another primary version", "expected_primary");
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
  return MakeKey(core_, spec, FreshMaterial(), mutation, deadline);
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
    return NextVersion(core_, std::move(key), FreshMaterial(), deadline);
  };
  return ChangeKey(core_, {{tenant, name}, mutation, deadline, rule});
}

absl::StatusOr<KeyRecord> KeyAdmin::RotateDue(const KeyRecord& due, Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(const Mutation mutation,
                            OwnMutation("rotate", due, due.primary_version));
  const auto rule = [&](KeyRecord key) -> absl::StatusOr<KeyChange> {
    if (key.primary_version != due.primary_version) return PrimaryChanged();
    return NextVersion(core_, std::move(key), FreshMaterial(), deadline);
  };
  return ChangeKey(core_, {{due.tenant, due.name}, mutation, deadline, rule});
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
    if (found.name != key) return NoSuchKey();  // aliases of aliases there are none
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
