#include "kms/service/records.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "crypto/names.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr size_t kDefaultPageSize = 100;
constexpr size_t kMaxPageSize = 1'000;
constexpr std::string_view kTokenPrefix = "1.";

v1::KeyPurpose ToProto(KeyPurpose purpose) {
  switch (purpose) {
    case KeyPurpose::kEncrypt:
      return v1::KEY_PURPOSE_ENCRYPT;
    case KeyPurpose::kMac:
      return v1::KEY_PURPOSE_MAC;
    case KeyPurpose::kToken:
      return v1::KEY_PURPOSE_TOKEN;
    case KeyPurpose::kFpe:
      return v1::KEY_PURPOSE_FPE;
    case KeyPurpose::kBlindIndex:
      return v1::KEY_PURPOSE_BLIND_INDEX;
    case KeyPurpose::kSignAudit:
      return v1::KEY_PURPOSE_SIGN_AUDIT;
  }
  return v1::KEY_PURPOSE_UNSPECIFIED;
}

absl::StatusOr<KeyPurpose> FromProto(v1::KeyPurpose purpose) {
  if (purpose == v1::KEY_PURPOSE_UNSPECIFIED) return KeyPurpose::kEncrypt;
  for (const KeyPurpose known :
       {KeyPurpose::kEncrypt, KeyPurpose::kMac, KeyPurpose::kToken, KeyPurpose::kFpe,
        KeyPurpose::kBlindIndex, KeyPurpose::kSignAudit}) {
    if (ToProto(known) == purpose) return known;
  }
  return InvalidField("purpose", "is not a purpose that this release knows");
}

v1::KeyVersionState ToProto(VersionState state) {
  switch (state) {
    case VersionState::kEnabled:
      return v1::KEY_VERSION_STATE_ENABLED;
    case VersionState::kDisabled:
      return v1::KEY_VERSION_STATE_DISABLED;
    case VersionState::kDestroyScheduled:
      return v1::KEY_VERSION_STATE_DESTROY_SCHEDULED;
    case VersionState::kDestroyed:
      return v1::KEY_VERSION_STATE_DESTROYED;
  }
  return v1::KEY_VERSION_STATE_UNSPECIFIED;
}

v1::KeyOrigin ToProto(KeyOrigin origin) {
  switch (origin) {
    case KeyOrigin::kGenerated:
      return v1::KEY_ORIGIN_GENERATED;
    case KeyOrigin::kImported:
      return v1::KEY_ORIGIN_IMPORTED;
  }
  return v1::KEY_ORIGIN_UNSPECIFIED;
}

v1::OperationKind ToProto(OperationKind kind) {
  switch (kind) {
    case OperationKind::kRotateKek:
      return v1::OPERATION_KIND_ROTATE_TENANT_KEK;
    case OperationKind::kRotateRoot:
      return v1::OPERATION_KIND_ROTATE_ROOT;
    case OperationKind::kBackup:
      return v1::OPERATION_KIND_BACKUP;
    case OperationKind::kRestore:
      return v1::OPERATION_KIND_RESTORE;
  }
  return v1::OPERATION_KIND_UNSPECIFIED;
}

v1::OperationState ToProto(OperationState state) {
  switch (state) {
    case OperationState::kRunning:
      return v1::OPERATION_STATE_RUNNING;
    case OperationState::kDone:
      return v1::OPERATION_STATE_DONE;
    case OperationState::kFailed:
      return v1::OPERATION_STATE_FAILED;
  }
  return v1::OPERATION_STATE_UNSPECIFIED;
}

absl::StatusOr<LeasePolicy> FromProto(const v1::LeasePolicy& lease) {
  LeasePolicy policy;
  FIELDKMS_ASSIGN_OR_RETURN(policy.longest, WholeSeconds(lease.longest(), "lease.longest"));
  policy.most_messages = lease.most_messages();
  return policy;
}

template <class Labels>
std::map<std::string, std::string> FromProtoLabels(const Labels& labels) {
  return {labels.begin(), labels.end()};
}

// What making and importing a key have in common.
template <class Request>
absl::StatusOr<KeySpec> SpecOf(const Request& request) {
  KeySpec spec;
  spec.tenant = request.tenant();
  spec.name = request.name();
  FIELDKMS_ASSIGN_OR_RETURN(spec.purpose, FromProto(request.purpose()));
  if (!v1::Suite_IsValid(request.suite())) {
    return InvalidField("suite", "is not one that this release knows");
  }
  spec.suite = static_cast<uint8_t>(request.suite());
  spec.exportable = request.exportable();
  spec.audit_per_operation = request.audit_per_operation();
  FIELDKMS_ASSIGN_OR_RETURN(spec.lease, FromProto(request.lease()));
  spec.labels = FromProtoLabels(request.labels());
  return spec;
}

// Puts into `patch` what the request has for one name of its mask.
absl::Status AddToPatch(const v1::UpdateKeyRequest& request, std::string_view name,
                        KeyPatch* patch) {
  if (name == "labels") {
    patch->labels = FromProtoLabels(request.labels());
  } else if (name == "rotation_period") {
    FIELDKMS_ASSIGN_OR_RETURN(patch->rotation_period,
                              WholeSeconds(request.rotation_period(), "rotation_period"));
  } else if (name == "min_decrypt_version") {
    patch->min_decrypt_version = request.min_decrypt_version();
  } else if (name == "lease") {
    FIELDKMS_ASSIGN_OR_RETURN(patch->lease, FromProto(request.lease()));
  } else if (name == "audit_per_operation") {
    patch->audit_per_operation = request.audit_per_operation();
  } else {
    return InvalidField("update_mask", "names a field that cannot be updated");
  }
  return absl::OkStatus();
}

}  // namespace

