#include "kms/service/call.h"

#include "kms/rpc/engine.h"
#include "kms/service/status_map.h"

namespace fieldkms {
namespace {

absl::Status RateLimited(const char* message) {
  return Error(absl::StatusCode::kResourceExhausted, Reason::kRateLimited, message);
}

absl::Status DeadlinePassed() {
  return Error(absl::StatusCode::kDeadlineExceeded, Reason::kDeadlineExceeded,
               "the deadline passed before the call could run");
}

std::string_view CodeName(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return "OK";
    case absl::StatusCode::kInvalidArgument:
      return "INVALID_ARGUMENT";
    case absl::StatusCode::kDeadlineExceeded:
      return "DEADLINE_EXCEEDED";
    case absl::StatusCode::kNotFound:
      return "NOT_FOUND";
    case absl::StatusCode::kAlreadyExists:
      return "ALREADY_EXISTS";
    case absl::StatusCode::kPermissionDenied:
      return "PERMISSION_DENIED";
    case absl::StatusCode::kUnauthenticated:
      return "UNAUTHENTICATED";
    case absl::StatusCode::kResourceExhausted:
      return "RESOURCE_EXHAUSTED";
    case absl::StatusCode::kFailedPrecondition:
      return "FAILED_PRECONDITION";
    case absl::StatusCode::kAborted:
      return "ABORTED";
    case absl::StatusCode::kUnavailable:
      return "UNAVAILABLE";
    case absl::StatusCode::kDataLoss:
      return "DATA_LOSS";
    case absl::StatusCode::kUnimplemented:
      return "UNIMPLEMENTED";
    default:
      return "INTERNAL";
  }
}

}  // namespace

absl::Status PermissionDenied() {
  return Error(absl::StatusCode::kPermissionDenied, Reason::kPermissionDenied,
               "the caller's roles do not allow this");
}

void ServiceCall::Begin(Call& rpc) {
  rpc_ = &rpc;
  who_ = nullptr;
  plan_ = {};
  outcome_.Reset();
  answer_ = absl::OkStatus();
  retry_after_ = {};
  const auto now = service_.clock.Steady();
  begun_ = now;
  const absl::Status admitted = Admit(now);
  admitted_ = admitted.ok();
  if (!admitted_) return Refuse(admitted);
  switch (Info().kind) {
    case MethodInfo::Kind::kInline:
      return RunInline(now);
    case MethodInfo::Kind::kRead:
      return SubmitOrFail();
    case MethodInfo::Kind::kMutation:
      stage_ = Stage::kIntent;
      service_.audit.Append(Record(AuditKind::kIntent), this);
  }
}

absl::Status ServiceCall::Admit(std::chrono::steady_clock::time_point now) {
  FIELDKMS_RETURN_IF_ERROR(LimitConnection(now));
  if (service_.draining.load(std::memory_order_relaxed)) {
    return Error(absl::StatusCode::kUnavailable, Reason::kDraining, "the server is going down");
  }
  if (rpc_->deadline() <= now) return DeadlinePassed();
  FIELDKMS_ASSIGN_OR_RETURN(who_, service_.authenticator.Authenticate(rpc_->caller()));
  FIELDKMS_RETURN_IF_ERROR(Readable());
  CallPlan plan;
  FIELDKMS_RETURN_IF_ERROR(Describe(&plan));
  plan_ = plan;
  FIELDKMS_RETURN_IF_ERROR(Authorise());
  retry_after_ = service_.limiter.Take(*who_, plan_.items, now);
  if (retry_after_.count() != 0) return RateLimited("too many items a second for this principal");
  return ChargeReveals(now);
}

// What is asked for counts, opened or not: nobody gets to try for nothing.
absl::Status ServiceCall::ChargeReveals(std::chrono::steady_clock::time_point now) {
  if (service_.reveals == nullptr || !ShowsValues(Info().action)) return absl::OkStatus();
  retry_after_ = service_.reveals->Take(*who_, plan_.items, now);
  if (retry_after_.count() == 0) return absl::OkStatus();
  return RateLimited("this principal was shown as many values as it may be in an hour");
}

absl::Status ServiceCall::LimitConnection(std::chrono::steady_clock::time_point now) {
  TokenBucket* bucket = rpc_->connection_bucket();
  if (bucket == nullptr) return absl::OkStatus();
  retry_after_ = bucket->Take(service_.calls_per_connection, 1, now);
  if (retry_after_.count() != 0) return RateLimited("too many calls a second on this connection");
  return absl::OkStatus();
}

absl::Status ServiceCall::Authorise() const {
  const Authorizer& authorizer = service_.authorizer;
  const Action action = Info().action;
  bool allowed = false;
  switch (plan_.scope) {
    case CallPlan::Scope::kTenant:
      allowed = authorizer.Allows(*who_, action, plan_.tenant, {});
      break;
    case CallPlan::Scope::kKey:
      allowed = authorizer.Allows(*who_, action, plan_.tenant, plan_.key);
      break;
    case CallPlan::Scope::kAlias:
      allowed = authorizer.Allows(*who_, action, plan_.tenant, plan_.alias) &&
                (plan_.key.empty() || authorizer.Allows(*who_, action, plan_.tenant, plan_.key));
      break;
    case CallPlan::Scope::kField:
      allowed = authorizer.Allows(*who_, action, plan_.tenant, plan_.field);
      break;
    case CallPlan::Scope::kSomeKey:
      allowed = authorizer.AllowsSome(*who_, action, plan_.tenant);
      break;
    case CallPlan::Scope::kAnywhere:
      allowed = authorizer.AllowsAnywhere(*who_, action);
      break;
  }
  return allowed ? absl::OkStatus() : PermissionDenied();
}

