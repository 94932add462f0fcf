#include "kms/backup/store_scan.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::chrono::seconds kPatience{30};  // for one call
constexpr size_t kPage = 500;
constexpr size_t kFieldPage = 50;       // policies are long
constexpr size_t kMostChanges = 1'000;  // at once; a change of a whole tenant counts as one
// Each round is as long as what changed in the one before: few are enough for a store
// that rests now and then.
constexpr int kMostRounds = 100;

class Scan {
 public:
  Scan(Store& store, const Clock& clock, const ScanRequest& request, const ScanVisitor& visitor)
      : store_(store), clock_(clock), request_(request), visitor_(visitor), known_(request.known) {}

  absl::StatusOr<uint64_t> Run() {
    if (request_.after) {
      seen_ = *request_.after;
    } else {
      FIELDKMS_ASSIGN_OR_RETURN(seen_, store_.GetChangeNumber(Soon()));
      FIELDKMS_RETURN_IF_ERROR(ReadAll());
    }
    for (int round = 0; round < kMostRounds; ++round) {
      FIELDKMS_RETURN_IF_ERROR(CatchUp().status());
      FIELDKMS_ASSIGN_OR_RETURN(const std::vector<WholeTenant> tenants, ReadTenants());
      FIELDKMS_ASSIGN_OR_RETURN(const bool changed, CatchUp());
      if (changed) continue;
      for (const WholeTenant& whole : tenants) FIELDKMS_RETURN_IF_ERROR(visitor_.on_tenant(whole));
      return seen_;
    }
    return Error(absl::StatusCode::kAborted, Reason::kStoreUnavailable,
                 "the store kept changing while it was read: try again when less is changed");
  }

 private:
  Deadline Soon() const { return clock_.Steady() + kPatience; }

  bool Wants(const std::string& tenant) const {
    return !request_.tenants || request_.tenants->contains(tenant);
  }

  absl::Status ReadAll() {
    if (request_.tenants) {
      for (const std::string& tenant : *request_.tenants) {
        FIELDKMS_RETURN_IF_ERROR(ReadTenant(tenant));
      }
      return absl::OkStatus();
    }
    std::string after;
    while (true) {
      FIELDKMS_ASSIGN_OR_RETURN(const std::vector<TenantRecord> page,
                                store_.ListTenants(after, kPage, Soon()));
      if (page.empty()) return absl::OkStatus();
      for (const TenantRecord& tenant : page) FIELDKMS_RETURN_IF_ERROR(ReadTenant(tenant.tenant));
      after = page.back().tenant;
    }
  }

  absl::Status ReadTenant(const std::string& tenant) {
    known_.insert(tenant);
    touched_.insert(tenant);
    std::string after;
    while (true) {
      const auto keys = store_.ListKeys(tenant, after, kPage, Soon());
      if (ReasonOf(keys.status()) == Reason::kTenantNotFound) return NoTenant(tenant);
      FIELDKMS_RETURN_IF_ERROR(keys.status());
      if (keys->empty()) break;
      for (const KeyRecord& key : *keys) FIELDKMS_RETURN_IF_ERROR(ReadKey(key));
      after = keys->back().name;
    }
    FIELDKMS_RETURN_IF_ERROR(ReadAliases(tenant));
    return ReadFields(tenant);
  }

  absl::Status ReadAliases(const std::string& tenant) {
    std::string after;
    while (true) {
      FIELDKMS_ASSIGN_OR_RETURN(const std::vector<AliasRecord> aliases,
                                store_.ListAliases(tenant, after, kPage, Soon()));
      if (aliases.empty()) return absl::OkStatus();
      for (const AliasRecord& alias : aliases) FIELDKMS_RETURN_IF_ERROR(visitor_.on_alias(alias));
      after = aliases.back().alias;
    }
  }

  absl::Status ReadFields(const std::string& tenant) {
    std::string after;
    while (true) {
      FIELDKMS_ASSIGN_OR_RETURN(const std::vector<FieldRecord> fields,
                                store_.ListFields(tenant, after, kFieldPage, Soon()));
      if (fields.empty()) return absl::OkStatus();
      for (const FieldRecord& field : fields) FIELDKMS_RETURN_IF_ERROR(visitor_.on_field(field));
      after = fields.back().name;
    }
  }

