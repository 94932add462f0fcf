// ErasureBatch does erasures of a log again, many at a time.
#ifndef FIELDKMS_KMS_ERASURE_ERASURE_REPLAY_H_
#define FIELDKMS_KMS_ERASURE_ERASURE_REPLAY_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "kms/clock.h"
#include "kms/erasure/erasures.h"

namespace fieldkms {

// For one thread. Errors are the store's; some is done then.
class ErasureBatch {
 public:
  ErasureBatch(Store& store, Deadline deadline) : store_(store), deadline_(deadline) {}

  // `also_held`: whether it is done in spite of a legal hold.
  absl::Status Add(const LoggedErasure& erasure, bool also_held);
  absl::Status Flush();
  const ErasureReplay& replayed() const { return replayed_; }

 private:
  // What one call of the store can take: kind, tenant, field, also_held.
  using Group = std::tuple<ErasureKind, std::string, uint64_t, bool>;
  using Part = std::vector<LoggedErasure>;

  absl::Status Do(const Group& group, Part& part);
  absl::Status Tokens(const TokenDomain& domain, const Part& part, bool also_held);
  absl::Status Lookups(const TokenDomain& domain, Part& part, bool also_held);
  absl::Status Subjects(std::string_view tenant, const Part& part);
  absl::Status SubjectsInDoubt(std::string_view tenant, const Part& part);

  Store& store_;
  const Deadline deadline_;
  std::map<Group, Part> groups_;
  size_t pending_ = 0;
  ErasureReplay replayed_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ERASURE_ERASURE_REPLAY_H_
