#include "kms/keyring/keyring.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <utility>

#include "crypto/names.h"
#include "crypto/random.h"
#include "crypto/status.h"
#include "kms/keyring/fingerprint.h"
#include "kms/keyring/kek_cache.h"
#include "kms/keyring/key_loader.h"
#include "kms/keyring/root_binding.h"
#include "kms/keyring/snapshot_cell.h"
#include "kms/keyring/wrap.h"

namespace fieldkms {
namespace {

constexpr uint32_t kFirstVersion = 1;
// Ids are 64 random bits: the second attempt is for form.
constexpr int kIdAttempts = 4;
// How often a rotation that takes any primary tries again when others rotate the
// same key at the same time. Each round one of them succeeds.
constexpr int kRotateAttempts = 64;

absl::Status CheckKeyRequest(std::string_view tenant, std::string_view name,
                             std::string_view request_id) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(name));
  return CheckRequestId(request_id);
}

absl::StatusOr<uint64_t> DrawKeyId() {
  while (true) {
    std::array<uint8_t, 8> bytes;
    FIELDKMS_RETURN_IF_ERROR(RandomBytes(bytes));
    if (const uint64_t id = GetU64(bytes.data()); id != 0) return id;
  }
}

absl::Status PrimaryChanged() {
  return Error(absl::StatusCode::kAborted, Reason::kPrimaryChanged,
               "the key has another primary version", "expected_primary");
}

// New material: as the store keeps it, and ready for use.
struct NewVersion {
  KeyVersionRecord record;
  std::shared_ptr<const LoadedVersion> loaded;
};

}  // namespace

class Keyring::Impl {
 public:
  Impl(Store& store, const RootKey& root, const Clock& clock)
      : store_(store),
        root_(root),
        clock_(clock),
        keks_(store, root, clock),
        loader_(store, keks_, cell_, clock) {}

  absl::StatusOr<TenantRecord> CreateTenant(std::string_view tenant, const Mutation& mutation,
                                            Deadline deadline) {
    FIELDKMS_ASSIGN_OR_RETURN(const SecretBytes material, SecretBytes::Random(kKekSize));
    KekRecord kek{kFirstVersion, {}, clock_.Now()};
    FIELDKMS_ASSIGN_OR_RETURN(kek.wrapped,
                              root_.Wrap(material, KekContext(tenant, kFirstVersion), deadline));
    FIELDKMS_ASSIGN_OR_RETURN(Applied<TenantRecord> applied,
                              store_.CreateTenant(tenant, kek, mutation, deadline));
    return std::move(applied.value);
  }

  absl::StatusOr<KeyRecord> CreateKey(std::string_view tenant, std::string_view name,
                                      KeyPurpose purpose, const Mutation& mutation,
                                      Deadline deadline) {
    KeyRecord key{std::string(tenant), std::string(name), 0, purpose, kFirstVersion, {}, {}};
    for (int attempt = 0; attempt < kIdAttempts; ++attempt) {
      FIELDKMS_ASSIGN_OR_RETURN(key.key_id, DrawKeyId());
      FIELDKMS_ASSIGN_OR_RETURN(const NewVersion first, MakeVersion(key, kFirstVersion, deadline));
      key.create_time = key.primary_create_time = first.record.create_time;
      auto applied = store_.CreateKey(key, first.record, mutation, deadline);
      if (absl::IsAborted(applied.status())) continue;  // the id is taken
      return Finish(std::move(applied), first, deadline);
    }
    return Error(absl::StatusCode::kInternal, Reason::kInternal, "no free key id was found");
  }

