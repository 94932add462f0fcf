#include "kms/erasure/erasures.h"

#include <algorithm>
#include <utility>

#include "crypto/status.h"
#include "kms/erasure/erasure_replay.h"
#include "kms/observe/log.h"

namespace fieldkms {
namespace {

// By the contract of stores all other errors changed nothing.
bool InDoubt(const absl::Status& status) { return status.code() == absl::StatusCode::kUnavailable; }

ErasureEnd EndOf(EraseResult result) {
  return result == EraseResult::kErased ? ErasureEnd::kDone : ErasureEnd::kRefused;
}

ErasureEnd EndOf(const ErasedCount& count) {
  if (count.erased == 0) return ErasureEnd::kRefused;
  return count.held == 0 ? ErasureEnd::kDone : ErasureEnd::kPartly;
}

template <class Result>
std::vector<ErasureEnd> EndsOf(const std::vector<Result>& results) {
  std::vector<ErasureEnd> ends;
  ends.reserve(results.size());
  for (const Result& result : results) ends.push_back(EndOf(result));
  return ends;
}

absl::Status OldCopy(const std::string& path) {
  return Error(absl::StatusCode::kDataLoss, Reason::kStoreCorrupt,
               path +
                   ": the erasure log ends before what the store has done of it: it is an old "
                   "copy; move it away, so that a new one is begun, and name it in "
                   "erasure.replay");
}

}  // namespace

absl::StatusOr<std::vector<EraseResult>> Erasures::EraseTokens(
    const TokenDomain& domain, std::span<const std::string_view> tokens, Deadline deadline) {
  if (tokens.empty()) return std::vector<EraseResult>();
  FIELDKMS_ASSIGN_OR_RETURN(const uint64_t first, Begin(ErasureKind::kToken, domain, tokens));
  auto erased = store_.tokens().EraseTokens(domain, tokens, EraseScope{}, deadline);
  if (erased.ok()) {
    End(first, EndsOf(*erased), deadline);
  } else {
    Fail(erased.status(), first, tokens.size(), deadline);
  }
  return erased;
}

absl::StatusOr<std::vector<ErasedCount>> Erasures::EraseTokensByLookup(
    const TokenDomain& domain, std::span<const std::string_view> lookups, Deadline deadline) {
  if (lookups.empty()) return std::vector<ErasedCount>();
  FIELDKMS_ASSIGN_OR_RETURN(const uint64_t first, Begin(ErasureKind::kLookup, domain, lookups));
  auto erased = store_.tokens().EraseTokensByLookup(domain, lookups, EraseScope{}, deadline);
  if (erased.ok()) {
    End(first, EndsOf(*erased), deadline);
  } else {
    Fail(erased.status(), first, lookups.size(), deadline);
  }
  return erased;
}

absl::StatusOr<SubjectErasure> Erasures::EraseSubject(std::string_view tenant,
                                                      std::string_view subject, Deadline deadline) {
  SubjectStore& subjects = store_.subjects();
  const auto found = subjects.FindSubject(tenant, subject, deadline);
  // A repeat, perhaps: what the first left in the store's log is overwritten before it is told so.
  if (ReasonOf(found.status()) == Reason::kSubjectNotFound) {
    return subjects.EraseSubject(tenant, subject, /*handle=*/"", deadline).status();
  }
  FIELDKMS_RETURN_IF_ERROR(found.status());
  const std::string_view handle = found->handle;
  FIELDKMS_ASSIGN_OR_RETURN(const uint64_t first,
                            Begin(ErasureKind::kSubject, {tenant, 0}, std::span(&handle, 1)));
  auto erased = subjects.EraseSubject(tenant, subject, handle, deadline);
  if (!erased.ok()) {
    Fail(erased.status(), first, 1, deadline);
    return erased.status();
  }
  const WallTime now = clock_.Now();
  End(first, {ErasureEnd::kDone}, deadline);
  return SubjectErasure{*std::move(erased), now, now + options_.horizon, first};
}

absl::StatusOr<ErasureReplay> Erasures::Replay(const ErasureLogReader& log, Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(const uint64_t done, store_.subjects().ErasedUpTo(log.id(), deadline));
  ErasureBatch batch(store_, deadline);
  FIELDKMS_ASSIGN_OR_RETURN(
      const uint64_t last, log.Read([&](const LoggedErasure& erasure, bool also_held) {
        return erasure.number <= done ? absl::OkStatus() : batch.Add(erasure, also_held);
      }));
  const bool own = log.id() == log_.id() && log.path() == log_.path();  // and no copy of it
  if (own && last < done) return OldCopy(log.path());
  FIELDKMS_RETURN_IF_ERROR(batch.Flush());
  if (last > done) {
    FIELDKMS_RETURN_IF_ERROR(store_.subjects().MarkErased(log.id(), last, deadline));
  }
  if (own) {
    log_.Settle(last);
    std::lock_guard lock(mutex_);
    marked_ = std::max(last, done);
  }
  return batch.replayed();
}

absl::StatusOr<uint64_t> Erasures::Begin(ErasureKind kind, const TokenDomain& domain,
                                         std::span<const std::string_view> names) {
  const WallTime now = clock_.Now();
  std::vector<LoggedErasure> erasures;
  erasures.reserve(names.size());
  for (const std::string_view name : names) {
    erasures.push_back(
        {0, now, kind, std::string(domain.tenant), domain.field_id, std::string(name)});
  }
  return log_.Begin(std::move(erasures));
}

// That the log cannot say how it ended leaves the erasure in doubt there: to be done again, which
// is harmless. From then on the log refuses all others.
void Erasures::End(uint64_t first, const std::vector<ErasureEnd>& ends, Deadline deadline) {
  const absl::Status ended = log_.End(first, ends);
  if (ended.ok()) {
    Mark(deadline);
  } else {
    Log(LogLevel::kError, "erasure_log_failed", {{"error", ended}});
  }
}

void Erasures::Fail(const absl::Status& status, uint64_t first, size_t count, Deadline deadline) {
  if (InDoubt(status)) return;
  End(first, std::vector<ErasureEnd>(count, ErasureEnd::kRefused), deadline);
}

// That the store cannot be told now only makes the next start do more again.
void Erasures::Mark(Deadline deadline) {
  const uint64_t number = log_.EndedUpTo();
  uint64_t known = 0;
  {
    std::lock_guard lock(mutex_);
    if (marking_ || !marked_ || number <= *marked_) return;
    marking_ = true;
    known = *marked_;
  }
  const absl::Status marked = MarkUpTo(number, known, deadline);
  std::lock_guard lock(mutex_);
  marking_ = false;
  if (marked.ok()) {
    marked_ = number;
  } else if (marked.code() == absl::StatusCode::kDataLoss) {
    marked_.reset();
  }
}

// A store that knows of less than it was told has been restored beneath us, or another took its
// place. It lacks erasures, so it must not be told of later ones: the next start does all again.
absl::Status Erasures::MarkUpTo(uint64_t number, uint64_t known, Deadline deadline) {
  FIELDKMS_ASSIGN_OR_RETURN(const uint64_t there,
                            store_.subjects().ErasedUpTo(log_.id(), deadline));
  if (there >= known) return store_.subjects().MarkErased(log_.id(), number, deadline);
  Log(LogLevel::kError, "erasures_lost",
      {{"message",
        "the store was restored, or another took its place: it may have what was erased; start "
        "all replicas anew, with the erasure logs of all in erasure.replay"}});
  return absl::DataLossError("the store lacks erasures");
}

}  // namespace fieldkms
