#include "kms/service/key_finder.h"

#include <algorithm>
#include <string>

#include "kms/keyring/lifecycle.h"

namespace fieldkms {
namespace {

// A key that others change may be gone from the snapshot again before we look.
constexpr int kMostLoads = 8;

absl::Status ChangesTooFast() {
  return Error(absl::StatusCode::kUnavailable, Reason::kOverloaded,
               "the key changes faster than it can be loaded");
}

absl::Status WrongPurpose(KeyPurpose wanted, std::string_view field) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kKeyPurpose,
               "the key's purpose is not " + std::string(PurposeName(wanted)), field);
}

bool HasName(const LoadedKey& key, std::string_view name) {
  return key.record.name == name ||
         std::find(key.aliases.begin(), key.aliases.end(), name) != key.aliases.end();
}

// Written only where it changes, so that threads do not take the line from each other.
void MarkUsed(const LoadedKey& key) {
  if (!key.used->load(std::memory_order_relaxed)) {
    key.used->store(true, std::memory_order_relaxed);
  }
}

}  // namespace

KeyFinder::KeyFinder(RunContext& context, std::string_view tenant)
    : context_(context), tenant_(tenant), fresh_(context.service.keyring.CheckFresh(context.now)) {
  if (context.keys.snapshot == nullptr) {
    context.keys.snapshot = &context.service.keyring.Snapshot();
  }
}

void KeyFinder::ForgetStale() {
  if (answered_in_ == generation()) return;
  answered_in_ = generation();
  sealer_ = {};
  opener_ = {};
}

template <class AskFunction>
absl::Status KeyFinder::Ask(AskFunction ask) {
  absl::Status& down = context_.keys.down;
  if (!down.ok()) return down;
  absl::Status status = ask();
  if (status.code() == absl::StatusCode::kUnavailable ||
      status.code() == absl::StatusCode::kDeadlineExceeded) {
    down = status;
  }
  return status;
}

template <class LoadFunction>
absl::Status KeyFinder::Load(LoadFunction load) {
  absl::Status status = Ask(load);
  // The new snapshot ends the life of the keys found in the old one.
  context_.keys.snapshot = &context_.service.keyring.Snapshot();
  ++context_.keys.generation;
  return status;
}

bool KeyFinder::Allows(const KeyUse& use, std::string_view own_name) const {
  return context_.service.authorizer.Allows(context_.who, use.action, tenant_, own_name);
}

bool KeyFinder::Allows(const KeyUse& use, const KeyRecord& key) const {
  return (use.allowed != 0 && use.allowed == key.key_id) || Allows(use, key.name);
}

bool KeyFinder::IsReady(const LoadedVersion* version) const {
  if (version == nullptr) return false;
  if (version->state != VersionState::kEnabled) return true;
  return version->HasMaterial() && version->life->Serves(context_.now);
}

absl::StatusOr<KeyFinder::Found> KeyFinder::ToSeal(std::string_view name, const KeyUse& use,
                                                   std::string_view field) {
  ForgetStale();
  if (sealer_.key != nullptr && seal_use_ == use && HasName(*sealer_.key, name)) return sealer_;
  FIELDKMS_ASSIGN_OR_RETURN(const Found found, FindToSeal(name, use, field));
  ForgetStale();
  seal_use_ = use;
  sealer_ = found;
  return found;
}

absl::StatusOr<KeyFinder::Found> KeyFinder::FindToSeal(std::string_view name, const KeyUse& use,
                                                       std::string_view field) {
  FIELDKMS_RETURN_IF_ERROR(fresh_);
  for (int loads = 0; loads < kMostLoads; ++loads) {
    const LoadedKey* key = snapshot().FindByName(tenant_, name);
    if (key != nullptr) {
      if (!Allows(use, key->record)) return PermissionDenied();
      if (key->record.purpose != use.purpose) return WrongPurpose(use.purpose, field);
      const LoadedVersion* primary = key->Primary();
      if (IsReady(primary)) {
        FIELDKMS_RETURN_IF_ERROR(MaySeal(primary->state));
        MarkUsed(*key);
        return Found{key, primary};
      }
    }
    if (!context_.may_block) return Found{};
    FIELDKMS_RETURN_IF_ERROR(LoadToSeal(name, use, field));
  }
  return ChangesTooFast();
}

