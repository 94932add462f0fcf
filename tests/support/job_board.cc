#include "tests/support/job_board.h"

#include <fmt/format.h>

#include <atomic>

#include "crypto/bytes.h"
#include "crypto/hex.h"
#include "crypto/status.h"

namespace fieldkms::testing {

JobBoard::JobBoard(Client& client, const std::string& tenant, const std::string& key,
                   const rotation::Target& target)
    : client_(client) {
  // Each board has a job of its own, also in one database.
  static std::atomic<int64_t> boards = 0;
  const int64_t number = ++boards;
  job_.set_job_id(fmt::format("{:032x}", number));
  job_.set_tenant(tenant);
  job_.set_state(v1::ROTATION_STATE_RUNNING);
  job_.mutable_start_time()->set_seconds(number);
  job_.mutable_spec()->set_key(key);
  job_.mutable_spec()->mutable_limits()->set_unlimited(true);
  job_.mutable_target()->set_source_key(key);
  job_.mutable_target()->set_source_key_id(EncodeHex(AsBytes(target.source_key_id)));
  job_.mutable_target()->set_key(key);
  job_.mutable_target()->set_key_id(EncodeHex(AsBytes(target.key_id)));
  job_.mutable_target()->set_key_version(target.version);
}

rotation::ServiceCalls JobBoard::Calls() {
  rotation::ServiceCalls calls;
  calls.get_job = [this](const v1::GetJobRequest&) { return job(); };
  calls.report_job = [this](const v1::ReportJobRequest& request) {
    const std::lock_guard lock(mutex_);
    if (request.has_progress()) *job_.mutable_progress() = request.progress();
    return job_;
  };
  calls.finish_job = [this](const v1::FinishJobRequest& request) { return Finish(request); };
  calls.get_write_barrier = [this](const v1::GetWriteBarrierRequest&) {
    const std::lock_guard lock(mutex_);
    v1::GetWriteBarrierResponse response;
    response.set_passed(barrier_passed_);
    return response;
  };
  calls.rewrap = [this](const v1::BatchRewrapRequest& request) { return Rewrap(request); };
  return calls;
}

absl::StatusOr<v1::RotationJob> JobBoard::Finish(const v1::FinishJobRequest& request) {
  const std::lock_guard lock(mutex_);
  const auto end = request.error().empty() ? v1::ROTATION_STATE_DONE : v1::ROTATION_STATE_FAILED;
  if (job_.state() == end) return job_;
  if (job_.state() != v1::ROTATION_STATE_RUNNING) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::kRotationState,
                 "the job is not one to be finished");
  }
  job_.set_state(end);
  job_.set_error(request.error());
  *job_.mutable_outcome() = request.outcome();
  return job_;
}

absl::StatusOr<v1::BatchRewrapResponse> JobBoard::Rewrap(const v1::BatchRewrapRequest& request) {
  std::function<absl::Status()> hook;
  {
    const std::lock_guard lock(mutex_);
    hook = before_rewrap_;
  }
  if (hook) FIELDKMS_RETURN_IF_ERROR(hook());
  return client_.BatchRewrap(request);
}

v1::RotationJob JobBoard::job() const {
  const std::lock_guard lock(mutex_);
  return job_;
}

void JobBoard::SetState(v1::RotationState state) {
  Change([state](v1::RotationJob* job) { job->set_state(state); });
}

void JobBoard::Change(const std::function<void(v1::RotationJob*)>& change) {
  const std::lock_guard lock(mutex_);
  change(&job_);
}

void JobBoard::SetBarrier(bool passed) {
  const std::lock_guard lock(mutex_);
  barrier_passed_ = passed;
}

void JobBoard::BeforeRewrap(std::function<absl::Status()> hook) {
  const std::lock_guard lock(mutex_);
  before_rewrap_ = std::move(hook);
}

}  // namespace fieldkms::testing
