// ErasureLog: what was erased, in a file outside the store, so that it can be erased again in a
// store that is restored from a backup taken before. Append-only lines (erasure_line.h), with
// group commit.
//
// Keep it longer than any backup of the store, and not where a restore of the store would restore
// it, too. To begin a new one, stop the daemon and move the file away.
#ifndef FIELDKMS_KMS_ERASURE_ERASURE_LOG_H_
#define FIELDKMS_KMS_ERASURE_ERASURE_LOG_H_

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kms/erasure/erasure_file.h"
#include "kms/erasure/erasure_line.h"

namespace fieldkms {

// One thread writes; those who wait hold no lock meanwhile. What arrives while a group is being
// synced is the next group. The first failure is final, as for the audit trail: a sync that failed
// has lost pages that the kernel now calls clean. From then on every call fails.
//
// Thread-safe. Errors: kUnavailable, kAuditUnavailable.
class ErasureLog {
 public:
  // Continues the file at `path`, or begins it under a random name. A torn last line, left by a
  // crash, is cut off. Other errors: kDataLoss, kStoreCorrupt, for a file that is damaged in any
  // other way, or is none of ours: it is left as it is; kFailedPrecondition, kDataDirInUse, for one
  // that another process has.
  static absl::StatusOr<std::unique_ptr<ErasureLog>> Open(const std::string& path);
  // Writes what is pending. No call may be under way.
  ~ErasureLog();
  ErasureLog(const ErasureLog&) = delete;
  ErasureLog& operator=(const ErasureLog&) = delete;

  const SubjectStore::LogId& id() const { return id_; }
  const std::string& path() const { return path_; }

  // Begin gives the erasures numbers that follow each other, and returns the first when all are
  // durable. `number` in them does not count. Blocks. After kUnavailable they may be in the log all
  // the same, in doubt. Other error: InvalidField (CheckErasure), and nothing was written.
  absl::StatusOr<uint64_t> Begin(std::vector<LoggedErasure> erasures);
  // End says how the erasures from `first` on ended, and returns when that is durable. Blocks.
  // Those of a Begin end once, or never: they are in doubt then.
  absl::Status End(uint64_t first, std::span<const ErasureEnd> ends);

  // The number up to which all have ended or were settled; 0: none.
  uint64_t EndedUpTo();
  // What is open up to `number` counts as ended, for EndedUpTo, as it was done again. The file says
  // as before that it is in doubt: another store may not have it.
  void Settle(uint64_t number);

 private:
  ErasureLog(std::string path, const SubjectStore::LogId& id, ErasureFile file,
             const ErasureScan& found);
  void WriteLoop();
  // Waits until what is pending now is durable.
  absl::Status Commit(std::unique_lock<std::mutex>& lock);

  const std::string path_;
  const SubjectStore::LogId id_;
  ErasureFile file_;  // the writer's

  std::mutex mutex_;  // never held across I/O
  std::condition_variable arrived_;
  std::condition_variable written_;
  // Under mutex_:
  std::string pending_;
  uint64_t group_ = 0;    // that what is pending belongs to
  uint64_t durable_ = 0;  // groups before this one
  absl::Status failure_;
  bool stopping_ = false;
  uint64_t last_ = 0;
  std::set<uint64_t> open_;

  std::thread writer_;
};

// ErasureLogReader reads a log file, this replica's or another's, also while it is being written:
// it holds nothing but its path. Thread-safe. Errors: kUnavailable, kAuditUnavailable, for what
// cannot be read; kDataLoss, kStoreCorrupt, naming the line.
class ErasureLogReader {
 public:
  static absl::StatusOr<ErasureLogReader> Open(const std::string& path);

  const SubjectStore::LogId& id() const { return id_; }
  const std::string& path() const { return path_; }

  // Gives each erasure that is to be done again (ErasureScan::Each), and returns the number of the
  // last that the log has. On damage, some may have been given before the error.
  absl::StatusOr<uint64_t> Read(const ErasureScan::Each& each) const;

 private:
  ErasureLogReader(std::string path, const SubjectStore::LogId& id)
      : path_(std::move(path)), id_(id) {}
  std::string path_;
  SubjectStore::LogId id_;
};

}  // namespace fieldkms

#endif  // FIELDKMS_KMS_ERASURE_ERASURE_LOG_H_
