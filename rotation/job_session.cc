#include "rotation/job_session.h"

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "crypto/status.h"
#include "rotation/catalog.h"
#include "rotation/companion_work.h"
#include "rotation/field_checks.h"
#include "rotation/job_plan.h"
#include "rotation/job_progress.h"
#include "rotation/limits.h"
#include "rotation/plan.h"
#include "rotation/registry.h"
#include "rotation/rewrapper.h"
#include "rotation/source_sample.h"

namespace fieldkms::rotation {
namespace {

using std::chrono::milliseconds;

// How often what others are at is looked at again.
constexpr milliseconds kLookAgain{100};
constexpr milliseconds kAskBarrierAgain{500};
constexpr uint32_t kDefaultSample = 1'000;
constexpr double kSlack = 1.25;
// Each pass after the barrier finds less; if one does not, somebody seals under an old version.
constexpr uint32_t kMostPasses = 50;

std::string StartOf(const v1::RotationJob& job) {
  return std::to_string(job.start_time().seconds()) + "." +
         std::to_string(job.start_time().nanos());
}

// What keeps a job from its end, in words.
std::string_view LeftoversOf(std::span<const TablePlan> tables) {
  switch (tables.empty() ? Work::kReseal : tables.front().work) {
    case Work::kReseal:
      return "rows under older versions (does an application copy old rows?)";
    case Work::kEncrypt:
      return "rows with plaintext alone (does the application write ciphertexts yet? Close the "
             "column: fieldkms column close)";
    case Work::kDecrypt:
      return "rows with ciphertext alone (does the application write plaintext yet? Close the "
             "column: fieldkms column close)";
    case Work::kReindex:
      return "rows with older blind indexes";
    case Work::kRetokenize:
      return "texts under older versions";
  }
  return {};
}

}  // namespace

JobSession::JobSession(Database& database, const ServiceCalls& calls, SessionOptions options,
                       const v1::RotationJob& job, BatchObserver observer)
    : database_(database),
      calls_(calls),
      options_(std::move(options)),
      job_id_(job.job_id()),
      started_(StartOf(job)),
      key_(job.target().key()),
      destination_key_(job.spec().destination_key()),
      observer_(std::move(observer)),
      checkpoints_(database, job.job_id(), options_.worker, options_.lease) {}

JobSession::~JobSession() = default;

absl::StatusOr<Turn> JobSession::DoTurn(const v1::RotationJob& job, size_t batch_rows) {
  FIELDKMS_RETURN_IF_ERROR(EnsureBegun(job));
  if (runner_ == nullptr) FIELDKMS_RETURN_IF_ERROR(LoadState());
  switch (state_.phase) {
    case Phase::kBarrier:
      return DoBarrier();
    case Phase::kComplete:
      return Turn{.complete = true};
    default:
      break;
  }
  absl::StatusOr<Turn> turn = DoRange(job, batch_rows);
  // What went wrong may have left the range to another, or further than is known here.
  if (!turn.ok()) runner_.reset();
  return turn;
}

absl::Status JobSession::EnsureBegun(const v1::RotationJob& job) {
  if (begun_) return absl::OkStatus();
  FIELDKMS_RETURN_IF_ERROR(CheckTargetSchema(database_));
  FIELDKMS_ASSIGN_OR_RETURN(std::optional<JobState> state, checkpoints_.Load(started_));
  if (!state) {
    FIELDKMS_ASSIGN_OR_RETURN(const PlanRequest request,
                              PlanRequestOf(options_.tenant, job.spec(), job.target()));
    FIELDKMS_ASSIGN_OR_RETURN(const JobPlan plan, MakePlan(database_, request));
    FIELDKMS_ASSIGN_OR_RETURN(const std::vector<TablePlan> tables, AcceptedTables(plan));
    FIELDKMS_RETURN_IF_ERROR(CheckFields(tables, options_.tenant, key_, calls_));
    FIELDKMS_RETURN_IF_ERROR(CheckSourceSamples(database_, tables, options_.source_keys));
    FIELDKMS_ASSIGN_OR_RETURN(const Target target, TargetOf(job.target()));
    FIELDKMS_RETURN_IF_ERROR(checkpoints_.Begin(options_.tenant, started_, target, tables));
  }
  FIELDKMS_ASSIGN_OR_RETURN(tables_, checkpoints_.Tables());
  FIELDKMS_RETURN_IF_ERROR(LoadState());
  begun_ = true;
  return absl::OkStatus();
}

absl::Status JobSession::LoadState() {
  FIELDKMS_ASSIGN_OR_RETURN(std::optional<JobState> state, checkpoints_.Load(started_));
  if (!state) {
    begun_ = false;
    return StartedAgain();
  }
  state_ = *std::move(state);
  if (state_.pass <= kMostPasses) return absl::OkStatus();
  return DatabaseRefused("after 50 passes " + std::string(LeftoversOf(tables_)) +
                         " still appear: find what writes them, and start the job again");
}

absl::StatusOr<Turn> JobSession::DoRange(const v1::RotationJob& job, size_t batch_rows) {
  if (runner_ == nullptr) {
    FIELDKMS_ASSIGN_OR_RETURN(const Claim claim,
                              checkpoints_.Take(state_, tables_, options_.range_rows));
    if (!claim.range) {
      if (claim.others_at_work) return Turn{.wait = kLookAgain};
      if (state_.phase == Phase::kVerify) FIELDKMS_RETURN_IF_ERROR(CheckLeaves());
      FIELDKMS_RETURN_IF_ERROR(checkpoints_.MoveOn(state_).status());
      return Turn{};
    }
    FIELDKMS_RETURN_IF_ERROR(StartRange(*claim.range));
  }
  const TablePlan& plan = tables_[runner_->range().table];
  FIELDKMS_ASSIGN_OR_RETURN(const WindowResult window, state_.phase == Phase::kVerify
                                                           ? runner_->Verify(SampleShare(job, plan))
                                                           : runner_->Sweep(batch_rows));
  if (window.done) runner_.reset();
  if (window.counts.quarantined > 0) FIELDKMS_RETURN_IF_ERROR(CheckQuarantine(job));
  return Turn{.counts = window.counts};
}

// A partition that came since the job began has not been looked at by it.
absl::Status JobSession::CheckLeaves() {
  std::set<Oid> known;
  std::vector<TableName> roots;
  for (const TablePlan& plan : tables_) {
    known.insert(plan.relation);
    if (roots.empty() || !(roots.back() == plan.root)) roots.push_back(plan.root);
  }
  bool all_known = true;
  FIELDKMS_RETURN_IF_ERROR(database_.Read([&](Transaction& transaction) {
    std::vector<Oid> oids;
    for (const TableName& root : roots) oids.push_back(FindRelation(transaction, root));
    for (const Leaf& leaf : LeavesOf(transaction, oids)) all_known &= known.contains(leaf.oid);
    return absl::OkStatus();
  }));
  if (all_known) return absl::OkStatus();
  return DatabaseRefused(
      "a table has got partitions since the job began, which it has not looked at: start it again; "
      "rows that are done stay done");
}

absl::Status JobSession::StartRange(const ClaimedRange& range) {
  const TablePlan& plan = tables_[range.table];
  FIELDKMS_ASSIGN_OR_RETURN(work_, WorkOn(plan));
  FIELDKMS_ASSIGN_OR_RETURN(std::set<std::string> known, checkpoints_.KnownBad(range.table));
  work_->SetKnownBad(std::move(known));
  runner_ = std::make_unique<RangeRunner>(database_, checkpoints_, plan, state_.target, *work_,
                                          range, observer_);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<RowWork>> JobSession::WorkOn(const TablePlan& plan) const {
  if (plan.work != Work::kReseal) {
    FIELDKMS_ASSIGN_OR_RETURN(auto openers, OpenersOf(plan, options_.source_keys));
    return std::make_unique<CompanionWork>(
        plan,
        ColumnValues::Options{.tenant = options_.tenant, .key = key_, .target = state_.target},
        calls_, std::move(openers));
  }
  return std::make_unique<Rewrapper>(
      plan,
      Rewrapper::Options{
          .tenant = options_.tenant, .target = state_.target, .destination_key = destination_key_},
      calls_.rewrap);
}

absl::Status JobSession::CheckQuarantine(const v1::RotationJob& job) {
  const uint64_t most = ResolveLimits(job.spec().limits(), std::nullopt).most_quarantined;
  FIELDKMS_ASSIGN_OR_RETURN(const uint64_t count, checkpoints_.CountQuarantined());
  if (count < most) return absl::OkStatus();
  return DatabaseRefused("values that cannot be worked on: " + std::to_string(count) +
                         ", as many as the job's limit allows; kms.rotation_quarantine lists them");
}

double JobSession::SampleShare(const v1::RotationJob& job, const TablePlan& plan) const {
  const uint32_t asked = job.spec().verify_sample();
  // The number of rows is an estimate: where it is near, all are looked at.
  const double sample = kSlack * (asked > 0 ? asked : kDefaultSample);
  return std::min(1.0, sample / static_cast<double>(std::max<uint64_t>(plan.estimated_rows, 1)));
}

absl::StatusOr<Turn> JobSession::DoBarrier() {
  if (!state_.awaited_transactions) {
    v1::GetWriteBarrierRequest request;
    request.set_tenant(options_.tenant);
    request.set_job_id(job_id_);
    FIELDKMS_ASSIGN_OR_RETURN(const v1::GetWriteBarrierResponse barrier,
                              calls_.get_write_barrier(request));
    if (!barrier.passed()) {
      return Turn{.wait = kAskBarrierAgain,
                  .resting = barrier.silent_replicas() > 0
                                 ? "replicas of the service have not heard of the new version yet"
                                 : "leases to seal under older versions, or calls, have not ended"};
    }
    FIELDKMS_RETURN_IF_ERROR(checkpoints_.NoteOpenTransactions(state_));
    FIELDKMS_RETURN_IF_ERROR(LoadState());
    if (state_.phase != Phase::kBarrier) return Turn{};
  }
  FIELDKMS_ASSIGN_OR_RETURN(const uint64_t awaited, checkpoints_.CountAwaited());
  if (awaited > 0) {
    return Turn{.wait = kLookAgain,
                .resting = std::to_string(awaited) +
                           " transactions that were open when the last old version was sealed have "
                           "not ended"};
  }
  FIELDKMS_RETURN_IF_ERROR(checkpoints_.MoveOn(state_).status());
  return Turn{};
}

absl::Status JobSession::Release() {
  if (runner_ == nullptr) return absl::OkStatus();
  const absl::Status status = checkpoints_.Release(runner_->range());
  runner_.reset();
  return status;
}

absl::StatusOr<v1::RotationProgress> JobSession::Progress() {
  FIELDKMS_ASSIGN_OR_RETURN(const std::optional<JobState> state, checkpoints_.Load(started_));
  if (!state) return v1::RotationProgress();
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<TableProgress> tables, checkpoints_.Progress(*state));
  return ProgressOf(*state, tables);
}

absl::StatusOr<v1::RotationOutcome> JobSession::Outcome() {
  FIELDKMS_RETURN_IF_ERROR(LoadState());
  FIELDKMS_ASSIGN_OR_RETURN(const std::vector<TableProgress> tables, checkpoints_.Progress(state_));
  return OutcomeOf(state_, tables);
}

}  // namespace fieldkms::rotation