absl::Status KeyFinder::LoadToSeal(std::string_view name, const KeyUse& use,
                                   std::string_view field) {
  Keyring& keyring = context_.service.keyring;
  // A caller without rights on the name may have them on the key that it is an alias of.
  // That is settled before anything is unwrapped.
  if (!Allows(use, name)) {
    bool allowed = false;
    const absl::Status found = Ask([&] {
      const auto key = keyring.admin().GetKey(tenant_, name, context_.deadline);
      allowed = key.ok() && Allows(use, *key);
      return key.status();
    });
    if (!allowed && (found.ok() || found.code() == absl::StatusCode::kNotFound)) {
      return PermissionDenied();
    }
    FIELDKMS_RETURN_IF_ERROR(found);
  }
  const absl::Status loaded =
      Load([&] { return keyring.LoadByName(tenant_, name, context_.deadline); });
  // The store's field is `name`: the caller wrote it elsewhere.
  if (ReasonOf(loaded) == Reason::kKeyNotFound) {
    return Error(loaded.code(), Reason::kKeyNotFound, MessageOf(loaded), field);
  }
  return loaded;
}

absl::StatusOr<KeyFinder::Found> KeyFinder::ToOpen(const Wanted& wanted) {
  ForgetStale();
  if (opener_.key != nullptr && open_wanted_ == wanted) return opener_;
  FIELDKMS_ASSIGN_OR_RETURN(const Found found, FindToOpen(wanted));
  ForgetStale();
  open_wanted_ = wanted;
  opener_ = found;
  return found;
}

absl::StatusOr<KeyFinder::Found> KeyFinder::FindToOpen(const Wanted& wanted) {
  FIELDKMS_RETURN_IF_ERROR(fresh_);
  for (int loads = 0; loads < kMostLoads; ++loads) {
    const LoadedKey* key = snapshot().FindById(wanted.key_id);
    // Another tenant's key is refused before anything is loaded for it.
    if (key != nullptr && key->record.tenant != tenant_) return DecryptError(Reason::kOtherTenant);
    const LoadedVersion* version = key == nullptr ? nullptr : key->Find(wanted.version);
    const bool ready = IsReady(version);
    const PinMatch pinned = ready ? MatchPin(*key, wanted.pin) : PinMatch::kNotLoaded;
    if (pinned == PinMatch::kYes) return CheckOpener(wanted, {key, version});
    if (pinned == PinMatch::kNo) {
      context_.outcome.keys.Note(key->record.name);
      return DecryptError(Reason::kOtherKey);
    }
    if (!context_.may_block) return Found{};
    if (ready) context_.outcome.keys.Note(key->record.name);
    FIELDKMS_RETURN_IF_ERROR(ready ? LoadPin(wanted) : LoadToOpen(wanted));
  }
  return ChangesTooFast();
}

absl::Status KeyFinder::LoadToOpen(const Wanted& wanted) {
  const absl::Status loaded = Load([&] {
    return context_.service.keyring.LoadById(tenant_, wanted.key_id, wanted.version,
                                             context_.deadline);
  });
  // A tenant that does not exist has no keys: no other answer than for a key that it
  // does not have.
  if (ReasonOf(loaded) == Reason::kTenantNotFound) return DecryptError(Reason::kOtherTenant);
  if (PublicReason(ReasonOf(loaded)) == Reason::kDecryptFailed) {
    return DecryptError(ReasonOf(loaded));
  }
  return loaded;
}

absl::StatusOr<KeyFinder::Found> KeyFinder::CheckOpener(const Wanted& wanted, const Found& found) {
  const KeyRecord& key = found.key->record;
  context_.outcome.keys.Note(key.name);
  if (!Allows(wanted.use, key)) return PermissionDenied();
  if (key.purpose != wanted.use.purpose) return DecryptError(Reason::kOtherKey);
  FIELDKMS_RETURN_IF_ERROR(MayOpen(key, found.version->version, found.version->state));
  MarkUsed(*found.key);
  return found;
}

KeyFinder::PinMatch KeyFinder::MatchPin(const LoadedKey& key, std::string_view pin) const {
  if (pin.empty() || key.record.name == pin) return PinMatch::kYes;
  const LoadedKey* pinned = snapshot().FindByName(tenant_, pin);
  if (pinned == nullptr) return PinMatch::kNotLoaded;
  return pinned->record.key_id == key.record.key_id ? PinMatch::kYes : PinMatch::kNo;
}

// Asks the store first: a pin that is no name of the key is not worth unwrapping one for.
absl::Status KeyFinder::LoadPin(const Wanted& wanted) {
  Keyring& keyring = context_.service.keyring;
  bool same = false;
  const absl::Status found = Ask([&] {
    const auto key = keyring.admin().GetKey(tenant_, wanted.pin, context_.deadline);
    same = key.ok() && key->key_id == wanted.key_id;
    return key.status();
  });
  if (!same && (found.ok() || found.code() == absl::StatusCode::kNotFound ||
                found.code() == absl::StatusCode::kInvalidArgument)) {
    return DecryptError(Reason::kOtherKey);
  }
  FIELDKMS_RETURN_IF_ERROR(found);
  return Load([&] { return keyring.LoadByName(tenant_, wanted.pin, context_.deadline); });
}

}  // namespace fieldkms
