#include "kms/backup/stager.h"

#include <chrono>

#include "crypto/random.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr std::chrono::minutes kDropPatience{10};
// A batch is one transaction, within kPatience also of a database that is far away.
constexpr size_t kKeysAtOnce = 200;
constexpr size_t kVersionsAtOnce = 2'000;
constexpr size_t kAliasesAtOnce = 200;
constexpr size_t kFieldsAtOnce = 50;  // their policies are long

}  // namespace

absl::StatusOr<Stager> Stager::Begin(Store& store, const Clock& clock) {
  Stager stager(store, clock);
  FIELDKMS_RETURN_IF_ERROR(RandomBytes(stager.import_));
  return stager;
}

absl::Status Stager::Take(const WholeKey& whole) {
  const bool other = !keys_.empty() && keys_.front().key.tenant != whole.key.tenant;
  const bool full = keys_.size() >= kKeysAtOnce ||
                    (!keys_.empty() && versions_ + whole.versions.size() > kVersionsAtOnce);
  if (other || full) FIELDKMS_RETURN_IF_ERROR(Flush());
  keys_.push_back(whole);
  versions_ += whole.versions.size();
  taken_[whole.key.tenant].versions[whole.key.key_id] = whole.versions.size();
  return absl::OkStatus();
}

absl::Status Stager::Take(const AliasRecord& alias) {
  const bool other = !aliases_.empty() && aliases_.front().tenant != alias.tenant;
  if (other || aliases_.size() >= kAliasesAtOnce) FIELDKMS_RETURN_IF_ERROR(Flush());
  aliases_.push_back(alias);
  taken_[alias.tenant].aliases.insert(alias.alias);
  return absl::OkStatus();
}

absl::Status Stager::Take(const FieldRecord& field) {
  const bool other = !fields_.empty() && fields_.front().tenant != field.tenant;
  if (other || fields_.size() >= kFieldsAtOnce) FIELDKMS_RETURN_IF_ERROR(Flush());
  fields_.push_back(field);
  taken_[field.tenant].fields.insert(field.field_id);
  return absl::OkStatus();
}

absl::Status Stager::Flush() {
  const Deadline deadline = clock_.Steady() + kPatience;
  if (!keys_.empty()) {
    FIELDKMS_RETURN_IF_ERROR(store_.StageKeys(import_, keys_.front().key.tenant, keys_, deadline));
    keys_.clear();
    versions_ = 0;
  }
  if (!aliases_.empty()) {
    FIELDKMS_RETURN_IF_ERROR(
        store_.StageAliases(import_, aliases_.front().tenant, aliases_, deadline));
    aliases_.clear();
  }
  if (!fields_.empty()) {
    FIELDKMS_RETURN_IF_ERROR(
        store_.StageFields(import_, fields_.front().tenant, fields_, deadline));
    fields_.clear();
  }
  return absl::OkStatus();
}

StagedCounts Stager::CountsOf(const std::string& tenant) const {
  StagedCounts counts;
  const auto taken = taken_.find(tenant);
  if (taken == taken_.end()) return counts;
  counts.keys = taken->second.versions.size();
  for (const auto& [key_id, versions] : taken->second.versions) counts.versions += versions;
  counts.aliases = taken->second.aliases.size();
  counts.fields = taken->second.fields.size();
  return counts;
}

absl::Status Stager::Apply(const std::vector<WholeTenant>& tenants, ImportMode mode,
                           uint64_t above) {
  FIELDKMS_RETURN_IF_ERROR(Flush());
  std::vector<StagedTenant> staged;
  staged.reserve(tenants.size());
  for (const WholeTenant& whole : tenants) staged.push_back({whole, CountsOf(whole.tenant.tenant)});
  FIELDKMS_RETURN_IF_ERROR(store_.ApplyStaged(import_, staged, mode, above, kNoDeadline).status());
  for (const WholeTenant& whole : tenants) taken_.erase(whole.tenant.tenant);
  return absl::OkStatus();
}

void Stager::Drop() {
  keys_.clear();
  versions_ = 0;
  aliases_.clear();
  fields_.clear();
  for (const auto& [tenant, taken] : taken_) {
    (void)store_.DropStaged(import_, tenant, clock_.Steady() + kDropPatience);
  }
  taken_.clear();
}

}  // namespace fieldkms
