#include "kms/service/audit_service.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "crypto/names.h"
#include "crypto/status.h"
#include "kms/audit/sealed_trail.h"
#include "kms/audit/trail_proofs.h"
#include "kms/service/audit_records.h"
#include "kms/service/method_call.h"
#include "kms/service/records.h"

namespace fieldkms {
namespace {

// A page is to be read at once, and to fit into an answer with its lines.
constexpr uint64_t kMostReadBytes = uint64_t{32} << 20;
constexpr uint64_t kMostLineBytes = uint64_t{1} << 20;

// What all of its requests have. Without a tenant it takes a rule for all of them.
template <class Request>
absl::Status DescribeAudit(const Request& request, CallPlan* plan) {
  if (!request.tenant().empty()) FIELDKMS_RETURN_IF_ERROR(CheckTenantId(request.tenant()));
  plan->scope = CallPlan::Scope::kTenant;
  plan->tenant = request.tenant();
  return absl::OkStatus();
}

absl::StatusOr<const SealedTrail*> TrailOf(const RunContext& context) {
  if (context.service.trail != nullptr) return context.service.trail;
  return Error(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable,
               "this replica keeps no trail that can be read");
}

const std::string& LogOf(const SealedTrail& trail) { return trail.verifier().name(); }

// Which records, and how many at once.
struct Selection {
  RecordFilter filter;
  size_t limit = 0;
  bool with_lines = false;
};

template <class Request>
absl::StatusOr<Selection> SelectionOf(const Request& request) {
  Selection selection;
  FIELDKMS_ASSIGN_OR_RETURN(selection.filter, FromProto(request.tenant(), request.filter()));
  FIELDKMS_ASSIGN_OR_RETURN(selection.limit, PageSize(request.page_size()));
  selection.with_lines = request.with_lines();
  return selection;
}

// Error: as of ReadPage, naming `token_field`.
absl::StatusOr<TrailPage> ReadAt(const SealedTrail& trail, const std::optional<TrailPosition>& from,
                                 const Selection& selection, uint64_t end,
                                 std::string_view token_field) {
  auto page = ReadPage(trail.path(), from, selection.filter,
                       {selection.limit, kMostLineBytes, kMostReadBytes, end});
  if (page.ok() || ReasonOf(page.status()) != Reason::kInvalidField) return page;
  return Error(page.status().code(), Reason::kInvalidField, MessageOf(page.status()), token_field);
}

template <class Response>
void AddRecords(const TrailPage& page, bool with_lines, Response* response) {
  for (const FoundRecord& record : page.records) {
    ToProto(record, with_lines, response->add_records());
  }
}

struct ListAuditRecordsMethod {
  using Request = v1::ListAuditRecordsRequest;
  using Response = v1::ListAuditRecordsResponse;
  static constexpr MethodInfo kInfo{"AuditService.ListAuditRecords", Action::kAuditRead,
                                    MethodInfo::Kind::kRead};
  Selection selection;

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_ASSIGN_OR_RETURN(selection, SelectionOf(request));
    return DescribeAudit(request, plan);
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(const SealedTrail* const trail, TrailOf(context));
    std::optional<TrailPosition> from;
    // What comes later is of no list: each page is a record itself, and there would be no end.
    uint64_t end = trail->View().size;
    if (!request.page_token().empty()) {
      FIELDKMS_ASSIGN_OR_RETURN(const AuditPlace place,
                                ParseAuditToken(LogOf(*trail), request.page_token(), "page_token"));
      from = place.at;
      end = std::min(end, place.end);
    }
    FIELDKMS_ASSIGN_OR_RETURN(const TrailPage page,
                              ReadAt(*trail, from, selection, end, "page_token"));
    AddRecords(page, selection.with_lines, response);
    if (!page.end) {
      response->set_next_page_token(AuditToken(LogOf(*trail), {page.next, end}));
    }
    response->set_resume_token(AuditToken(LogOf(*trail), {page.next}));
    return RunState::kDone;
  }
};

// It holds no thread while it waits, and is one record whenever it is answered.
struct WatchAuditRecordsMethod {
  using Request = v1::WatchAuditRecordsRequest;
  using Response = v1::WatchAuditRecordsResponse;
  static constexpr MethodInfo kInfo{"AuditService.WatchAuditRecords", Action::kAuditRead,
                                    MethodInfo::Kind::kRead};
  static constexpr std::chrono::seconds kLongest{30};
  // How often it is looked whether there is anything.
  static constexpr std::chrono::milliseconds kLook{500};
  Selection selection;
  std::chrono::microseconds wait = kLongest;
  Deadline until;                     // of the first run on
  std::optional<TrailPosition> from;  // behind what was looked at, none of which is chosen

