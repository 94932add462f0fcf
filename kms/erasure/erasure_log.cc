#include "kms/erasure/erasure_log.h"

#include <utility>

#include "crypto/bytes.h"
#include "crypto/random.h"
#include "crypto/status.h"

namespace fieldkms {
namespace {

absl::Status AtPath(const absl::Status& status, const std::string& path) {
  if (status.code() != absl::StatusCode::kDataLoss) return status;
  return Error(status.code(), ReasonOf(status),
               path + ": " + std::string(MessageOf(status)) +
                   "; keep it for inspection (docs/operators.md, Erasure and restores)");
}

absl::Status BeginFile(ErasureFile& file, SubjectStore::LogId* id) {
  FIELDKMS_RETURN_IF_ERROR(RandomBytes(*id));
  std::string header;
  AppendErasureHeader(*id, &header);
  return file.Append(header);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ErasureLog>> ErasureLog::Open(const std::string& path) {
  FIELDKMS_ASSIGN_OR_RETURN(ErasureFile file, ErasureFile::Open(path));
  ErasureScan found;
  FIELDKMS_RETURN_IF_ERROR(AtPath(file.Read(found), path));
  FIELDKMS_RETURN_IF_ERROR(AtPath(found.Finish(), path));
  if (found.torn()) FIELDKMS_RETURN_IF_ERROR(file.Cut(found.whole_bytes()));
  SubjectStore::LogId id = found.id().value_or(SubjectStore::LogId());
  if (!found.id()) FIELDKMS_RETURN_IF_ERROR(BeginFile(file, &id));
  return std::unique_ptr<ErasureLog>(new ErasureLog(path, id, std::move(file), found));
}

ErasureLog::ErasureLog(std::string path, const SubjectStore::LogId& id, ErasureFile file,
                       const ErasureScan& found)
    : path_(std::move(path)),
      id_(id),
      file_(std::move(file)),
      last_(found.last()),
      open_(found.Open()),
      writer_([this] { WriteLoop(); }) {}

ErasureLog::~ErasureLog() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_one();
  writer_.join();
}

absl::StatusOr<uint64_t> ErasureLog::Begin(std::vector<LoggedErasure> erasures) {
  if (erasures.empty()) return Bug("an erasure of nothing");
  for (const LoggedErasure& erasure : erasures) FIELDKMS_RETURN_IF_ERROR(CheckErasure(erasure));
  std::unique_lock lock(mutex_);
  if (!failure_.ok()) return DeepCopy(failure_);
  const uint64_t first = last_ + 1;
  for (LoggedErasure& erasure : erasures) {
    erasure.number = ++last_;
    open_.insert(open_.end(), last_);
    AppendErasure(erasure, &pending_);
  }
  FIELDKMS_RETURN_IF_ERROR(Commit(lock));
  return first;
}

absl::Status ErasureLog::End(uint64_t first, std::span<const ErasureEnd> ends) {
  std::unique_lock lock(mutex_);
  if (!failure_.ok()) return DeepCopy(failure_);
  for (size_t i = 0; i < ends.size();) {
    LoggedEnd run{first + i, first + i, ends[i]};
    while (++i < ends.size() && ends[i] == run.end) ++run.last;
    AppendErasureEnd(run, &pending_);
  }
  if (ends.empty()) return absl::OkStatus();
  open_.erase(open_.lower_bound(first), open_.lower_bound(first + ends.size()));
  return Commit(lock);
}

uint64_t ErasureLog::EndedUpTo() {
  std::lock_guard lock(mutex_);
  return open_.empty() ? last_ : *open_.begin() - 1;
}

void ErasureLog::Settle(uint64_t number) {
  std::lock_guard lock(mutex_);
  open_.erase(open_.begin(), open_.upper_bound(number));
}

absl::Status ErasureLog::Commit(std::unique_lock<std::mutex>& lock) {
  const uint64_t mine = group_;
  arrived_.notify_one();
  written_.wait(lock, [&] { return durable_ > mine || !failure_.ok(); });
  return durable_ > mine ? absl::OkStatus() : DeepCopy(failure_);
}

void ErasureLog::WriteLoop() {
  std::string lines;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [this] { return stopping_ || !pending_.empty(); });
      if (pending_.empty()) return;
      lines.clear();
      std::swap(lines, pending_);
      ++group_;
    }
    const absl::Status written = file_.Append(lines);
    {
      std::lock_guard lock(mutex_);
      if (written.ok()) durable_ = group_;
      failure_ = DeepCopy(written);
    }
    written_.notify_all();
    if (!written.ok()) return;
  }
}

absl::StatusOr<ErasureLogReader> ErasureLogReader::Open(const std::string& path) {
  ErasureScan scan;
  FIELDKMS_RETURN_IF_ERROR(AtPath(ReadErasureFile(path, scan), path));
  if (!scan.id()) {
    return Error(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable,
                 "erasure log " + path + ": it is empty");
  }
  return ErasureLogReader(path, *scan.id());
}

absl::StatusOr<uint64_t> ErasureLogReader::Read(const ErasureScan::Each& each) const {
  absl::Status refused;  // by `each`: not of the log
  ErasureScan scan([&](const LoggedErasure& erasure, bool also_held) {
    return refused = each(erasure, also_held);
  });
  const absl::Status read = ReadErasureFile(path_, scan);
  FIELDKMS_RETURN_IF_ERROR(refused);
  FIELDKMS_RETURN_IF_ERROR(AtPath(read, path_));
  if (scan.id() != id_) {
    return Error(absl::StatusCode::kUnavailable, Reason::kAuditUnavailable,
                 "erasure log " + path_ + ": it was replaced by another");
  }
  return scan.last();
}

}  // namespace fieldkms
