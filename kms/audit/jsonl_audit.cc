#include "kms/audit/jsonl_audit.h"

#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "crypto/status.h"
#include "kms/audit/audit_line.h"
#include "kms/audit/audit_wait.h"

namespace fieldkms {
namespace {

constexpr auto kLazyInterval = std::chrono::milliseconds(100);
// Waiting calls are bounded by the server's call pools, so only records without
// waiters can come near this.
constexpr size_t kMaxPending = 64u << 20;

}  // namespace

// The friend that walks the waiters' intrusive list.
class JsonlAudit::Impl {
 public:
  Impl(std::unique_ptr<AuditFile> file, uint64_t next_seq, const Clock& clock,
       JsonlAuditOptions options)
      : file_(std::move(file)), clock_(clock), options_(std::move(options)), next_seq_(next_seq) {
    for (std::thread& committer : committers_) committer = std::thread([this] { CommitLoop(); });
  }

  ~Impl() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    arrived_.notify_all();
    for (std::thread& committer : committers_) committer.join();
  }

  void Append(const AuditRecord& record, AuditWaiter* waiter) {
    thread_local std::string body;
    body.clear();
    AppendAuditBody(record, clock_.Now(), &body);
    const bool lazy = options_.durability == AuditDurability::kNone;
    absl::Status failed;
    bool wake = false;
    {
      std::lock_guard lock(mutex_);
      failed = failure_;
      if (failed.ok() && pending_.size() > kMaxPending) {
        failed = Error(absl::StatusCode::kUnavailable, Reason::kOverloaded,
                       "too many records of the audit trail are waiting");
      }
      if (failed.ok()) {
        AppendAuditSeq(next_seq_++, &pending_);
        pending_ += body;
        if (!lazy && waiter != nullptr) Enqueue(waiter);
        wake = idle_ && !lazy;
      }
    }
    if (wake) arrived_.notify_one();
    if (waiter != nullptr && (lazy || !failed.ok())) waiter->OnAudited(failed);
  }

 private:
  struct Group {
    std::string lines;
    AuditWaiter* waiters = nullptr;
  };

  static AuditWaiter*& Next(AuditWaiter* waiter) { return JsonlAudit::NextOf(waiter); }

  void Enqueue(AuditWaiter* waiter) {
    Next(waiter) = nullptr;
    *tail_ = waiter;
    tail_ = &Next(waiter);
  }

  void CommitLoop() {
    Group group;
    for (;;) {
      absl::Status status;
      {
        std::lock_guard turn(turn_);
        if (!Collect(&group)) return;
        status = Commit(group.lines);
        if (!status.ok()) Fail(status);
        if (status.ok() && options_.follower != nullptr && options_.follower->RotationDue()) {
          Release(std::exchange(group.waiters, nullptr), status);
          Rotate();
        }
      }
      Release(group.waiters, status);
    }
  }

  // Waits for records and takes all there are. False: stopping, and nothing left.
  bool Collect(Group* group) {
    group->lines.clear();
    std::unique_lock lock(mutex_);
    idle_ = true;
    if (options_.durability == AuditDurability::kNone) {
      arrived_.wait_for(lock, kLazyInterval, [this] { return stopping_; });
    } else {
      arrived_.wait(lock, [this] { return stopping_ || !pending_.empty(); });
    }
    idle_ = false;
    if (stopping_ && pending_.empty()) return false;
    std::swap(group->lines, pending_);
    group->waiters = head_;
    head_ = nullptr;
    tail_ = &head_;
    return true;
  }

  absl::Status Commit(const std::string& lines) {
    {
      std::lock_guard lock(mutex_);
      if (!failure_.ok()) return failure_;
    }
    if (lines.empty()) return absl::OkStatus();
    FIELDKMS_RETURN_IF_ERROR(file_->Write(lines));
    if (options_.durability == AuditDurability::kFsync) FIELDKMS_RETURN_IF_ERROR(file_->Sync());
    FIELDKMS_RETURN_IF_ERROR(file_->CheckInPlace());
    return options_.follower == nullptr ? absl::OkStatus() : options_.follower->Committed(lines);
  }

  void Rotate() {
    absl::Status status = file_->Sync();  // where each group was not
    if (status.ok()) {
      auto next = options_.follower->Rotate();
      status = next.status();
      if (next.ok()) file_ = *std::move(next);
    }
    if (!status.ok()) Fail(status);
  }

  void Fail(const absl::Status& status) {
    {
      std::lock_guard lock(mutex_);
      if (!failure_.ok()) return;
      failure_ = status;
    }
    if (options_.on_failure) options_.on_failure(status);
  }

  static void Release(AuditWaiter* waiter, const absl::Status& status) {
    while (waiter != nullptr) {
      AuditWaiter* next = Next(waiter);  // a waiter may be gone once told
      waiter->OnAudited(status);
      waiter = next;
    }
  }

  std::unique_ptr<AuditFile> file_;  // of whose turn it is
  const Clock& clock_;
  const JsonlAuditOptions options_;

  std::mutex turn_;  // who commits; held across I/O by design, and by no one else
  std::mutex mutex_;
  std::condition_variable arrived_;
  // Under mutex_:
  uint64_t next_seq_;
  std::string pending_;
  AuditWaiter* head_ = nullptr;
  AuditWaiter** tail_ = &head_;
  absl::Status failure_;
  bool idle_ = false;
  bool stopping_ = false;

  std::array<std::thread, 2> committers_;
};

AuditWaiter*& JsonlAudit::NextOf(AuditWaiter* waiter) { return waiter->next_audited_; }

JsonlAudit::JsonlAudit(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
JsonlAudit::~JsonlAudit() = default;

std::unique_ptr<JsonlAudit> JsonlAudit::Over(std::unique_ptr<AuditFile> file, uint64_t next_seq,
                                             const Clock& clock, JsonlAuditOptions options) {
  return std::unique_ptr<JsonlAudit>(
      new JsonlAudit(std::make_unique<Impl>(std::move(file), next_seq, clock, std::move(options))));
}

absl::StatusOr<std::unique_ptr<JsonlAudit>> JsonlAudit::Open(const std::string& path,
                                                             const Clock& clock,
                                                             JsonlAuditOptions options) {
  std::string tail;
  FIELDKMS_ASSIGN_OR_RETURN(auto file, OpenAuditFile(path, &tail));
  const bool torn = !tail.empty() && tail.back() != '\n';
  if (torn) FIELDKMS_RETURN_IF_ERROR(file->Write("\n"));
  auto audit = Over(std::move(file), MaxAuditSeq(tail) + 1, clock, std::move(options));
  AuditRecord start;
  start.kind = AuditKind::kStart;
  if (torn) start.reason = "TORN_LINE_ENDED";
  FIELDKMS_RETURN_IF_ERROR(AppendAndWait(*audit, start));
  return audit;
}

void JsonlAudit::Append(const AuditRecord& record, AuditWaiter* waiter) {
  impl_->Append(record, waiter);
}

}  // namespace fieldkms