  absl::Status Describe(const Request& request, CallPlan* plan) {
    FIELDKMS_ASSIGN_OR_RETURN(selection, SelectionOf(request));
    if (request.has_wait()) {
      FIELDKMS_ASSIGN_OR_RETURN(wait, Microseconds(request.wait(), "wait"));
      if (wait > kLongest) return InvalidField("wait", "is more than 30 s");
    }
    return DescribeAudit(request, plan);
  }

  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(const SealedTrail* const trail, TrailOf(context));
    if (request.resume_token().empty()) return Begin(*trail, response);
    if (!from) {
      FIELDKMS_ASSIGN_OR_RETURN(
          const AuditPlace place,
          ParseAuditToken(LogOf(*trail), request.resume_token(), "resume_token"));
      from = place.at;
      until = std::min(context.now + wait, LatestAnswer(context.deadline));
    }
    FIELDKMS_ASSIGN_OR_RETURN(const TrailPage page,
                              ReadAt(*trail, from, selection, trail->View().size, "resume_token"));
    const bool idle = page.end ? !HasNews(page) : page.records.empty();
    const bool waits =
        idle && context.now < until && !context.service.draining.load(std::memory_order_relaxed);
    if (waits) {
      if (page.records.empty()) from = page.next;
      const Deadline look = page.end ? context.now + kLook : context.now;
      context.wait = {kNoChange, std::min(until, look)};
      return RunState::kWaits;
    }
    AddRecords(page, selection.with_lines, response);
    response->set_resume_token(AuditToken(LogOf(*trail), {page.next}));
    return RunState::kDone;
  }

 private:
  // No change of the store ends its wait.
  static constexpr uint64_t kNoChange = UINT64_MAX;
  // For the answer to arrive in time.
  static constexpr std::chrono::milliseconds kBeforeDeadline{500};

  static Deadline LatestAnswer(Deadline deadline) {
    return deadline == kNoDeadline ? deadline : deadline - kBeforeDeadline;
  }

  // The records of watching would end all waits for ever.
  static bool HasNews(const TrailPage& page) {
    RecordFilter watching;
    watching.method = kInfo.name;
    return std::any_of(
        page.records.begin(), page.records.end(),
        [&watching](const FoundRecord& record) { return !Takes(watching, record.line); });
  }

  // Where the trail ends by now: behind the lines of the segment that is written.
  absl::StatusOr<RunState> Begin(const SealedTrail& trail, Response* response) {
    const TrailView view = trail.View();
    Selection none = selection;
    none.filter = {};
    none.filter.kind = "none";
    TrailPosition at{view.active_first, 0, view.active_first};
    for (bool end = false; !end;) {
      FIELDKMS_ASSIGN_OR_RETURN(const TrailPage page,
                                ReadAt(trail, at, none, view.size, "resume_token"));
      at = page.next;
      end = page.end;
    }
    response->set_resume_token(AuditToken(LogOf(trail), {at}));
    return RunState::kDone;
  }
};

