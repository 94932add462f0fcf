// Requests about keys and jobs (rotation/request_runner.h).
#include <string>
#include <utility>

#include "clients/cpp/key_lookup.h"
#include "clients/cpp/rotation_client.h"
#include "crypto/status.h"
#include "kms/postgres/value.h"
#include "rotation/request_runner.h"

namespace fieldkms::rotation {
namespace {

using Outcome = absl::StatusOr<RequestOutcome>;

struct Context {
  Database& database;
  Client& client;
  const RequestScope& scope;
  const Request& request;
};

// Whoever asked must own all tables that have a column under the key.
absl::Status CheckMayRotate(const Context& context, const std::string& key) {
  FIELDKMS_ASSIGN_OR_RETURN(
      const pqxx::result allowed,
      context.database.Query(
          "SELECT kms.may_rotate($1, $2, $3, $4)",
          {context.scope.tenant, key, context.request.requested_by, context.request.requested_as}));
  if (BoolOf(allowed[0][0])) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, Reason::kPermissionDenied,
               "must be owner of all tables that have a column under the key", "key");
}

absl::StatusOr<v1::Key> KeyThatMayBeRotated(const Context& context) {
  FIELDKMS_ASSIGN_OR_RETURN(const std::string name,
                            context.request.options.Text("key", /*needed=*/true));
  FIELDKMS_ASSIGN_OR_RETURN(v1::Key key,
                            FindKey(&context.client, context.scope.tenant, name, "key"));
  FIELDKMS_RETURN_IF_ERROR(CheckMayRotate(context, key.name()));
  return key;
}

absl::StatusOr<v1::RotationTransform> TransformFor(const v1::Key& key) {
  switch (key.purpose()) {
    case v1::KEY_PURPOSE_ENCRYPT:
      return v1::ROTATION_TRANSFORM_REENCRYPT;
    case v1::KEY_PURPOSE_BLIND_INDEX:
      return v1::ROTATION_TRANSFORM_REINDEX;
    case v1::KEY_PURPOSE_FPE:
      return v1::ROTATION_TRANSFORM_RETOKENIZE;
    default:
      return Error(absl::StatusCode::kFailedPrecondition, Reason::kKeyPurpose,
                   "rows have nothing of a key of this purpose", "key");
  }
}

RequestOutcome KeyOutcome(const v1::Key& key) {
  return {.answer = "key " + key.name() + ": its version is " +
                    std::to_string(key.primary_version()) + " now",
          .result = {{"key", key.name()},
                     {"key_id", key.key_id()},
                     {"primary_version", key.primary_version()}},
          .await_job = {}};
}

RequestOutcome JobOutcome(const v1::RotationJob& job) {
  constexpr std::string_view kPrefix = "ROTATION_STATE_";
  std::string state = v1::RotationState_Name(job.state());
  if (state.starts_with(kPrefix)) state.erase(0, kPrefix.size());
  return {.answer = "job " + job.job_id() + " is " + state,
          .result = {{"job_id", job.job_id()}, {"state", state}},
          .await_job = {}};
}

absl::StatusOr<v1::RotationJob> MakeJob(const Context& context, const v1::Key& key, bool start) {
  v1::CreateJobRequest request;
  request.set_tenant(context.scope.tenant);
  request.set_start(start);
  request.set_request_id(context.request.call_id + "-job");
  request.mutable_spec()->set_data_source(context.scope.data_source);
  request.mutable_spec()->set_key(key.name());
  FIELDKMS_ASSIGN_OR_RETURN(const v1::RotationTransform transform, TransformFor(key));
  request.mutable_spec()->set_transform(transform);
  return RotationClient(context.client).CreateJob(request);
}

Outcome CreateKey(const Context& context) {
  v1::CreateKeyRequest request;
  request.set_tenant(context.scope.tenant);
  request.set_request_id(context.request.call_id);
  FIELDKMS_ASSIGN_OR_RETURN(*request.mutable_name(), context.request.options.Text("key", true));
  FIELDKMS_ASSIGN_OR_RETURN(const std::string purpose, context.request.options.Text("purpose"));
  v1::KeyPurpose parsed = v1::KEY_PURPOSE_ENCRYPT;
  if (!purpose.empty() && !v1::KeyPurpose_Parse("KEY_PURPOSE_" + purpose, &parsed)) {
    return InvalidField("purpose", "must be ENCRYPT, BLIND_INDEX, FPE, MAC or TOKEN");
  }
  request.set_purpose(parsed);
  FIELDKMS_ASSIGN_OR_RETURN(const v1::Key key, context.client.CreateKey(request));
  return KeyOutcome(key);
}

Outcome RotateKey(const Context& context) {
  FIELDKMS_ASSIGN_OR_RETURN(const bool with_job, context.request.options.Flag("with_job", false));
  FIELDKMS_ASSIGN_OR_RETURN(v1::Key key, KeyThatMayBeRotated(context));
  if (with_job) FIELDKMS_RETURN_IF_ERROR(TransformFor(key).status());
  v1::RotateKeyRequest request;
  request.set_tenant(context.scope.tenant);
  request.set_name(key.name());
  request.set_request_id(context.request.call_id);
  FIELDKMS_ASSIGN_OR_RETURN(key, context.client.RotateKey(request));
  RequestOutcome outcome = KeyOutcome(key);
  if (!with_job) return outcome;
  FIELDKMS_ASSIGN_OR_RETURN(const v1::RotationJob job, MakeJob(context, key, /*start=*/true));
  outcome.answer += "; job " + job.job_id() + " brings rows to it";
  outcome.result["job_id"] = job.job_id();
  return outcome;
}

Outcome CreateJob(const Context& context) {
  FIELDKMS_ASSIGN_OR_RETURN(const bool start, context.request.options.Flag("start", true));
  FIELDKMS_ASSIGN_OR_RETURN(const v1::Key key, KeyThatMayBeRotated(context));
  FIELDKMS_ASSIGN_OR_RETURN(const v1::RotationJob job, MakeJob(context, key, start));
  return JobOutcome(job);
}

// A job of this data source, of a key whose tables are all of who asks.
absl::StatusOr<v1::RotationJob> JobThatMayBeChanged(const Context& context) {
  v1::GetJobRequest request;
  request.set_tenant(context.scope.tenant);
  FIELDKMS_ASSIGN_OR_RETURN(*request.mutable_job_id(),
                            context.request.options.Text("job_id", /*needed=*/true));
  FIELDKMS_ASSIGN_OR_RETURN(v1::RotationJob job, RotationClient(context.client).GetJob(request));
  if (job.spec().data_source() != context.scope.data_source) {
    return Error(absl::StatusCode::kNotFound, Reason::kRotationNotFound,
                 "there is no such job of this database", "job_id");
  }
  FIELDKMS_ASSIGN_OR_RETURN(const v1::Key key, FindKey(&context.client, context.scope.tenant,
                                                       job.spec().key(), "job_id"));
  FIELDKMS_RETURN_IF_ERROR(CheckMayRotate(context, key.name()));
  return job;
}

template <class Change>
Outcome ChangeJob(const Context& context,
                  absl::StatusOr<v1::RotationJob> (RotationClient::*call)(const Change&)) {
  FIELDKMS_ASSIGN_OR_RETURN(const v1::RotationJob job, JobThatMayBeChanged(context));
  Change change;
  change.set_tenant(context.scope.tenant);
  change.set_job_id(job.job_id());
  RotationClient rotations(context.client);
  FIELDKMS_ASSIGN_OR_RETURN(const v1::RotationJob changed, (rotations.*call)(change));
  return JobOutcome(changed);
}

}  // namespace

Outcome RunKeyRequest(Database& database, Client& client, const RequestScope& scope,
                      const Request& request) {
  const Context context{database, client, scope, request};
  if (request.action == "create_key") return CreateKey(context);
  if (request.action == "rotate_key") return RotateKey(context);
  if (request.action == "create_job") return CreateJob(context);
  if (request.action == "start_job") return ChangeJob(context, &RotationClient::StartJob);
  if (request.action == "pause_job") return ChangeJob(context, &RotationClient::PauseJob);
  if (request.action == "resume_job") return ChangeJob(context, &RotationClient::ResumeJob);
  if (request.action == "cancel_job") return ChangeJob(context, &RotationClient::CancelJob);
  if (request.action == "await_job") {
    FIELDKMS_ASSIGN_OR_RETURN(const v1::RotationJob job, JobThatMayBeChanged(context));
    return LookAtJob(client, scope, job.job_id());
  }
  return Bug("an action of kms.requests is not known");
}

}  // namespace fieldkms::rotation
