// Erasures: taking tokens and data subjects away for good, also from a store that is restored
// from a backup taken before.
//
// Each erasure is written to a log outside the store, durably, before the store is asked
// (erasure_log.h), and how it ended after. A replica that starts does again what its store
// has not done (Replay), before it serves. The store remembers how far that is
// (SubjectStore::ErasedUpTo): what is restored has an older number, or none.
#ifndef FIELDKMS_KMS_ERASURE_ERASURES_H_
#define FIELDKMS_KMS_ERASURE_ERASURES_H_

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
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

// What Replay did.
struct ErasureReplay {
  uint64_t entries = 0;   // erasures of the log that the store did not say were done
  uint64_t tokens = 0;    // that were there, and are gone now
  uint64_t subjects = 0;  // likewise
};

// Thread-safe; blocks. Errors beside those of the store: kUnavailable, kAuditUnavailable, where the
// log cannot be written. After any kUnavailable an erasure is in doubt: it may have happened, and
// if not, the next start does it, but for what is on legal hold by then. A repeat is harmless. The
// log does not wait for a deadline: what was written is durable first.
class Erasures {
 public:
  // None is owned.
  Erasures(Store& store, ErasureLog& log, const Clock& clock, ErasureOptions options)
      : store_(store), log_(log), clock_(clock), options_(options) {}

  // As TokenStore's, of tokens that are not on legal hold. InvalidField, with nothing erased, for a
  // tenant, token or lookup that none can be.
  absl::StatusOr<std::vector<EraseResult>> EraseTokens(const TokenDomain& domain,
                                                       std::span<const std::string_view> tokens,
                                                       Deadline deadline);
  absl::StatusOr<std::vector<ErasedCount>> EraseTokensByLookup(
      const TokenDomain& domain, std::span<const std::string_view> lookups, Deadline deadline);
  // Errors: kSubjectNotFound; kLegalHold.
  absl::StatusOr<SubjectErasure> EraseSubject(std::string_view tenant, std::string_view subject,
                                              Deadline deadline);

  // Replay does again what `log` says was erased, and what it does not say how it ended, as far
  // as the store has not done it. `log` may be another replica's, too. Legal holds do not keep what
  // was erased before, and keep what is in doubt. What was made after an erasure under the same
  // name stays, by the clocks of the replicas: those must agree. After an error some is done, and a
  // repeat does all of it.
  //
  // For before the first erasure here; the log of these Erasures is to be among those replayed, or
  // the store is not told how far they are. Errors: those of the store, of ErasureLogReader;
  // kDataLoss, kStoreCorrupt, where this own log ends before what the store has done of it: an old
  // copy, which would give the same numbers to others.
  absl::StatusOr<ErasureReplay> Replay(const ErasureLogReader& log, Deadline deadline);

 private:
  absl::StatusOr<uint64_t> Begin(ErasureKind kind, const TokenDomain& domain,
                                 std::span<const std::string_view> names);
  void End(uint64_t first, const std::vector<ErasureEnd>& ends, Deadline deadline);
  // After an error: nothing was changed, or it is in doubt.
  void Fail(const absl::Status& status, uint64_t first, size_t count, Deadline deadline);
  // Tells the store how far all have ended, unless another thread is at it.
  void Mark(Deadline deadline);
  absl::Status MarkUpTo(uint64_t number, uint64_t known, Deadline deadline);

  Store& store_;
  ErasureLog& log_;
  const Clock& clock_;
  const ErasureOptions options_;

  std::mutex mutex_;  // not held across I/O
  // Under mutex_: what the store was told of this log; nullopt while it is not to be told.
  std::optional<uint64_t> marked_;
  bool marking_ = false;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ERASURE_ERASURES_H_
