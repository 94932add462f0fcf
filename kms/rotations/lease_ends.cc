#include "kms/rotations/lease_ends.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "crypto/status.h"
#include "kms/keyring/lifecycle.h"

namespace fieldkms {
namespace {

using LeaseEnd = std::optional<WallTime>;

constexpr size_t kVersionsAtOnce = 100;
// Replicas that lease a version until it is superseded may have other clocks.
constexpr std::chrono::minutes kClocks{5};

// The id as FormatKeyId (crypto/names.h) has it.
absl::StatusOr<uint64_t> ParseKeyId(const std::string& text) {
  uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id, 16);
  if (error == std::errc() && end == text.data() + text.size()) return id;
  return Error(absl::StatusCode::kDataLoss, Reason::kStoreCorrupt,
               "the key id of a rotation job's target cannot be read");
}

// Asks for one version after the other, newest first, while leases of it can live: only a primary
// version is leased to seal.
absl::StatusOr<LeaseEnd> LastEndBelow(Store& store, std::string_view tenant, uint64_t key_id,
                                      uint32_t target, WallTime since, Deadline deadline) {
  // Mostly there are no leases at all.
  FIELDKMS_ASSIGN_OR_RETURN(LeaseEnd last,
                            store.LastLeaseEnd(tenant, key_id, 0, true, since, deadline));
  if (!last) return last;
  last.reset();
  FIELDKMS_ASSIGN_OR_RETURN(const KeyVersionRecord successor,
                            store.GetKeyVersion(tenant, key_id, target, deadline));
  WallTime superseded = successor.create_time;
  for (uint32_t before = target;;) {
    FIELDKMS_ASSIGN_OR_RETURN(
        const std::vector<KeyVersionRecord> older,
        store.ListKeyVersions(tenant, key_id, before, kVersionsAtOnce, deadline));
    for (const KeyVersionRecord& version : older) {
      if (superseded + kMaxLease + kClocks < since) return last;
      FIELDKMS_ASSIGN_OR_RETURN(
          const LeaseEnd end,
          store.LastLeaseEnd(tenant, key_id, version.version, true, since, deadline));
      last = std::max(last, end);
      superseded = version.create_time;
      before = version.version;
    }
    if (older.size() < kVersionsAtOnce) return last;
  }
}

}  // namespace

absl::StatusOr<LeaseEnd> LastOldLeaseEnd(Store& store, std::string_view tenant,
                                         const v1::RotationTarget& target, WallTime since,
                                         Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(const uint64_t key, ParseKeyId(target.key_id()));
  FIELDKMS_ASSIGN_OR_RETURN(const uint64_t source, ParseKeyId(target.source_key_id()));
  FIELDKMS_ASSIGN_OR_RETURN(
      const LeaseEnd below,
      LastEndBelow(store, tenant, key, target.key_version(), since, deadline));
  if (source == key) return below;
  FIELDKMS_ASSIGN_OR_RETURN(const LeaseEnd of_source,
                            store.LastLeaseEnd(tenant, source, 0, true, since, deadline));
  return std::max(below, of_source);
}

}  // namespace fieldkms