void ToProto(const TenantRecord& record, v1::Tenant* out) {
  out->set_tenant(record.tenant);
  ToProto(record.create_time, out->mutable_create_time());
}

void ToProto(const KeyRecord& record, v1::Key* out) {
  out->set_tenant(record.tenant);
  out->set_name(record.name);
  out->set_key_id(FormatKeyId(record.key_id));
  out->set_purpose(ToProto(record.purpose));
  out->set_primary_version(record.primary_version);
  ToProto(record.create_time, out->mutable_create_time());
  ToProto(record.primary_create_time, out->mutable_primary_create_time());
  // The numbers of suites are those of envelopes, here as there.
  if (record.purpose == KeyPurpose::kEncrypt) out->set_suite(static_cast<v1::Suite>(record.suite));
  out->set_exportable(record.exportable);
  out->set_audit_per_operation(record.audit_per_operation);
  out->set_min_decrypt_version(record.min_decrypt_version);
  if (record.rotation_period.count() != 0) {
    ToProto(record.rotation_period, out->mutable_rotation_period());
  }
  if (record.next_rotation) ToProto(*record.next_rotation, out->mutable_next_rotation_time());
  if (record.lease != LeasePolicy{}) {
    ToProto(record.lease.longest, out->mutable_lease()->mutable_longest());
    out->mutable_lease()->set_most_messages(record.lease.most_messages);
  }
  for (const auto& [name, value] : record.labels) (*out->mutable_labels())[name] = value;
  out->set_etag(Etag(record.change));
}

void ToProto(const KeyVersionRecord& record, uint32_t primary_version, v1::KeyVersion* out) {
  out->set_version(record.version);
  out->set_state(ToProto(record.state));
  out->set_primary(record.version == primary_version);
  ToProto(record.create_time, out->mutable_create_time());
  out->set_origin(ToProto(record.origin));
  if (record.destroy_time) ToProto(*record.destroy_time, out->mutable_destroy_time());
}

void ToProto(const AliasRecord& record, std::string_view key, v1::Alias* out) {
  out->set_tenant(record.tenant);
  out->set_alias(record.alias);
  out->set_key(key.data(), key.size());
  out->set_etag(Etag(record.change));
}

void ToProto(const OperationRecord& record, v1::Operation* out) {
  out->set_operation_id(record.operation_id);
  out->set_kind(ToProto(record.kind));
  out->set_tenant(record.tenant);
  out->set_state(ToProto(record.state));
  out->set_done(record.done);
  out->set_total(record.total);
  out->set_error(record.error);
  ToProto(record.create_time, out->mutable_create_time());
  ToProto(record.update_time, out->mutable_update_time());
  // Replicas have names without an @.
  if (record.owner.find('@') != std::string::npos) out->set_operator_user(record.owner);
}

void ToProto(const LeaseRecord& record, const KeyRecord& key, v1::Lease* out) {
  out->set_lease_id(record.lease_id);
  out->set_tenant(record.tenant);
  out->set_key(key.name);
  out->set_key_id(FormatKeyId(record.key_id));
  out->set_version(record.version);
  out->set_use(record.encrypt ? v1::LEASE_USE_ENCRYPT_AND_DECRYPT : v1::LEASE_USE_DECRYPT);
  out->set_suite(static_cast<v1::Suite>(key.suite));
  ToProto(record.create_time, out->mutable_create_time());
  ToProto(record.expire_time, out->mutable_expire_time());
  out->set_max_messages(record.most_messages);
}

absl::StatusOr<KeySpec> FromProto(const v1::CreateKeyRequest& request) {
  FIELDKMS_ASSIGN_OR_RETURN(KeySpec spec, SpecOf(request));
  FIELDKMS_ASSIGN_OR_RETURN(spec.rotation_period,
                            WholeSeconds(request.rotation_period(), "rotation_period"));
  return spec;
}

absl::StatusOr<KeySpec> FromProto(const v1::ImportKeyRequest& request) {
  FIELDKMS_ASSIGN_OR_RETURN(KeySpec spec, SpecOf(request));
  spec.origin = KeyOrigin::kImported;
  return spec;
}

absl::StatusOr<KeyPatch> FromProto(const v1::UpdateKeyRequest& request) {
  if (request.update_mask().paths().empty()) {
    return InvalidField("update_mask", "must name what to update");
  }
  KeyPatch patch;
  for (const std::string& name : request.update_mask().paths()) {
    FIELDKMS_RETURN_IF_ERROR(AddToPatch(request, name, &patch));
  }
  return patch;
}

std::string Etag(uint64_t change) { return std::to_string(change); }

absl::StatusOr<uint64_t> ParseEtag(const std::string& etag, std::string_view field) {
  if (etag.empty()) return uint64_t{0};
  uint64_t change = 0;
  const auto [end, error] = std::from_chars(etag.data(), etag.data() + etag.size(), change);
  if (error != std::errc() || change == 0 || Etag(change) != etag) {
    return InvalidField(field, "is not one that this service gave");
  }
  return change;
}

absl::StatusOr<size_t> PageSize(int32_t requested) {
  if (requested < 0) return InvalidField("page_size", "must not be negative");
  if (requested == 0) return kDefaultPageSize;
  return std::min(static_cast<size_t>(requested), kMaxPageSize);
}

std::string PageToken(std::string_view last) {
  return std::string(kTokenPrefix) + std::string(last);
}

absl::StatusOr<std::string> ParsePageToken(const std::string& token) {
  if (token.empty()) return std::string();
  if (!token.starts_with(kTokenPrefix) ||
      !CheckKeyName(std::string_view(token).substr(kTokenPrefix.size())).ok()) {
    return InvalidField("page_token", "is not one that this service gave");
  }
  return token.substr(kTokenPrefix.size());
}

}  // namespace fieldkms