  absl::StatusOr<KeyRecord> RotateKey(std::string_view tenant, std::string_view name,
                                      uint32_t expected_primary, const Mutation& mutation,
                                      Deadline deadline) {
    for (int attempt = 0; attempt < kRotateAttempts; ++attempt) {
      FIELDKMS_ASSIGN_OR_RETURN(const KeyRecord key, store_.GetKey(tenant, name, deadline));
      if (expected_primary != 0 && key.primary_version != expected_primary) {
        return LostRace(tenant, mutation, deadline);
      }
      if (key.primary_version == std::numeric_limits<uint32_t>::max()) {
        return Error(absl::StatusCode::kFailedPrecondition, Reason::kInternal,
                     "the key has as many versions as there can be");
      }
      FIELDKMS_ASSIGN_OR_RETURN(const NewVersion next,
                                MakeVersion(key, key.primary_version + 1, deadline));
      auto applied = store_.AddKeyVersion(tenant, name, next.record, mutation, deadline);
      if (ReasonOf(applied.status()) == Reason::kPrimaryChanged) continue;
      return Finish(std::move(applied), next, deadline);
    }
    return PrimaryChanged();
  }

  // The outcome of a mutation that ran before, if it did.
  absl::StatusOr<std::optional<KeyRecord>> FindOutcome(std::string_view tenant,
                                                       const Mutation& mutation,
                                                       Deadline deadline) {
    FIELDKMS_ASSIGN_OR_RETURN(std::optional<KeyRecord> record,
                              store_.FindKeyMutation(tenant, mutation, deadline));
    if (record) FIELDKMS_RETURN_IF_ERROR(loader_.CatchUp(*record, deadline));
    return record;
  }

  Store& store() { return store_; }
  SnapshotCell& cell() { return cell_; }
  KeyLoader& loader() { return loader_; }

 private:
  // A version of `key`, wrapped under its tenant's primary KEK. Error:
  // kTenantNotFound and others.
  absl::StatusOr<NewVersion> MakeVersion(const KeyRecord& key, uint32_t version,
                                         Deadline deadline) {
    FIELDKMS_ASSIGN_OR_RETURN(const TenantRecord tenant, store_.GetTenant(key.tenant, deadline));
    FIELDKMS_ASSIGN_OR_RETURN(const std::shared_ptr<const XaesKey> kek,
                              keks_.Get(key.tenant, tenant.primary_kek, deadline));
    FIELDKMS_ASSIGN_OR_RETURN(SecretBytes dek, SecretBytes::Random(kDekSize));
    NewVersion made;
    made.record.version = version;
    made.record.kek_version = tenant.primary_kek;
    made.record.create_time = clock_.Now();
    FIELDKMS_ASSIGN_OR_RETURN(
        made.record.wrapped,
        WrapDek(*kek, dek, DekPlace{key.tenant, key.key_id, version, key.purpose}));
    FIELDKMS_ASSIGN_OR_RETURN(XaesKey material, XaesKey::Create(std::move(dek)));
    made.loaded = std::make_shared<const LoadedVersion>(
        LoadedVersion{version, made.record.state, std::move(material)});
    return made;
  }

  // Publishes what the store has made durable. Where the store had the outcome of
  // an earlier attempt, the new material is dropped.
  absl::StatusOr<KeyRecord> Finish(absl::StatusOr<Applied<KeyRecord>> applied,
                                   const NewVersion& made, Deadline deadline) {
    if (!applied.ok()) return std::move(applied).status();
    if (applied->replayed) {
      FIELDKMS_RETURN_IF_ERROR(loader_.CatchUp(applied->value, deadline));
    } else {
      loader_.Publish(applied->value, made.loaded);
    }
    return std::move(applied->value);
  }

  // The primary is not the expected one: this very request may have changed it, in
  // an attempt that ran at the same time.
  absl::StatusOr<KeyRecord> LostRace(std::string_view tenant, const Mutation& mutation,
                                     Deadline deadline) {
    FIELDKMS_ASSIGN_OR_RETURN(std::optional<KeyRecord> record,
                              FindOutcome(tenant, mutation, deadline));
    if (record) return *std::move(record);
    return PrimaryChanged();
  }

  Store& store_;
  const RootKey& root_;
  const Clock& clock_;
  SnapshotCell cell_;
  KekCache keks_;
  KeyLoader loader_;
};

