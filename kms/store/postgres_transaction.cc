#include "kms/store/postgres_transaction.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <pqxx/except>
#include <pqxx/transaction>

#include "crypto/status.h"
#include "kms/postgres/sqlstate.h"
#include "kms/store/postgres_error.h"
#include "kms/store/store_errors.h"

namespace fieldkms {
namespace {

// A server that restarts leaves connections behind; each costs one attempt at most.
constexpr int kMostLost = 3;
constexpr int kMostConflicts = 5;
constexpr std::string_view kCancelled = "57014";
// A commit that ended so may have happened.
constexpr std::string_view kCompletionUnknown = "40003";

absl::Status OutcomeUnknown() {
  return PostgresUnavailable(
      "the connection was lost during the commit, and the outcome is not known: repeat the call "
      "with the same request id");
}

int64_t MillisecondsLeft(const Clock& clock, Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock.Steady());
  return std::max<int64_t>(left.count(), 1);  // 0 would be no limit
}

}  // namespace

void PostgresTransaction::ActFor(std::string_view tenant) {
  Run("SELECT set_config('fieldkms.tenant', $1, true)", {tenant});
}

absl::Status PostgresTransactions::Read(Deadline deadline, const Body& body) {
  return RunAll(Kind::kRead, Bounded(deadline, kLongest), body);
}

absl::Status PostgresTransactions::Write(Deadline deadline, const Body& body) {
  return RunAll(Kind::kWrite, Bounded(deadline, kLongest), body);
}

absl::Status PostgresTransactions::WriteLong(Deadline deadline, const Body& body) {
  return RunAll(Kind::kWrite, Bounded(deadline, kLongestImport), body);
}

Deadline PostgresTransactions::Bounded(Deadline deadline, std::chrono::seconds longest) const {
  return std::min(deadline, clock_.Steady() + longest);
}

absl::Status PostgresTransactions::RunAll(Kind kind, Deadline deadline, const Body& body) {
  bool in_doubt = false;
  int conflicts = 0;
  int lost = 0;
  while (true) {
    const auto if_down =
        in_doubt ? PostgresPool::IfDown::kKeepTrying : PostgresPool::IfDown::kReturn;
    absl::StatusOr<PostgresPool::Lease> lease = pool_.Take(deadline, if_down);
    if (!lease.ok()) return in_doubt ? OutcomeUnknown() : std::move(lease).status();
    Attempt attempt = RunOnce(kind, **lease, deadline, in_doubt, body);
    switch (attempt.fate) {
      case Fate::kEnded: {
        // Past the deadline nothing was found out.
        const bool unknown =
            in_doubt && attempt.status.code() == absl::StatusCode::kDeadlineExceeded;
        return unknown ? OutcomeUnknown() : std::move(attempt.status);
      }
      case Fate::kConflict:
        if (++conflicts > kMostConflicts) return std::move(attempt.status);
        break;
      case Fate::kConnectionLost:
        if (!in_doubt && ++lost >= kMostLost) return std::move(attempt.status);
        break;
      case Fate::kInDoubt:
        if (!in_doubt) deadline = std::min(deadline, clock_.Steady() + kMostDoubt);
        in_doubt = true;
        break;
    }
  }
}

PostgresTransactions::Attempt PostgresTransactions::RunOnce(Kind kind,
                                                            PostgresConnection& connection,
                                                            Deadline deadline, bool in_doubt,
                                                            const Body& body) {
  using Reading = pqxx::transaction<pqxx::repeatable_read, pqxx::read_only>;
  // Until the transaction is destroyed, too: it may have to roll back.
  const PostgresWatchdog::Guard guard =
      watchdog_.CutAt(WakeTime(clock_, deadline + kSlack), connection.socket());
  bool committing = false;
  try {
    if (kind == Kind::kRead) {
      Reading transaction(connection.pqxx());
      const Body reading = [&body](PostgresTransaction& ours) {
        ours.WriteNothing();
        return body(ours);
      };
      return RunIn(transaction, connection, deadline, in_doubt, reading, committing);
    }
    pqxx::work transaction(connection.pqxx());
    return RunIn(transaction, connection, deadline, in_doubt, body, committing);
  } catch (const std::exception& error) {
    return Failed(connection, deadline, error, committing);
  }
}

PostgresTransactions::Attempt PostgresTransactions::RunIn(pqxx::transaction_base& transaction,
                                                          PostgresConnection& connection,
                                                          Deadline deadline, bool in_doubt,
                                                          const Body& body, bool& committing) {
  PostgresTransaction ours(connection, transaction, in_doubt);
  // A commit that does not wait for the disk is none, whatever the server's default.
  ours.Run(
      "SELECT set_config('statement_timeout', $1, true), set_config('fieldkms.tenant', '', true), "
      "CASE WHEN current_setting('synchronous_commit') = 'off' "
      "THEN set_config('synchronous_commit', 'on', true) END",
      {MillisecondsLeft(clock_, deadline)});
  absl::Status status = body(ours);
  if (!status.ok() || ours.writes_nothing()) return {Fate::kEnded, std::move(status)};
  if (clock_.Steady() >= deadline) return {Fate::kEnded, DeadlinePassed()};
  committing = true;
  transaction.commit();
  return {Fate::kEnded, absl::OkStatus()};
}

PostgresTransactions::Attempt PostgresTransactions::Failed(PostgresConnection& connection,
                                                           Deadline deadline,
                                                           const std::exception& error,
                                                           bool committing) {
  const std::string_view sqlstate = SqlStateOf(error);
  if (EndsConnection(sqlstate) || sqlstate == kCompletionUnknown) connection.Break();
  const bool lost = connection.broken();
  const bool in_doubt = dynamic_cast<const pqxx::in_doubt_error*>(&error) != nullptr;
  if (in_doubt || (committing && lost)) return {Fate::kInDoubt, OutcomeUnknown()};
  const bool late = clock_.Steady() >= deadline;
  if (late && (lost || sqlstate == kCancelled)) return {Fate::kEnded, DeadlinePassed()};
  if (lost) return {Fate::kConnectionLost, PostgresError(error)};
  if (IsConflict(sqlstate)) return {Fate::kConflict, PostgresError(error)};
  return {Fate::kEnded, PostgresError(error)};
}

}  // namespace fieldkms
