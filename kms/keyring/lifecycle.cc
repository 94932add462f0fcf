#include "kms/keyring/lifecycle.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "crypto/names.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr uint8_t kSuiteXaes = 1;
constexpr uint8_t kSuiteCommitting = 2;

absl::Status WrongState(std::string_view message, std::string_view field = {}) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::kKeyState, message, field);
}

absl::Status CheckPeriod(std::chrono::seconds period) {
  if (period.count() == 0) return absl::OkStatus();
  if (period < kMinRotationPeriod || period > kMaxRotationPeriod) {
    return InvalidField("rotation_period", "must be 0, or an hour to 3650 days");
  }
  return absl::OkStatus();
}

absl::Status CheckLease(const LeasePolicy& lease) {
  const bool some = lease.longest.count() != 0 || lease.most_messages != 0;
  if (!some) return absl::OkStatus();
  if (lease.longest < std::chrono::seconds(1) || lease.longest > kMaxLease) {
    return InvalidField("lease.longest", "must be a second to an hour");
  }
  if (lease.most_messages == 0) {
    return InvalidField("lease.most_messages", "must be 1 or more where there is a lease.longest");
  }
  return absl::OkStatus();
}

bool IsLabelName(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const auto legal = [&](char c) { return plain(c) || c == '.' || c == '_' || c == '-'; };
  return !name.empty() && name.size() <= kMaxLabelName && plain(name[0]) &&
         std::all_of(name.begin(), name.end(), legal);
}

// Whether `text` has no control characters. That it is UTF-8 was seen to by protobuf.
bool IsPrintable(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
}

