#include "kms/keyring/key_transfer.h"

#include <utility>

#include "crypto/key_import.h"
#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/keyring/core.h"
#include "kms/keyring/fingerprint.h"
#include "kms/keyring/import_token.h"
#include "kms/keyring/key_changes.h"
#include "kms/keyring/wrap.h"

namespace fieldkms {
namespace {

static_assert(kImportedKeySize == kDekSize);

absl::Status NotExportable() {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kNotExportable,
               "the key was not made exportable", "name");
}

absl::StatusOr<std::string> RecipientOf(std::string_view public_pem) {
  absl::StatusOr<std::string> digest = PublicKeyDigest(public_pem);
  if (ReasonOf(digest.status()) != Reason::kInvalidField) return digest;
  return InvalidField("recipient_public_key", MessageOf(digest.status()));
}

absl::StatusOr<KeyVersionRecord> GetVersion(KeyringCore& core, const KeyRecord& key,
                                            uint32_t version, Deadline deadline) {
  // Versions have no gaps.
  if (version > key.primary_version) {
    return Error(absl::StatusCode::kNotFound, Reason::kKeyNotFound, "the key has no such version",
                 "version");
  }
  return core.store.GetKeyVersion(key.tenant, key.key_id,
                                  version == 0 ? key.primary_version : version, deadline);
}

}  // namespace

absl::StatusOr<ImportParameters> KeyTransfer::MakeImportParameters(std::string_view tenant,
                                                                   Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  // What may fail at once comes before what takes seconds.
  FIELDKMS_ASSIGN_OR_RETURN(const TenantRecord record, core_.store.GetTenant(tenant, deadline));
  FIELDKMS_ASSIGN_OR_RETURN(const KekCache::KekPtr kek,
                            core_.keks.Get(tenant, record.primary_kek, deadline));
  FIELDKMS_ASSIGN_OR_RETURN(ImportKeyPair pair, pairs_.Make());
  const WallTime end = core_.clock.Now() + kImportTime;
  FIELDKMS_ASSIGN_OR_RETURN(
      std::string token,
      SealImportToken(kek->key, tenant, {record.primary_kek, end}, pair.private_der));
  return ImportParameters{std::move(pair.public_pem), std::move(token), end};
}

absl::StatusOr<SecretBytes> KeyTransfer::Unwrap(std::string_view tenant, const BroughtKey& brought,
                                                Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(const ImportTokenHeader header, ReadImportToken(brought.token));
  if (core_.clock.Now() >= header.end) return ImportFailed();
  FIELDKMS_ASSIGN_OR_RETURN(const TenantRecord record, core_.store.GetTenant(tenant, deadline));
  // A KEK that the tenant never had would look like a damaged store.
  if (header.kek_version == 0 || header.kek_version > record.primary_kek) return ImportFailed();
  FIELDKMS_ASSIGN_OR_RETURN(const KekCache::KekPtr kek,
                            core_.keks.Get(tenant, header.kek_version, deadline));
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes private_der,
                            OpenImportToken(kek->key, tenant, brought.token));
  absl::StatusOr<SecretBytes> key = UnwrapImported(private_der, AsBytes(brought.wrapped));
  if (ReasonOf(key.status()) == Reason::kKeyUnwrapFailed) return ImportFailed();
  return key;
}

absl::StatusOr<KeyRecord> KeyTransfer::ImportKey(const KeySpec& spec, const BroughtKey& brought,
                                                 std::string_view request_id, Deadline deadline) {
  KeySpec imported = spec;
  imported.origin = KeyOrigin::kImported;
  // The material is no part of it: a fingerprint is stored, and outlives a destroyed key.
  FIELDKMS_ASSIGN_OR_RETURN(
      const Mutation mutation,
      MutationOf(request_id, {"ImportKey", spec.tenant, spec.name, TextOf(imported)}));
  const MaterialSource material{KeyOrigin::kImported,
                                [&] { return Unwrap(spec.tenant, brought, deadline); }};
  return MakeKey(core_, imported, material, mutation, deadline);
}

absl::StatusOr<KeyRecord> KeyTransfer::ImportKeyVersion(const KeyRef& ref,
                                                        const BroughtKey& brought,
                                                        std::string_view request_id,
                                                        Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(
      const Mutation mutation,
      MutationOf(request_id, {"ImportKeyVersion", ref.tenant, ref.name, std::to_string(ref.etag)}));
  const MaterialSource material{KeyOrigin::kImported,
                                [&] { return Unwrap(ref.tenant, brought, deadline); }};
  const auto rule = [&](KeyRecord key) {
    return NextVersion(core_, std::move(key), material, deadline);
  };
  return ChangeKey(core_, {ref, mutation, deadline, rule});
}

absl::StatusOr<ExportedVersion> KeyTransfer::ExportVersion(std::string_view tenant,
                                                           std::string_view name, uint32_t version,
                                                           std::string_view recipient_pem,
                                                           Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(name));
  FIELDKMS_ASSIGN_OR_RETURN(std::string recipient, RecipientOf(recipient_pem));
  FIELDKMS_ASSIGN_OR_RETURN(const KeyRecord key, core_.store.GetKey(tenant, name, deadline));
  if (key.name != name) return NoSuchKey();  // an alias
  if (!key.exportable) return NotExportable();
  FIELDKMS_ASSIGN_OR_RETURN(const KeyVersionRecord record,
                            GetVersion(core_, key, version, deadline));
  FIELDKMS_RETURN_IF_ERROR(MayOpen(key, record.version, record.state));
  FIELDKMS_ASSIGN_OR_RETURN(const KekCache::KekPtr kek,
                            core_.keks.Get(tenant, record.kek_version, deadline));
  const DekPlace place{key.tenant, key.key_id, record.version, key.purpose};
  FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes material, UnwrapDek(kek->key, record.wrapped, place));
  FIELDKMS_ASSIGN_OR_RETURN(std::string wrapped, WrapForImport(recipient_pem, material));
  return ExportedVersion{std::move(wrapped), record.version, std::move(recipient)};
}

}  // namespace fieldkms