Keyring::Keyring(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Keyring::~Keyring() = default;

absl::StatusOr<std::unique_ptr<Keyring>> Keyring::Open(Store& store, const RootKey& root,
                                                       const Clock& clock) {
  FIELDKMS_RETURN_IF_ERROR(TieStoreToRoot(store, root, clock));
  return std::unique_ptr<Keyring>(new Keyring(std::make_unique<Impl>(store, root, clock)));
}

const KeySnapshot& Keyring::Snapshot() const { return impl_->cell().ThreadView(); }

absl::Status Keyring::LoadByName(std::string_view tenant, std::string_view name,
                                 Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(name, "key"));
  return impl_->loader().LoadByName(tenant, name, deadline);
}

absl::Status Keyring::LoadById(std::string_view tenant, uint64_t key_id, uint32_t version,
                               Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  return impl_->loader().LoadById(tenant, key_id, version, deadline);
}

absl::StatusOr<TenantRecord> Keyring::CreateTenant(std::string_view tenant,
                                                   std::string_view request_id, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  FIELDKMS_RETURN_IF_ERROR(CheckRequestId(request_id));
  FIELDKMS_ASSIGN_OR_RETURN(std::string fingerprint, FingerprintOf({"CreateTenant", tenant}));
  const Mutation mutation{std::string(request_id), std::move(fingerprint)};
  return impl_->CreateTenant(tenant, mutation, deadline);
}

absl::StatusOr<KeyRecord> Keyring::CreateKey(std::string_view tenant, std::string_view name,
                                             KeyPurpose purpose, std::string_view request_id,
                                             Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckKeyRequest(tenant, name, request_id));
  if (purpose != KeyPurpose::kEncrypt) return InvalidField("purpose", "is not known");
  const std::string purpose_number = std::to_string(static_cast<int>(purpose));
  FIELDKMS_ASSIGN_OR_RETURN(std::string fingerprint,
                            FingerprintOf({"CreateKey", tenant, name, purpose_number}));
  const Mutation mutation{std::string(request_id), std::move(fingerprint)};
  FIELDKMS_ASSIGN_OR_RETURN(std::optional<KeyRecord> before,
                            impl_->FindOutcome(tenant, mutation, deadline));
  if (before) return *std::move(before);
  return impl_->CreateKey(tenant, name, purpose, mutation, deadline);
}

absl::StatusOr<KeyRecord> Keyring::RotateKey(std::string_view tenant, std::string_view name,
                                             uint32_t expected_primary, std::string_view request_id,
                                             Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckKeyRequest(tenant, name, request_id));
  const std::string expected = std::to_string(expected_primary);
  FIELDKMS_ASSIGN_OR_RETURN(std::string fingerprint,
                            FingerprintOf({"RotateKey", tenant, name, expected}));
  const Mutation mutation{std::string(request_id), std::move(fingerprint)};
  FIELDKMS_ASSIGN_OR_RETURN(std::optional<KeyRecord> before,
                            impl_->FindOutcome(tenant, mutation, deadline));
  if (before) return *std::move(before);
  return impl_->RotateKey(tenant, name, expected_primary, mutation, deadline);
}

absl::StatusOr<TenantRecord> Keyring::GetTenant(std::string_view tenant, Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  return impl_->store().GetTenant(tenant, deadline);
}

absl::StatusOr<std::vector<TenantRecord>> Keyring::ListTenants(std::string_view after, size_t limit,
                                                               Deadline deadline) {
  return impl_->store().ListTenants(after, limit, deadline);
}

absl::StatusOr<KeyRecord> Keyring::GetKey(std::string_view tenant, std::string_view name,
                                          Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(name));
  return impl_->store().GetKey(tenant, name, deadline);
}

absl::StatusOr<std::vector<KeyRecord>> Keyring::ListKeys(std::string_view tenant,
                                                         std::string_view after_name, size_t limit,
                                                         Deadline deadline) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(tenant));
  return impl_->store().ListKeys(tenant, after_name, limit, deadline);
}

absl::StatusOr<std::vector<KeyVersionRecord>> Keyring::ListKeyVersions(std::string_view tenant,
                                                                       std::string_view name,
                                                                       uint32_t before,
                                                                       size_t limit,
                                                                       Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(const KeyRecord key, GetKey(tenant, name, deadline));
  return impl_->store().ListKeyVersions(key.key_id, before, limit, deadline);
}

}  // namespace fieldkms
