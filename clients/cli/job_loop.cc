#include "clients/cli/job_loop.h"

#include <utility>

#include "clients/cli/job_report.h"
#include "clients/cpp/rotation_client.h"
#include "crypto/status.h"
#include "rotation/open_jobs.h"

namespace fieldkms {
namespace {

constexpr std::chrono::seconds kLookEvery{1};
// A job whose workers could do nothing is not tried again and again.
constexpr std::chrono::seconds kAfterAnError{10};

bool IsRunning(const v1::RotationJob& job) { return job.state() == v1::ROTATION_STATE_RUNNING; }

}  // namespace

JobLoop::JobLoop(Client& client, const rotation::ServiceCalls& calls,
                 rotation::WorkerOptions worker, std::string data_source,
                 std::vector<std::string> names, std::function<void(const std::string&)> say)
    : client_(client),
      calls_(calls),
      worker_(std::move(worker)),
      data_source_(std::move(data_source)),
      names_(std::move(names)),
      say_(std::move(say)) {}

absl::StatusOr<bool> JobLoop::Step() {
  if (pool_ != nullptr) {
    const PoolNews news = pool_->News();
    const bool known = !news.job.job_id().empty() && !HasEnded(news.job);
    if (known && !IsRunning(news.job)) pool_->Stop();  // paused: another may have work
    if (news.ended) End();
    return news.ended;
  }
  const auto now = std::chrono::steady_clock::now();
  if (now < look_at_) return false;
  look_at_ = now + kLookEvery;
  FIELDKMS_RETURN_IF_ERROR(Begin());
  return false;
}

void JobLoop::End() {
  const absl::StatusOr<v1::RotationJob> job = pool_->Result();
  pool_.reset();
  if (job.ok()) {
    say_("job " + worker_.job_id + ": " + JobStateName(job->state()));
    return;
  }
  say_("job " + worker_.job_id + ": " + std::string(MessageOf(job.status())));
  look_at_ = std::chrono::steady_clock::now() + kAfterAnError;
}

absl::Status JobLoop::Begin() {
  worker_.job_id.clear();
  FIELDKMS_RETURN_IF_ERROR(rotation::ForEachOpenJob(client_, worker_.tenant, data_source_,
                                                    [this](const v1::RotationJob& job) {
                                                      if (IsRunning(job))
                                                        worker_.job_id = job.job_id();
                                                      return worker_.job_id.empty();
                                                    }));
  if (worker_.job_id.empty()) return absl::OkStatus();
  say_("job " + worker_.job_id + ": begins");
  pool_ = std::make_unique<WorkerPool>(worker_, names_, calls_);
  return absl::OkStatus();
}

}  // namespace fieldkms
