// JsonlAudit: the audit trail as a file of JSON lines, with group commit.
#ifndef FIELDKMS_KMS_AUDIT_JSONL_AUDIT_H_
#define FIELDKMS_KMS_AUDIT_JSONL_AUDIT_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "kms/audit/audit_file.h"
#include "kms/audit/audit_sink.h"
#include "kms/clock.h"

namespace fieldkms {

enum class AuditDurability {
  kFsync,  // a record is on stable storage before its waiter is told
  // For benchmarks and tests: waiters are told at once, records follow within a
  // tenth of a second and are lost in a crash.
  kNone,
};

// AuditFollower is told of what is durable, by the committer whose turn it is: one call at a time.
class AuditFollower {
 public:
  virtual ~AuditFollower() = default;
  // Lines that were committed. An error fails the trail. Answers wait for it: it must not do I/O.
  virtual absl::Status Committed(std::string_view lines) = 0;
  // Whether the trail should go on in another file; asked when answers are on their way.
  virtual bool RotationDue() = 0;
  // Ends the file that is written, which has all that was committed, and opens the next. An error
  // fails the trail.
  virtual absl::StatusOr<std::unique_ptr<AuditFile>> Rotate() = 0;
};

struct JsonlAuditOptions {
  AuditDurability durability = AuditDurability::kFsync;
  AuditFollower* follower = nullptr;  // may be none; outlives the trail
  // Called once, on a committer's thread, when the trail fails.
  std::function<void(const absl::Status&)> on_failure;
};

// Group commit is natural: while one group is being synced, the records that
// arrive form the next. Two threads take turns at committing, so that one releases
// its waiters (which sends their answers) while the other is already syncing.
//
// The first failure is final: a write that failed may have written a part, and a
// sync that failed has lost pages that the kernel now calls clean, so it is never
// tried again. From then on every waiter is told kAuditUnavailable.
//
// Line: {"seq":N,"time":...,"kind":...,...}. N counts over restarts, without gaps. A
// torn line that lost its number gives it to the line after it.
class JsonlAudit final : public AuditSink {
 public:
  // Open continues the file at `path`. A torn last line, left by a crash, is ended
  // and noted in the record of the start; a record that was never durable was never
  // answered for. Error: kUnavailable, reason kAuditUnavailable.
  static absl::StatusOr<std::unique_ptr<JsonlAudit>> Open(const std::string& path,
                                                          const Clock& clock,
                                                          JsonlAuditOptions options);
  // Over a file that is open, from `next_seq`; it has whole lines only.
  static std::unique_ptr<JsonlAudit> Over(std::unique_ptr<AuditFile> file, uint64_t next_seq,
                                          const Clock& clock, JsonlAuditOptions options);

  // Commits what is pending, tells all waiters and ends. No Append may follow.
  ~JsonlAudit() override;

  void Append(const AuditRecord& record, AuditWaiter* waiter) override;

 private:
  class Impl;
  static AuditWaiter*& NextOf(AuditWaiter* waiter);
  explicit JsonlAudit(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_AUDIT_JSONL_AUDIT_H_