absl::Status CheckLabels(const std::map<std::string, std::string>& labels) {
  if (labels.size() > kMaxLabels) return InvalidField("labels", "has more than 32 entries");
  for (const auto& [name, value] : labels) {
    if (!IsLabelName(name)) {
      return InvalidField("labels", "has a name that is not 1 to 63 of [a-z0-9._-]");
    }
    if (value.size() > kMaxLabelValue || !IsPrintable(value)) {
      return InvalidField("labels", "has a value over 256 bytes or with control characters");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<uint8_t> SuiteOf(const KeySpec& spec) {
  if (spec.purpose != KeyPurpose::kEncrypt) {
    if (spec.suite == 0) return kSuiteXaes;
    return InvalidField("suite", "is for ENCRYPT keys only");
  }
  const bool held_by_others =
      spec.origin == KeyOrigin::kImported || spec.lease.longest.count() != 0;
  if (spec.suite == 0) return held_by_others ? kSuiteCommitting : kSuiteXaes;
  if (spec.suite == kSuiteXaes || spec.suite == kSuiteCommitting) return spec.suite;
  return InvalidField("suite", "is not one that this release knows");
}

std::optional<WallTime> NextRotation(const KeyRecord& key) {
  if (key.rotation_period.count() == 0) return std::nullopt;
  return key.primary_create_time + key.rotation_period;
}

bool IsGone(VersionState state) {
  return state == VersionState::kDestroyScheduled || state == VersionState::kDestroyed;
}

absl::Status Gone(VersionState state) {
  return state == VersionState::kDestroyed
             ? WrongState("the version was destroyed", "version")
             : WrongState("the version is to be destroyed: cancel that first", "version");
}

}  // namespace

std::string_view PurposeName(KeyPurpose purpose) {
  switch (purpose) {
    case KeyPurpose::kEncrypt:
      return "ENCRYPT";
    case KeyPurpose::kMac:
      return "MAC";
    case KeyPurpose::kToken:
      return "TOKEN";
    case KeyPurpose::kFpe:
      return "FPE";
    case KeyPurpose::kBlindIndex:
      return "BLIND_INDEX";
    case KeyPurpose::kSignAudit:
      return "SIGN_AUDIT";
  }
  return "unknown";
}

absl::StatusOr<KeyRecord> NewKey(const KeySpec& spec, WallTime now) {
  FIELDKMS_RETURN_IF_ERROR(CheckTenantId(spec.tenant));
  FIELDKMS_RETURN_IF_ERROR(CheckKeyName(spec.name));
  if (spec.purpose < KeyPurpose::kEncrypt || spec.purpose > KeyPurpose::kSignAudit) {
    return InvalidField("purpose", "is not one that this release knows");
  }
  FIELDKMS_RETURN_IF_ERROR(CheckPeriod(spec.rotation_period));
  FIELDKMS_RETURN_IF_ERROR(CheckLease(spec.lease));
  FIELDKMS_RETURN_IF_ERROR(CheckLabels(spec.labels));
  const bool leased = spec.lease.longest.count() != 0;
  if (leased && spec.purpose != KeyPurpose::kEncrypt) {
    return InvalidField("lease", "is for ENCRYPT keys only");
  }
  if (leased && spec.audit_per_operation) {
    return InvalidField("lease", "cannot be had of a key that is audited for each operation");
  }
  if (spec.origin == KeyOrigin::kImported && spec.rotation_period.count() != 0) {
    return InvalidField("rotation_period", "cannot be had of an imported key");
  }
  KeyRecord key;
  FIELDKMS_ASSIGN_OR_RETURN(key.suite, SuiteOf(spec));
  key.tenant = spec.tenant;
  key.name = spec.name;
  key.purpose = spec.purpose;
  key.primary_version = 1;
  key.create_time = key.primary_create_time = now;
  key.exportable = spec.exportable;
  key.audit_per_operation = spec.audit_per_operation;
  key.rotation_period = spec.rotation_period;
  key.next_rotation = NextRotation(key);
  key.lease = spec.lease;
  key.labels = spec.labels;
  return key;
}

absl::StatusOr<KeyChange> PatchKey(KeyRecord key, const KeyPatch& patch,
                                   const KeyVersionRecord& primary) {
  if (patch.labels) {
    FIELDKMS_RETURN_IF_ERROR(CheckLabels(*patch.labels));
    key.labels = *patch.labels;
  }
  if (patch.rotation_period) {
    FIELDKMS_RETURN_IF_ERROR(CheckPeriod(*patch.rotation_period));
    if (patch.rotation_period->count() != 0) {
      if (primary.origin == KeyOrigin::kImported) {
        return InvalidField("rotation_period", "cannot be had of an imported key");
      }
      if (IsGone(primary.state)) return WrongState("the key has ended", "rotation_period");
    }
    key.rotation_period = *patch.rotation_period;
    key.next_rotation = NextRotation(key);
  }
  if (patch.min_decrypt_version) {
    if (*patch.min_decrypt_version == 0) return InvalidField("min_decrypt_version", "is 0");
    if (*patch.min_decrypt_version > key.primary_version) {
      return WrongState("min_decrypt_version is above the primary version", "min_decrypt_version");
    }
    key.min_decrypt_version = *patch.min_decrypt_version;
  }
  if (patch.lease) key.lease = *patch.lease;
  if (patch.audit_per_operation) key.audit_per_operation = *patch.audit_per_operation;
  FIELDKMS_RETURN_IF_ERROR(CheckLease(key.lease));
  const bool leased = key.lease.longest.count() != 0;
  if (leased && (key.purpose != KeyPurpose::kEncrypt || key.audit_per_operation)) {
    return InvalidField("lease", "is for ENCRYPT keys that are not audited for each operation");
  }
  return KeyChange{std::move(key), {}};
}

absl::StatusOr<KeyChange> AddVersion(KeyRecord key, const KeyVersionRecord& primary,
                                     KeyVersionRecord next, WallTime now) {
  if (IsGone(primary.state)) return WrongState("the key has ended");
  if (key.primary_version == std::numeric_limits<uint32_t>::max()) {
    return WrongState("the key has as many versions as there can be");
  }
  if (primary.origin != next.origin) {
    return WrongState(primary.origin == KeyOrigin::kImported
                          ? "the key was imported: import its next version"
                          : "the key was made here: it takes no imported versions");
  }
  if (next.version != key.primary_version + 1) return Bug("a version is not the next");
  key.primary_version = next.version;
  key.primary_create_time = now;
  key.next_rotation = NextRotation(key);
  return KeyChange{std::move(key), {std::move(next)}};
}

absl::StatusOr<KeyChange> Enable(KeyRecord key, KeyVersionRecord version) {
  if (IsGone(version.state)) return Gone(version.state);
  version.state = VersionState::kEnabled;
  return KeyChange{std::move(key), {std::move(version)}};
}

absl::StatusOr<KeyChange> Disable(KeyRecord key, KeyVersionRecord version) {
  if (IsGone(version.state)) return Gone(version.state);
  version.state = VersionState::kDisabled;
  return KeyChange{std::move(key), {std::move(version)}};
}

absl::StatusOr<KeyChange> ScheduleDestroy(KeyRecord key, std::span<const KeyVersionRecord> versions,
                                          bool whole_key, std::chrono::days waiting, WallTime now) {
  if (waiting < kMinDestroyWaiting || waiting > kMaxDestroyWaiting) {
    return InvalidField("waiting_days", "must be 1 to 90");
  }
  KeyChange change{std::move(key), {}};
  for (const KeyVersionRecord& version : versions) {
    if (!whole_key && version.version == change.key.primary_version) {
      return Error(absl::StatusCode::kFailedPrecondition, Reason::kVersionIsPrimary,
                   "the primary version is destroyed with the whole key only: rotate the key first",
                   "version");
    }
    if (version.state == VersionState::kDestroyed) {
      if (!whole_key) return Gone(version.state);
      continue;
    }
    KeyVersionRecord& next = change.versions.emplace_back(version);
    next.state = VersionState::kDestroyScheduled;
    next.destroy_time = now + waiting;
  }
  // A key that ends is not rotated any more.
  if (whole_key) {
    change.key.rotation_period = std::chrono::seconds(0);
    change.key.next_rotation.reset();
  }
  return change;
}

absl::StatusOr<KeyChange> CancelDestroy(KeyRecord key, std::span<const KeyVersionRecord> versions) {
  KeyChange change{std::move(key), {}};
  for (const KeyVersionRecord& version : versions) {
    if (version.state != VersionState::kDestroyScheduled) continue;
    KeyVersionRecord& next = change.versions.emplace_back(version);
    next.state = VersionState::kDisabled;
    next.destroy_time.reset();
  }
  if (change.versions.empty()) {
    return WrongState("no version of these waits to be destroyed", "version");
  }
  return change;
}

absl::StatusOr<KeyChange> Destroy(KeyRecord key, KeyVersionRecord version, WallTime now) {
  if (version.state != VersionState::kDestroyScheduled || !version.destroy_time ||
      *version.destroy_time > now) {
    return WrongState("the version is not due to be destroyed", "version");
  }
  version.state = VersionState::kDestroyed;
  version.wrapped.clear();
  version.destroy_time = now;
  return KeyChange{std::move(key), {std::move(version)}};
}

absl::Status MaySeal(VersionState primary) {
  if (primary == VersionState::kEnabled) return absl::OkStatus();
  return WrongState("the key's primary version is not enabled");
}

absl::Status MayOpen(const KeyRecord& key, uint32_t version, VersionState state) {
  if (state != VersionState::kEnabled) return WrongState("the key version is not enabled");
  if (version < key.min_decrypt_version) {
    return WrongState("the key version is below the key's min_decrypt_version");
  }
  return absl::OkStatus();
}

}  // namespace fieldkms
