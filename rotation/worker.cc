#include "rotation/worker.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "crypto/status.h"
#include "rotation/admission.h"
#include "rotation/job_session.h"
#include "rotation/load_probe.h"
#include "rotation/worker_pace.h"

namespace fieldkms::rotation {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kFirstBackoff{100};
constexpr milliseconds kLongestBackoff{5'000};

// Bytes of what a report may carry.
constexpr size_t kMostResting = 1'000;
constexpr size_t kMostError = 4'000;

bool HasEnded(const v1::RotationJob& job) {
  return job.state() == v1::ROTATION_STATE_DONE || job.state() == v1::ROTATION_STATE_FAILED ||
         job.state() == v1::ROTATION_STATE_CANCELLED;
}

// Why a worker of a job that is open waits; "": it may work.
std::string_view WaitsFor(const v1::RotationJob& job) {
  switch (job.state()) {
    case v1::ROTATION_STATE_RUNNING:
      return "";
    case v1::ROTATION_STATE_PAUSED:
      return "the job is paused";
    default:
      return "the job was not started yet";
  }
}

// What another try may mend.
bool IsPassing(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kAborted:
      return true;
    default:
      return false;
  }
}

// What says nothing about the job, but about the worker.
bool IsOwn(const absl::Status& status) {
  switch (ReasonOf(status)) {
    case Reason::kConfigInvalid:
    case Reason::kUnauthenticated:
    case Reason::kRotationNotFound:
      return true;
    default:
      return false;
  }
}

}  // namespace

class Worker::Impl {
 public:
  Impl(WorkerOptions options, ServiceCalls calls, std::function<void(const WorkerNews&)> observer)
      : options_(std::move(options)), calls_(std::move(calls)), observer_(std::move(observer)) {}

  absl::StatusOr<v1::RotationJob> Run();
  void Stop();

 private:
  absl::Status Begin();
  // One round: a beat if it is due, and a turn if the job runs. Returns how long to wait.
  absl::StatusOr<milliseconds> Round();
  absl::Status Beat(bool leaving);
  absl::StatusOr<milliseconds> Work();
  absl::Status EnsureSession();
  // Whether session_ works on the start of the job that job_ is.
  bool HasSession() const;
  // How far the job is, where that can be told.
  std::optional<v1::RotationProgress> Progress();
  absl::Status Finish(const absl::Status& failure);
  // How long to wait after an error; an error if waiting is of no use.
  absl::StatusOr<milliseconds> Recover(const absl::Status& status);
  void Wait(microseconds time);
  bool Stopping();
  void Tell();
  void Count(const BatchReport& batch);
  // Leaves others their share of the time; no transaction is open.
  void Breathe();

  const WorkerOptions options_;
  const ServiceCalls calls_;
  const std::function<void(const WorkerNews&)> observer_;

  v1::RotationJob job_;
  std::string session_start_;  // the start of the job that session_ works on
  std::unique_ptr<Database> database_;
  std::unique_ptr<JobSession> session_;
  std::unique_ptr<Admission> admission_;  // from when the job is known
  bool watching_ = false;                 // the tables' dead rows
  std::string resting_;
  steady_clock::time_point next_beat_;
  milliseconds backoff_ = kFirstBackoff;
  WorkerPace pace_{steady_clock::now()};

  std::mutex mutex_;
  std::condition_variable woken_;
  bool stopping_ = false;
};

absl::StatusOr<v1::RotationJob> Worker::Impl::Run() {
  while (!Stopping()) {
    absl::StatusOr<milliseconds> wait = Round();
    if (!wait.ok()) wait = Recover(wait.status());
    if (!wait.ok()) return wait.status();
    if (HasEnded(job_)) break;
    Wait(*wait);
  }
  if (session_ != nullptr) session_->Release().IgnoreError();
  if (admission_ != nullptr && !HasEnded(job_)) Beat(/*leaving=*/true).IgnoreError();
  return job_;
}

absl::Status Worker::Impl::Begin() {
  v1::GetJobRequest request;
  request.set_tenant(options_.tenant);
  request.set_job_id(options_.job_id);
  FIELDKMS_ASSIGN_OR_RETURN(job_, calls_.get_job(request));
  admission_ = std::make_unique<Admission>(job_);
  next_beat_ = steady_clock::now();
  Tell();
  return absl::OkStatus();
}

absl::StatusOr<milliseconds> Worker::Impl::Round() {
  if (job_.job_id().empty()) FIELDKMS_RETURN_IF_ERROR(Begin());
  if (HasEnded(job_)) return milliseconds(0);
  const std::string_view waits_for = WaitsFor(job_);
  if (!waits_for.empty()) {
    resting_ = waits_for;
    pace_.Forget();
    if (session_ != nullptr) FIELDKMS_RETURN_IF_ERROR(session_->Release());
  }
  if (steady_clock::now() >= next_beat_) {
    FIELDKMS_RETURN_IF_ERROR(Beat(/*leaving=*/false));
    next_beat_ = steady_clock::now() + options_.beat;
  }
  if (HasEnded(job_)) return milliseconds(0);
  if (job_.state() == v1::ROTATION_STATE_RUNNING) return Work();
  return options_.beat / 4;
}

