#include "kms/service/key_finder.h"

namespace fieldkms {

KeyFinder::KeyFinder(RunContext& context, std::string_view tenant)
    : context_(context), tenant_(tenant), snapshot_(&context.service.keyring.Snapshot()) {}

template <class LoadFunction>
absl::Status KeyFinder::Load(LoadFunction load) {
  if (!down_.ok()) return down_;
  absl::Status status = load();
  if (status.code() == absl::StatusCode::kUnavailable ||
      status.code() == absl::StatusCode::kDeadlineExceeded) {
    down_ = status;
  }
  // The new snapshot ends the life of the keys found in the old one.
  snapshot_ = &context_.service.keyring.Snapshot();
  ++generation_;
  sealer_ = {};
  opener_ = {};
  return status;
}

absl::StatusOr<KeyFinder::Sealer> KeyFinder::ToSeal(std::string_view name, std::string_view field) {
  if (sealer_.key != nullptr && sealer_.key->record.name == name) return sealer_;
  FIELDKMS_ASSIGN_OR_RETURN(sealer_, FindToSeal(name, field));
  return sealer_;
}

absl::StatusOr<KeyFinder::Sealer> KeyFinder::FindToSeal(std::string_view name,
                                                        std::string_view field) {
  if (!context_.service.authorizer.Allows(context_.who, Action::kEncrypt, tenant_, name)) {
    return PermissionDenied();
  }
  const LoadedKey* key = snapshot_->FindByName(tenant_, name);
  if (key == nullptr) {
    if (!context_.may_block) return Sealer{};
    const absl::Status loaded =
        Load([&] { return context_.service.keyring.LoadByName(tenant_, name, context_.deadline); });
    // The store's field is `name`: the caller wrote it elsewhere.
    if (ReasonOf(loaded) == Reason::kKeyNotFound) {
      return Error(loaded.code(), Reason::kKeyNotFound, MessageOf(loaded), field);
    }
    FIELDKMS_RETURN_IF_ERROR(loaded);
    key = snapshot_->FindByName(tenant_, name);
    if (key == nullptr) return Bug("a key is not in the snapshot after its load");
  }
  if (key->record.purpose != KeyPurpose::kEncrypt) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kKeyPurpose,
                 "the key's purpose is not ENCRYPT", field);
  }
  return Sealer{key, &key->Primary()};
}

absl::StatusOr<KeyFinder::Opener> KeyFinder::ToOpen(const EnvelopeHeader& header,
                                                    std::string_view pin, Action action) {
  if (opener_.key != nullptr && open_header_ == header && open_pin_ == pin) return opener_;
  FIELDKMS_ASSIGN_OR_RETURN(const Opener opener, FindToOpen(header, pin, action));
  open_header_ = header;
  open_pin_ = pin;
  opener_ = opener;
  return opener;
}

KeyFinder::Opener KeyFinder::Lookup(const EnvelopeHeader& header) const {
  const LoadedKey* key = snapshot_->FindById(header.key_id);
  if (key == nullptr) return {};
  return {key, key->Find(header.version)};
}

absl::StatusOr<KeyFinder::Opener> KeyFinder::FindToOpen(const EnvelopeHeader& header,
                                                        std::string_view pin, Action action) {
  Opener opener = Lookup(header);
  // Another tenant's key is refused before anything is loaded for it.
  if (opener.key != nullptr && opener.key->record.tenant != tenant_) {
    return DecryptError(Reason::kOtherTenant);
  }
  if (opener.version == nullptr) {
    if (!context_.may_block) return Opener{};
    const absl::Status loaded = Load([&] {
      return context_.service.keyring.LoadById(tenant_, header.key_id, header.version,
                                               context_.deadline);
    });
    // A tenant that does not exist has no keys: no other answer than for a key
    // that it does not have.
    if (ReasonOf(loaded) == Reason::kTenantNotFound) return DecryptError(Reason::kOtherTenant);
    if (PublicReason(ReasonOf(loaded)) == Reason::kDecryptFailed) {
      return DecryptError(ReasonOf(loaded));
    }
    FIELDKMS_RETURN_IF_ERROR(loaded);
    opener = Lookup(header);
    if (opener.version == nullptr) {
      return Bug("a key version is not in the snapshot after its load");
    }
    if (opener.key->record.tenant != tenant_) return DecryptError(Reason::kOtherTenant);
  }
  context_.outcome.keys.Note(opener.key->record.name);
  if (!pin.empty() && opener.key->record.name != pin) return DecryptError(Reason::kOtherKey);
  if (!context_.service.authorizer.Allows(context_.who, action, tenant_, opener.key->record.name)) {
    return PermissionDenied();
  }
  return opener;
}

}  // namespace fieldkms
