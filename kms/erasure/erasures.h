// Erasures: taking tokens and data subjects away for good, also from a store that is restored
// from a backup taken before.
//
// Each erasure is written to a log outside the store, durably, before the store is asked
// (erasure_log.h), and how it ended after. A replica that starts does again what its store
// has not done (Replay), before it serves.
#ifndef FIELDKMS_KMS_ERASURE_ERASURES_H_
#define FIELDKMS_KMS_ERASURE_ERASURES_H_

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "kms/clock.h"
#include "kms/erasure/erasure_log.h"
#include "kms/store/store.h"

namespace fieldkms {

// What became of a data subject.
struct SubjectErasure {
  ErasedSubject erased;
  WallTime time;                 // when it was erased here
  WallTime effective_at_latest;  // when no backup, standby or log of the store has it any more
  uint64_t log_number = 0;       // of the erasure in the log
};

struct ErasureOptions {
  // How long copies of the store live: backups, archives of its log, the lag of standbys.
  std::chrono::seconds horizon{std::chrono::hours(24 * 35)};
};

// Thread-safe; blocks. Errors beside those of the store: kUnavailable, kAuditUnavailable, where the
// log cannot be written: nothing was erased then.
class Erasures {
 public:
  // None is owned.
  Erasures(Store& store, ErasureLog& log, const Clock& clock, ErasureOptions options);

  // As TokenStore's, of tokens that are not on legal hold.
  absl::StatusOr<std::vector<EraseResult>> EraseTokens(const TokenDomain& domain,
                                                       std::span<const std::string_view> tokens,
                                                       Deadline deadline);
  absl::StatusOr<std::vector<ErasedCount>> EraseTokensByLookup(
      const TokenDomain& domain, std::span<const std::string_view> lookups, Deadline deadline);
  // Errors: kSubjectNotFound; kLegalHold.
  absl::StatusOr<SubjectErasure> EraseSubject(std::string_view tenant, std::string_view subject,
                                              Deadline deadline);

  // Replay does again what `log` says was erased, and what it does not say how it ended, as far
  // as the store has not done it (SubjectStore::ErasedUpTo). Returns how many erasures. `log` may
  // be another replica's, too. What was made after an erasure under the same name stays.
  absl::StatusOr<uint64_t> Replay(const ErasureLogReader& log, Deadline deadline);

 private:
  Store& store_;
  ErasureLog& log_;
  const Clock& clock_;
  const ErasureOptions options_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ERASURE_ERASURES_H_