absl::Status Worker::Impl::Beat(bool leaving) {
  v1::ReportJobRequest request;
  request.set_tenant(options_.tenant);
  request.set_job_id(options_.job_id);
  request.set_leaving(leaving);
  if (job_.has_start_time()) *request.mutable_start_time() = job_.start_time();
  v1::RotationWorker* const worker = request.mutable_worker();
  worker->set_worker(options_.name);
  worker->set_batch_rows(static_cast<uint32_t>(admission_->BatchRows()));
  worker->set_resting(resting_.substr(0, kMostResting));
  if (job_.state() == v1::ROTATION_STATE_RUNNING) {
    // Without a database there is nothing new to tell of the job, and yet of the worker.
    if (auto progress = Progress()) *request.mutable_progress() = *std::move(progress);
  }
  pace_.Tell(steady_clock::now(), &request);
  FIELDKMS_ASSIGN_OR_RETURN(job_, calls_.report_job(request));
  admission_->Follow(job_);
  Tell();
  return absl::OkStatus();
}

bool Worker::Impl::HasSession() const {
  return session_ != nullptr && session_start_ == job_.start_time().SerializeAsString();
}

std::optional<v1::RotationProgress> Worker::Impl::Progress() {
  if (!HasSession()) return std::nullopt;
  absl::StatusOr<v1::RotationProgress> progress = session_->Progress();
  if (!progress.ok()) return std::nullopt;
  return *std::move(progress);
}

absl::Status Worker::Impl::EnsureSession() {
  if (HasSession()) return absl::OkStatus();
  if (database_ == nullptr) {
    FIELDKMS_ASSIGN_OR_RETURN(
        database_, Database::Connect(options_.conninfo, std::string(kWorkerApplication)));
  }
  session_ = std::make_unique<JobSession>(*database_, calls_,
                                          SessionOptions{.tenant = options_.tenant,
                                                         .worker = options_.name,
                                                         .lease = options_.lease,
                                                         .range_rows = options_.range_rows,
                                                         .source_keys = options_.source_keys.get()},
                                          job_, [this](const BatchReport& batch) { Count(batch); });
  session_start_ = job_.start_time().SerializeAsString();
  watching_ = false;
  pace_.Forget();
  return absl::OkStatus();
}

absl::StatusOr<milliseconds> Worker::Impl::Work() {
  FIELDKMS_RETURN_IF_ERROR(EnsureSession());
  const Decision decision = admission_->Ask(*database_);
  if (decision.kind == Decision::Kind::kStop) return DatabaseRefused(decision.reason);
  if (decision.kind == Decision::Kind::kRest) {
    resting_ = decision.reason;
    // Others may go on with what it holds, if they may.
    FIELDKMS_RETURN_IF_ERROR(session_->Release());
    Tell();
    return decision.look_again;
  }
  admission_->BeginWork();
  FIELDKMS_ASSIGN_OR_RETURN(const Turn turn, session_->DoTurn(job_, admission_->BatchRows()));
  Breathe();
  if (!watching_) admission_->Watch(session_->tables());
  watching_ = true;
  admission_->ServiceAnswered();
  backoff_ = kFirstBackoff;
  resting_ = turn.resting;
  if (turn.complete) FIELDKMS_RETURN_IF_ERROR(Finish(absl::OkStatus()));
  return turn.wait;
}

void Worker::Impl::Count(const BatchReport& batch) {
  admission_->Done(batch);
  if (!batch.refused) pace_.Wrote(batch.rows);
  Breathe();
}

void Worker::Impl::Breathe() {
  Wait(admission_->Rest());
  admission_->BeginWork();
}

absl::Status Worker::Impl::Finish(const absl::Status& failure) {
  v1::FinishJobRequest request;
  request.set_tenant(options_.tenant);
  request.set_job_id(options_.job_id);
  *request.mutable_start_time() = job_.start_time();
  if (failure.ok()) {
    FIELDKMS_ASSIGN_OR_RETURN(*request.mutable_outcome(), session_->Outcome());
  } else {
    request.set_error(std::string(MessageOf(failure).substr(0, kMostError)));
  }
  if (auto progress = Progress()) *request.mutable_progress() = *std::move(progress);
  FIELDKMS_ASSIGN_OR_RETURN(job_, calls_.finish_job(request));
  Tell();
  return absl::OkStatus();
}

absl::StatusOr<milliseconds> Worker::Impl::Recover(const absl::Status& status) {
  if (IsOwn(status)) return status;
  if (admission_ == nullptr && !IsPassing(status)) return status;  // there is no job to speak of
  if (ReasonOf(status) == Reason::kRotationState) {
    // The job is not what it was: the next beat tells.
    next_beat_ = steady_clock::now();
  } else if (!IsPassing(status)) {
    const absl::Status finished = Finish(status);
    if (finished.ok()) return milliseconds(0);
    // The job went on without us, or cannot be reached: the next beat tells.
    if (!IsPassing(finished) && ReasonOf(finished) != Reason::kRotationState) return status;
    next_beat_ = steady_clock::now();
  }
  if (status.code() == absl::StatusCode::kResourceExhausted && admission_ != nullptr)
    admission_->ServiceRefused();
  resting_ = std::string(MessageOf(status));
  const milliseconds wait = backoff_;
  backoff_ = std::min(backoff_ * 2, kLongestBackoff);
  Tell();
  return wait;
}

void Worker::Impl::Tell() {
  if (observer_) observer_({.job = job_, .resting = resting_});
}

void Worker::Impl::Wait(microseconds time) {
  if (time <= microseconds(0)) return;
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, time, [this] { return stopping_; });
}

bool Worker::Impl::Stopping() {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void Worker::Impl::Stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  woken_.notify_all();
}

Worker::Worker(WorkerOptions options, ServiceCalls calls,
               std::function<void(const WorkerNews&)> observer)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(calls), std::move(observer))) {}
Worker::~Worker() = default;

absl::StatusOr<v1::RotationJob> Worker::Run() { return impl_->Run(); }
void Worker::Stop() { impl_->Stop(); }

}  // namespace fieldkms::rotation
