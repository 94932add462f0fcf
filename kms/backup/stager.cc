#include "kms/backup/stager.h"

#include <chrono>

#include "crypto/status.h"

namespace fieldkms {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr size_t kAtOnce = 200;

}  // namespace

absl::Status Stager::Take(const WholeKey& whole) {
  const bool other = !keys_.empty() && keys_.front().key.tenant != whole.key.tenant;
  if (other || keys_.size() >= kAtOnce) FIELDKMS_RETURN_IF_ERROR(Flush());
  keys_.push_back(whole);
  return absl::OkStatus();
}

absl::Status Stager::Take(const AliasRecord& alias) {
  const bool other = !aliases_.empty() && aliases_.front().tenant != alias.tenant;
  if (other || aliases_.size() >= kAtOnce) FIELDKMS_RETURN_IF_ERROR(Flush());
  aliases_.push_back(alias);
  return absl::OkStatus();
}

absl::Status Stager::Flush() {
  const Deadline deadline = clock_.Steady() + kPatience;
  if (!keys_.empty()) {
    FIELDKMS_RETURN_IF_ERROR(store_.StageKeys(keys_.front().key.tenant, keys_, deadline));
    keys_.clear();
  }
  if (!aliases_.empty()) {
    FIELDKMS_RETURN_IF_ERROR(store_.StageAliases(aliases_.front().tenant, aliases_, deadline));
    aliases_.clear();
  }
  return absl::OkStatus();
}

}  // namespace fieldkms
