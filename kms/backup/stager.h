// Stages keys, aliases and fields of many tenants in batches of one, and makes them part of a
// store.
#ifndef FIELDKMS_KMS_BACKUP_STAGER_H_
#define FIELDKMS_KMS_BACKUP_STAGER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/store/store.h"

namespace fieldkms {

// One import (Store::StageKeys), under an id of its own. Remembers which ids and names it has
// staged, about 100 bytes each, so that nothing less than all of them is applied. Not
// thread-safe.
class Stager {
 public:
  static absl::StatusOr<Stager> Begin(Store& store, const Clock& clock);

  absl::Status Take(const WholeKey& whole);
  absl::Status Take(const AliasRecord& alias);
  absl::Status Take(const FieldRecord& field);
  // Makes `tenants` and what was taken of them part of the store (Store::ApplyStaged).
  absl::Status Apply(const std::vector<WholeTenant>& tenants, ImportMode mode, uint64_t above);
  // Forgets, as far as the store can be reached, what was taken and not applied.
  void Drop();

 private:
  // Versions by key id, aliases, and fields by id.
  struct Taken {
    std::map<uint64_t, uint64_t> versions;
    std::set<std::string> aliases;
    std::set<uint64_t> fields;
  };

  Stager(Store& store, const Clock& clock) : store_(store), clock_(clock) {}
  absl::Status Flush();
  StagedCounts CountsOf(const std::string& tenant) const;

  Store& store_;
  const Clock& clock_;
  ImportId import_ = {};
  std::vector<WholeKey> keys_;        // held back; of one tenant
  size_t versions_ = 0;               // of those
  std::vector<AliasRecord> aliases_;  // likewise
  std::vector<FieldRecord> fields_;   // likewise
  std::map<std::string, Taken> taken_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_BACKUP_STAGER_H_
