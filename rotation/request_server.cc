#include "rotation/request_server.h"

#include <optional>
#include <utility>

#include "crypto/status.h"

namespace fieldkms::rotation {
namespace {

constexpr std::chrono::milliseconds kTryAgain{500};
constexpr std::chrono::milliseconds kLookEvery{1'000};
// What was out of reach is left for so long to others, or to requests that do not need it.
constexpr std::chrono::seconds kAwayFor{3};

bool IsBusy(const absl::Status& status) { return ReasonOf(status) == Reason::kDatabaseBusy; }

// The request is as good as before: what could not be reached may be there again later.
bool IsNobodysFault(const absl::Status& status) {
  return ReasonOf(status) == Reason::kDatabaseUnavailable || absl::IsUnavailable(status);
}

}  // namespace

RequestServer::RequestServer(Database& database, Client& client, Options options)
    : database_(database),
      client_(client),
      options_(std::move(options)),
      queue_(database, options_.worker, options_.scope.tenant, ActionsOf(options_.scope.allows)) {}

absl::StatusOr<bool> RequestServer::Step() {
  // Where the service is away, steps that do not need it go on.
  const absl::Status looked = LookAtJobs();
  FIELDKMS_ASSIGN_OR_RETURN(const std::optional<Request> request, queue_.Take());
  if (request) FIELDKMS_RETURN_IF_ERROR(Carry(*request));
  FIELDKMS_RETURN_IF_ERROR(looked);
  return request.has_value();
}

absl::Status RequestServer::Carry(const Request& request) {
  const auto outcome = Run(request);
  if (!outcome.ok() && IsNobodysFault(outcome.status())) {
    (void)queue_.GiveBack(request, kAwayFor);  // or it is taken anew, since nobody holds it
    return outcome.status();
  }
  options_.say(
      "request " + std::to_string(request.id) + " (" + request.action + "): " +
      (outcome.ok() ? outcome->answer : std::string(ReasonName(ReasonOf(outcome.status())))));
  const absl::Status answered = Answer(request, outcome);
  if (!answered.ok()) queue_.Forget(request);
  return answered;
}

absl::StatusOr<RequestOutcome> RequestServer::Run(const Request& request) {
  const auto until = std::chrono::steady_clock::now() + options_.patience;
  for (;;) {
    absl::StatusOr<RequestOutcome> outcome =
        RunRequest(database_, client_, options_.scope, request);
    const bool again = !outcome.ok() && IsBusy(outcome.status());
    if (!again || std::chrono::steady_clock::now() >= until) return outcome;
    FIELDKMS_RETURN_IF_ERROR(queue_.Say(request, "others are at the table: trying again"));
    if (options_.wait(kTryAgain)) {
      return Error(absl::StatusCode::kUnavailable, Reason::kDraining, "the worker is to stop");
    }
  }
}

absl::Status RequestServer::Answer(const Request& request,
                                   const absl::StatusOr<RequestOutcome>& outcome) {
  if (!outcome.ok()) return queue_.Failed(request, outcome.status());
  if (outcome->await_job.empty()) return queue_.Done(request, *outcome);
  if (request.job_id != outcome->await_job) {
    FIELDKMS_RETURN_IF_ERROR(queue_.AwaitJob(request, outcome->await_job));
  }
  Request waiting = request;
  waiting.job_id = outcome->await_job;
  waiting_.insert_or_assign(request.id, std::move(waiting));
  return queue_.Say(request, outcome->answer);
}

absl::Status RequestServer::LookAtJobs() {
  const auto now = std::chrono::steady_clock::now();
  if (waiting_.empty() || now < look_at_) return absl::OkStatus();
  look_at_ = now + kLookEvery;
  for (auto each = waiting_.begin(); each != waiting_.end();) {
    const auto outcome = LookAtJob(client_, options_.scope, each->second.job_id);
    if (!outcome.ok() && IsNobodysFault(outcome.status())) return outcome.status();
    const Request request = each->second;
    const bool waits = outcome.ok() && !outcome->await_job.empty();
    if (waits) {
      FIELDKMS_RETURN_IF_ERROR(queue_.Say(request, outcome->answer));
      ++each;
      continue;
    }
    FIELDKMS_RETURN_IF_ERROR(Answer(request, outcome));
    each = waiting_.erase(each);
  }
  return absl::OkStatus();
}

absl::Status RequestServer::GiveBack() {
  for (const auto& [id, request] : waiting_) {
    FIELDKMS_RETURN_IF_ERROR(queue_.GiveBack(request));
  }
  waiting_.clear();
  return absl::OkStatus();
}

}  // namespace fieldkms::rotation