void ServiceCall::Refuse(const absl::Status& status) {
  answer_ = status;
  stage_ = Stage::kAnswer;
  service_.refusals.Append(AnswerRecord(AuditKind::kRefusal, status), this);
}

RunContext ServiceCall::ContextOf(std::chrono::steady_clock::time_point now, bool may_block) {
  return {service_, *who_, now, rpc_->deadline(), may_block, outcome_};
}

void ServiceCall::RunInline(std::chrono::steady_clock::time_point now) {
  RunContext context = ContextOf(now, /*may_block=*/false);
  const absl::StatusOr<RunState> state = Run(context);
  if (state.ok() && *state == RunState::kNeedsIo) return SubmitOrFail();
  Complete(state.status());
}

void ServiceCall::SubmitOrFail() {
  if (service_.executor.Submit(this)) return;
  Complete(Error(absl::StatusCode::kUnavailable, Reason::kOverloaded,
                 "too many calls are waiting for the store"));
}

void ServiceCall::RunTask() {
  const auto now = service_.clock.Steady();
  if (rpc_->deadline() <= now) return Complete(DeadlinePassed());
  RunContext context = ContextOf(now, /*may_block=*/true);
  const absl::StatusOr<RunState> state = Run(context);
  if (state.ok() && *state == RunState::kWaits) return ParkOrFail(context.wait);
  if (state.ok() && *state == RunState::kNeedsIo) {
    return Complete(Bug("a method asked for I/O where it may block"));
  }
  Complete(state.status());
}

// Once it is parked, the object may run on another thread.
void ServiceCall::ParkOrFail(const Wait& wait) {
  const absl::Status parked = service_.parked.Park(this, wait);
  if (!parked.ok()) Complete(parked);
}

void ServiceCall::Complete(const absl::Status& status) {
  const absl::Status& trouble = status.ok() ? outcome_.trouble : status;
  if (!trouble.ok()) service_.troubles.Note(Info().name, trouble, rpc_->caller().trace_id);
  answer_ = status;
  stage_ = Stage::kAnswer;
  service_.audit.Append(AnswerRecord(AuditKind::kOutcome, status), this);
}

// The object may serve another call, or be gone, once Finish is entered.
void ServiceCall::OnAudited(const absl::Status& audited) {
  if (stage_ == Stage::kIntent && audited.ok()) return SubmitOrFail();
  if (!audited.ok()) {
    service_.troubles.Note(Info().name, audited, rpc_->caller().trace_id);
    answer_ = audited;
    retry_after_ = {};
  }
  Count();
  if (answer_.ok()) return rpc_->Finish(grpc::Status::OK);
  DropResponse();
  rpc_->Finish(ToGrpcStatus(answer_, retry_after_));
}

// With what it waited for its record.
void ServiceCall::Count() {
  const uint32_t failed = answer_.ok() ? outcome_.failed : plan_.items;
  stats_.Note(answer_.code(), service_.clock.Steady() - begun_, plan_.items, failed);
}

AuditRecord ServiceCall::Record(AuditKind kind) const {
  AuditRecord record;
  record.kind = kind;
  record.method = Info().name;
  if (who_ != nullptr) record.principal = who_->name;
  record.peer = rpc_->caller().peer;
  record.address = rpc_->caller().address;
  record.tenant = plan_.tenant;
  record.keys = outcome_.keys.empty() ? AuditKeys(plan_.key) : outcome_.keys.ForAudit();
  record.key_version = outcome_.key_version != 0 ? outcome_.key_version : plan_.key_version;
  record.alias = plan_.alias;
  record.fields = outcome_.fields.empty() ? AuditKeys(plan_.field) : outcome_.fields.ForAudit();
  if (outcome_.shown) record.shown = MaskLevelName(*outcome_.shown);
  record.recipient = outcome_.recipient;
  record.subject = outcome_.subject;
  record.job = plan_.job.empty() ? outcome_.job : plan_.job;
  record.destination_keys = outcome_.destination_keys.ForAudit();
  record.items = plan_.items;
  record.request_id = plan_.request_id;
  record.trace_id = rpc_->caller().trace_id;
  record.lease_id = plan_.lease_id.empty() ? outcome_.lease_id : plan_.lease_id;
  record.used_messages = plan_.used_messages;
  return record;
}

AuditRecord ServiceCall::AnswerRecord(AuditKind kind, const absl::Status& status) const {
  AuditRecord record = Record(kind);
  record.failed = status.ok() ? outcome_.failed : plan_.items;
  record.code = CodeName(status.code());
  const Reason reason = status.ok() ? outcome_.reason : ReasonOf(status);
  if (reason != Reason::kUnspecified) record.reason = ReasonName(reason);
  return record;
}

}  // namespace fieldkms