struct GetAuditCheckpointMethod {
  using Request = v1::GetAuditCheckpointRequest;
  using Response = v1::GetAuditCheckpointResponse;
  static constexpr MethodInfo kInfo{"AuditService.GetAuditCheckpoint", Action::kAuditRead,
                                    MethodInfo::Kind::kInline};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    return DescribeAudit(request, plan);
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request&, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(const SealedTrail* const trail, TrailOf(context));
    const TrailView view = trail->View();
    const ExportHealth exports = trail->Exports();
    response->set_log(LogOf(*trail));
    response->set_verifier_key(trail->verifier().ToString());
    response->set_checkpoint(view.checkpoint.note);
    response->set_size(view.checkpoint.checkpoint.size);
    response->set_records(view.size);
    response->set_first_record(view.segments.empty() ? view.active_first
                                                     : view.segments.front().first);
    if (exports.wanted) response->mutable_exports()->set_size(exports.exported_size);
    return RunState::kDone;
  }
};

template <class Response>
void SetProof(const MerkleProof& proof, const SignedCheckpoint& checkpoint, Response* response) {
  for (const MerkleHash& hash : proof) response->add_proof(hash.data(), hash.size());
  response->set_checkpoint(checkpoint.note);
}

struct ProveAuditRecordMethod {
  using Request = v1::ProveAuditRecordRequest;
  using Response = v1::ProveAuditRecordResponse;
  static constexpr MethodInfo kInfo{"AuditService.ProveAuditRecord", Action::kAuditRead,
                                    MethodInfo::Kind::kRead};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    return DescribeAudit(request, plan);
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(const SealedTrail* const trail, TrailOf(context));
    FIELDKMS_ASSIGN_OR_RETURN(
        RecordProof proof,
        ProveRecord(trail->path(), trail->verifier(), request.index(), trail->View().checkpoint));
    RecordFilter of_tenant;
    of_tenant.tenant = request.tenant();
    if (!Takes(of_tenant, proof.line)) {
      return Error(absl::StatusCode::kNotFound, Reason::kInvalidField,
                   "there is no such record of this tenant", "index");
    }
    SetProof(proof.proof, proof.checkpoint, response);
    response->set_line(std::move(proof.line));
    return RunState::kDone;
  }
};

struct ProveAuditContinuationMethod {
  using Request = v1::ProveAuditContinuationRequest;
  using Response = v1::ProveAuditContinuationResponse;
  static constexpr MethodInfo kInfo{"AuditService.ProveAuditContinuation", Action::kAuditRead,
                                    MethodInfo::Kind::kRead};
  absl::Status Describe(const Request& request, CallPlan* plan) {
    return DescribeAudit(request, plan);
  }
  absl::StatusOr<RunState> Run(RunContext& context, const Request& request, Response* response) {
    FIELDKMS_ASSIGN_OR_RETURN(const SealedTrail* const trail, TrailOf(context));
    const SignedCheckpoint last = trail->View().checkpoint;
    if (request.first_size() == 0 || request.first_size() > last.checkpoint.size) {
      return InvalidField("first_size", "must be from 1 to the size of the newest checkpoint");
    }
    FIELDKMS_ASSIGN_OR_RETURN(
        const MerkleProof proof,
        ProveContinuation(trail->path(), trail->verifier(), request.first_size(), last));
    SetProof(proof, last, response);
    return RunState::kDone;
  }
};

}  // namespace

void AddAuditService(Engine& engine, AuditAsyncService& service, ServiceContext& context) {
  using Async = AuditAsyncService;
  engine.AddService(service, v1::AuditService::service_full_name());
  AddMethod<ListAuditRecordsMethod>(engine, service, &Async::RequestListAuditRecords, context);
  AddMethod<WatchAuditRecordsMethod>(engine, service, &Async::RequestWatchAuditRecords, context);
  AddMethod<GetAuditCheckpointMethod>(engine, service, &Async::RequestGetAuditCheckpoint, context);
  AddMethod<ProveAuditRecordMethod>(engine, service, &Async::RequestProveAuditRecord, context);
  AddMethod<ProveAuditContinuationMethod>(engine, service, &Async::RequestProveAuditContinuation,
                                          context);
}

}  // namespace fieldkms