  // Key and versions are two reads: where a change comes between them, its number is above
  // what was seen, and the key is read again.
  absl::Status ReadKey(const KeyRecord& key) {
    WholeKey whole{key, {}};
    FIELDKMS_ASSIGN_OR_RETURN(whole.versions, AllVersions(store_, clock_, key));
    const auto is_primary = [&](const KeyVersionRecord& v) {
      return v.version == key.primary_version;
    };
    if (std::none_of(whole.versions.begin(), whole.versions.end(), is_primary)) {
      return Error(absl::StatusCode::kDataLoss, Reason::kStoreCorrupt,
                   "a key of tenant " + key.tenant + " lacks its primary version");
    }
    return visitor_.on_key(whole);
  }

  // Reads what has changed up to now; whether any of it is wanted.
  absl::StatusOr<bool> CatchUp() {
    FIELDKMS_ASSIGN_OR_RETURN(const uint64_t newest, store_.GetChangeNumber(Soon()));
    bool changed = false;
    while (seen_ < newest) {
      FIELDKMS_ASSIGN_OR_RETURN(const std::vector<Change> page,
                                store_.ReadChanges(seen_, kMostChanges, Soon()));
      for (const Change& change : page) {
        if (!Wants(change.tenant)) continue;
        changed = true;
        FIELDKMS_RETURN_IF_ERROR(Read(change));
      }
      // Numbers that stand on nothing any more have nothing to be read.
      seen_ = page.size() < kMostChanges ? std::max(newest, page.empty() ? 0 : page.back().number)
                                         : page.back().number;
    }
    return changed;
  }

  absl::Status Read(const Change& change) {
    // Also one that was imported: its keys have lower numbers.
    if (!known_.contains(change.tenant)) return ReadTenant(change.tenant);
    touched_.insert(change.tenant);
    switch (change.kind) {
      case ChangeKind::kTenant:
        break;  // read in the end
      case ChangeKind::kAlias:
        return visitor_.on_alias({change.tenant, change.name, change.key_id, change.number});
      case ChangeKind::kKey: {
        FIELDKMS_ASSIGN_OR_RETURN(const KeyRecord key,
                                  store_.GetKeyById(change.tenant, change.key_id, Soon()));
        return ReadKey(key);
      }
      case ChangeKind::kField: {
        FIELDKMS_ASSIGN_OR_RETURN(const FieldRecord field,
                                  store_.GetField(change.tenant, change.name, Soon()));
        return visitor_.on_field(field);
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<WholeTenant>> ReadTenants() {
    std::vector<WholeTenant> tenants;
    for (const std::string& tenant : touched_) {
      WholeTenant whole;
      FIELDKMS_ASSIGN_OR_RETURN(whole.tenant, store_.GetTenant(tenant, Soon()));
      FIELDKMS_ASSIGN_OR_RETURN(whole.keks, store_.ListKeks(tenant, Soon()));
      tenants.push_back(std::move(whole));
    }
    return tenants;
  }

  static absl::Status NoTenant(const std::string& tenant) {
    return Error(absl::StatusCode::kNotFound, Reason::kTenantNotFound,
                 "there is no tenant " + tenant, "tenant");
  }

  Store& store_;
  const Clock& clock_;
  const ScanRequest& request_;
  const ScanVisitor& visitor_;
  uint64_t seen_ = 0;
  std::set<std::string> known_;
  std::set<std::string> touched_;  // since the number that the scan began at
};

}  // namespace

absl::StatusOr<uint64_t> ScanStore(Store& store, const Clock& clock, const ScanRequest& request,
                                   const ScanVisitor& visitor) {
  return Scan(store, clock, request, visitor).Run();
}

absl::StatusOr<std::vector<KeyVersionRecord>> AllVersions(Store& store, const Clock& clock,
                                                          const KeyRecord& key) {
  std::vector<KeyVersionRecord> versions;
  uint32_t before = 0;
  while (before != 1) {
    FIELDKMS_ASSIGN_OR_RETURN(
        const std::vector<KeyVersionRecord> page,
        store.ListKeyVersions(key.tenant, key.key_id, before, kPage, clock.Steady() + kPatience));
    if (page.empty()) break;
    versions.insert(versions.end(), page.begin(), page.end());
    before = page.back().version;
  }
  std::reverse(versions.begin(), versions.end());
  return versions;
}

}  // namespace fieldkms
