#include "rotation/request_runner.h"

#include <array>
#include <utility>

#include "clients/cpp/rotation_client.h"
#include "crypto/status.h"
#include "rotation/words.h"

namespace fieldkms::rotation {
namespace {

// One that so many workers were lost over is given up.
constexpr int64_t kMostLost = 3;

// Those of kms.requests, which has kinds of them, too (kms.kind_of).
constexpr std::string_view kActions[] = {
    "protect",    "migrate",    "unprotect",  "fill",           "close",
    "reopen",     "switch",     "abandon",    "drop_plaintext", "drop_ciphertext",
    "create_key", "rotate_key", "create_job", "start_job",      "pause_job",
    "resume_job", "cancel_job", "await_job"};

bool IsAboutKeys(std::string_view action) {
  return action.ends_with("_key") || action.ends_with("_job");
}

std::string_view KindOf(std::string_view action) {
  if (action == "create_key") return kAllowCreateKey;
  if (IsAboutKeys(action)) return kAllowRotate;
  if (action == "migrate") return kAllowMigrate;
  return action == "unprotect" ? kAllowUnprotect : kAllowConvert;
}

absl::Status Denied(std::string_view message) {
  return Error(absl::StatusCode::kPermissionDenied, Reason::kPermissionDenied, message);
}

void Replace(std::string_view from, std::string_view to, std::string* text) {
  for (size_t at = text->find(from); at != std::string::npos;
       at = text->find(from, at + to.size())) {
    text->replace(at, from.size(), to);
  }
}

}  // namespace

std::vector<std::string> AllowedKinds() {
  return {std::string(kAllowConvert), std::string(kAllowMigrate), std::string(kAllowUnprotect),
          std::string(kAllowRotate), std::string(kAllowCreateKey)};
}

std::vector<std::string> DefaultKinds() {
  return {std::string(kAllowConvert), std::string(kAllowRotate)};
}

std::vector<std::string> ActionsOf(const std::set<std::string>& kinds) {
  std::vector<std::string> actions;
  for (const std::string_view action : kActions) {
    if (kinds.contains(std::string(KindOf(action)))) actions.emplace_back(action);
  }
  return actions;
}

absl::StatusOr<RequestOutcome> RunRequest(Database& database, Client& client,
                                          const RequestScope& scope, const Request& request) {
  if (!request.allowed) {
    return Denied("must be owner of the table: it is another's, or gone, or not what it was");
  }
  const std::string_view kind = KindOf(request.action);
  if (!scope.allows.contains(std::string(kind))) {
    return Denied("workers here do no such thing: it takes fieldkms rotation serve --allow " +
                  std::string(kind));
  }
  if (!request.job_id.empty()) return LookAtJob(client, scope, request.job_id);
  if (request.lost > kMostLost) {
    return Error(absl::StatusCode::kAborted, Reason::kDatabaseBusy,
                 "workers were lost over it again and again");
  }
  const absl::StatusOr<RequestOutcome> outcome =
      IsAboutKeys(request.action) ? RunKeyRequest(database, client, scope, request)
                                  : RunColumnRequest(database, client, scope, request);
  if (!outcome.ok()) return InSqlTerms(outcome.status());
  return outcome;
}

absl::StatusOr<RequestOutcome> LookAtJob(Client& client, const RequestScope& scope,
                                         const std::string& job_id) {
  v1::GetJobRequest get;
  get.set_tenant(scope.tenant);
  get.set_job_id(job_id);
  FIELDKMS_ASSIGN_OR_RETURN(const v1::RotationJob job, RotationClient(client).GetJob(get));
  const v1::RotationCounts& counts =
      job.state() == v1::ROTATION_STATE_DONE ? job.outcome().counts() : job.progress().counts();
  RequestOutcome outcome;
  outcome.result = {{"job_id", job_id},
                    {"changed", counts.changed()},
                    {"quarantined", counts.quarantined()},
                    {"verified", counts.verified()},
                    {"opened", counts.opened()}};
  const std::string changed = CountWords(counts.changed()) + " rows written";
  switch (job.state()) {
    case v1::ROTATION_STATE_DONE:
      outcome.answer = "job " + job_id + " is done: " + changed;
      if (counts.quarantined() > 0) {
        outcome.answer += ", " + CountWords(counts.quarantined()) +
                          " values could not be used (kms.rotation_quarantine lists them)";
      }
      return outcome;
    case v1::ROTATION_STATE_FAILED:
      return DatabaseRefused("job " + job_id + " failed: " + job.error());
    case v1::ROTATION_STATE_CANCELLED:
      return DatabaseRefused("job " + job_id + " was cancelled");
    case v1::ROTATION_STATE_PAUSED:
      outcome.answer = "job " + job_id + " is paused: CALL kms.ask_resume_job";
      break;
    default:
      outcome.answer = "job " + job_id + ": " + changed + " of about " +
                       CountWords(job.progress().estimated_rows());
  }
  outcome.await_job = job_id;
  return outcome;
}

absl::Status InSqlTerms(const absl::Status& status) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kCommands = {
      {{"fieldkms column close", "kms.close_column"},
       {"fieldkms column switch", "kms.switch_column"},
       {"fieldkms column drop-plaintext", "kms.drop_plaintext"},
       {"fieldkms column list", "kms.protected_columns"},
       {"the application's database: ", ""}}};
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kOptions = {
      {{"key_columns", "row_key"},
       {"context_names", "context"},
       {"context_columns", "context"},
       {"source_columns", "source_columns"},  // without which one
       {"leader", "old_name"},
       {"name", "key"}}};
  std::string message(MessageOf(status));
  for (const auto& [command, call] : kCommands) Replace(command, call, &message);
  std::string field = FieldOf(status);
  for (const auto& [member, option] : kOptions) {
    if (field.starts_with(member)) field = option;
  }
  return Error(status.code(), ReasonOf(status), message, field);
}

}  // namespace fieldkms::rotation
